"""``gradcalc batch --cluster``: on this machine, and what is refused. (tests/batch/chaos.py has
what happens when somebody dies.)"""

from __future__ import annotations

import sys
from collections import Counter, deque
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from gradcalc.batch.folder import Folder
from gradcalc.batch.inputs import Input
from gradcalc.batch.plan import Part
from gradcalc.errors import BindingError, UsageError
from tests.cli.shell import Shell

pytestmark = pytest.mark.skipif(
    not all(map(find_spec, ("distributed", "polars", "pyarrow"))),
    reason="gradcalc[cluster] is not installed",
)

WORDS = ("batch", "sqrt(x)*y", "--points", "in", "-o")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("in").mkdir()
    for k in range(4):
        Path(f"in/r{k}.csv").write_text(f"x,y\n{k + 1},2\n" + "4,5\n" * 50 + f"{-(k == 2)},1\n")
    return tmp_path


@pytest.mark.filterwarnings("ignore")  # Dask's, of sockets that are closed late
def test_a_cluster_on_this_machine_writes_what_one_process_writes(gradcalc: Shell) -> None:
    assert gradcalc(*WORDS, "one/").code == 1
    ran = gradcalc(*WORDS, "out/", "--cluster", "local:1", "--dashboard")
    assert ran.code == 1
    assert "dashboard: http://" in ran.err
    assert "in/r2.csv, line 53: f1 is nan: sqrt(-1)\n" in ran.err
    assert "208 rows in 4 parts" in ran.err
    names = sorted(path.name for path in Path("one").glob("part-*"))
    assert len(names) == 4
    for name in names:
        assert Path("out", name).read_bytes() == Path("one", name).read_bytes()
    assert gradcalc(*WORDS, "out/").err.endswith("4 of them from before; 1 row failed\n")


def test_what_is_not_there_is_said(gradcalc: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    from gradcalc.batch import cluster

    monkeypatch.setattr(cluster, "CONNECT", 0.2)
    ran = gradcalc(*WORDS, "out/", "--cluster", "tcp://127.0.0.1:9")
    assert (ran.code, "there is no scheduler at tcp://127.0.0.1:9" in ran.err) == (2, True)
    ran = gradcalc(*WORDS, "out/", "--cluster", "nowhere://x")
    assert (ran.code, "there is no scheduler at nowhere://x" in ran.err) == (2, True)
    ran = gradcalc(*WORDS, "out/", "--cluster", "local:many")
    assert (ran.code, "how many workers?" in ran.err) == (2, True)
    ran = gradcalc(*WORDS, "out.csv", "--cluster", "local")
    assert (ran.code, "--cluster is for parts in a folder" in ran.err) == (2, True)
    monkeypatch.setitem(sys.modules, "distributed", None)
    ran = gradcalc(*WORDS, "out/", "--cluster", "local")
    assert (ran.code, 'pip install "gradcalc[cluster]"' in ran.err) == (2, True)
    assert not Path("out").exists()


# --- what comes of parts, as a scheduler may say it -----------------------------------------------


class KilledWorker(Exception):  # noqa: N818 - as Dask calls it
    allowed_failures = 3


def outcomes(monkeypatch: pytest.MonkeyPatch, script: dict[int, list[Any]]) -> list[Any]:
    """What is made of what the scheduler says of each part, one after another; 'done' at last."""
    from gradcalc.batch import cluster
    from gradcalc.batch.job import Done

    class Work(cluster._Work):
        def __init__(self, *_: Any) -> None:
            self.flying: dict[str, tuple[Any, Part]] = {}
            self.tries: Counter[int] = Counter()
            self.deaths: Counter[int] = Counter()
            self.sent: deque[Part] = deque()

        def threads(self) -> int:
            return 1

        def send(self, part: Part) -> None:
            assert len(self.sent) < cluster.AHEAD
            assert not self.deaths[part.number] or not self.sent, "a suspect is not alone"
            self.flying[str(part.number)] = None, part
            self.sent.append(part)

        def next(self) -> tuple[Part, Any]:
            part = self.sent.popleft()
            del self.flying[str(part.number)]
            said = script.get(part.number)
            done = Done(part.number, 1, 0, "row", (), 1, "")
            return part, said.pop(0) if said else done

    monkeypatch.setattr(cluster, "_Work", Work)
    monkeypatch.setattr(cluster, "_require_same_versions", lambda *_: None)
    parts = [Part(k, Input(f"{k}.csv", 1, "", {}), None, f"part-{k}.csv") for k in range(6)]
    said: Any = None
    folder = Folder("out/")
    return list(cluster.outcomes(None, said, parts, folder, {}, reproducible=False, said=said))


def test_a_part_at_which_workers_die_is_given_up_and_the_rest_is_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = outcomes(monkeypatch, {2: [KilledWorker()] * 9, 4: [KilledWorker()]})
    assert sorted(outcome.number for outcome in found) == [0, 1, 2, 3, 4, 5]
    (lost,) = [outcome for outcome in found if outcome.number == 2]
    assert lost.reason == "20 workers died at it"


def test_a_part_that_raises_is_tried_again_a_few_times(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = BindingError("1.csv is not a Parquet file")
    found = outcomes(
        monkeypatch, {1: [broken] * 3, 3: [broken] * 2, 5: [RuntimeError("ValueError: odd")] * 3}
    )
    lost = {outcome.number: outcome.reason for outcome in found if hasattr(outcome, "reason")}
    assert lost == {1: "1.csv is not a Parquet file", 5: "ValueError: odd"}


def test_what_cannot_be_written_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    full = UsageError("cannot write 'out/part-1.csv': no space left on device")
    with pytest.raises(UsageError, match="no space left"):
        outcomes(monkeypatch, {1: [full] * 3})


def test_workers_with_other_versions_are_refused() -> None:
    from importlib.metadata import PackageNotFoundError

    from gradcalc.batch import cluster
    from gradcalc.batch.reproducible import versions

    class Client:
        def __init__(self, answer: Any) -> None:
            self.answer = answer

        def run(self, _: Any, name: str, on_error: str) -> dict[str, Any]:
            return {"tcp://a:1": self.answer if name == "numpy" else mine[name]}

    mine = versions(reproducible=False)
    cluster._require_same_versions(Client(mine["numpy"]), mine)
    cluster._require_same_versions(Client(OSError("it has just died")), mine)
    for answer, said in (("1.0", "numpy 1.0"), (PackageNotFoundError(), "numpy not installed")):
        with pytest.raises(UsageError, match=f"worker tcp://a:1 has {said}, and the client"):
            cluster._require_same_versions(Client(answer), mine)


def test_the_recipe_for_kubernetes_fits_together(gradcalc: Shell) -> None:
    yaml = pytest.importorskip("yaml")
    from distributed.cli import dask_scheduler, dask_worker

    page = Path(__file__).parents[2] / "docs" / "cluster.md"
    text = page.read_text("utf-8").partition("```yaml\n")[2].partition("```")[0]
    objects = {(one["kind"], one["metadata"]["name"]): one for one in yaml.safe_load_all(text)}
    service = objects["Service", "scheduler"]["spec"]
    commands = []
    for (kind, _), one in objects.items():
        if kind == "Service":
            continue
        pods = one["spec"]["template"]
        assert one["spec"].get("selector", {}).get("matchLabels") == pods.get("metadata", {}).get(
            "labels"
        )
        commands += [container["command"] for container in pods["spec"]["containers"]]
    assert service["selector"] == {"app": "scheduler"}
    address = f"tcp://scheduler:{service['ports'][0]['port']}"
    options = {
        "scheduler": {o for p in dask_scheduler.main.params for o in (*p.opts, *p.secondary_opts)},
        "worker": {o for p in dask_worker.main.params for o in (*p.opts, *p.secondary_opts)},
        "batch": set(gradcalc("batch", "--help").out.replace(",", " ").split()),
    }
    assert {command[1] for command in commands} == set(options)
    for _, name, *words in commands:
        assert {word for word in words if word.startswith("-")} <= options[name]
        assert name == "scheduler" or address in words
