"""A file is there whole, or as it was before: whoever else writes it, and whatever ends us."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gradcalc.cli.replaced import is_same, replaced
from tests.cli.shell import ENVIRONMENT, GRADCALC, Shell
from tests.cli.test_batch import AS_A_USER, NEEDS_POLARS, put

PAIRS = 100 if os.environ.get("GRADCALC_LONG") else 3


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def of_its_own_numbers() -> list[str]:
    """How to start a process that is number 1, as the first one in a container is."""
    words = ["unshare", "--user", "--map-root-user", "--pid", "--fork"]
    if shutil.which("unshare") is None:
        pytest.skip("there is no unshare")
    ran = subprocess.run([*words, "true"], capture_output=True, text=True, check=False)
    if ran.returncode:
        pytest.skip(f"no pid namespaces here: {ran.stderr.strip()}")
    return words


def test_two_processes_of_one_number_write_one_file(folder: Path) -> None:
    start = [*of_its_own_numbers(), *GRADCALC.split(), "batch", "--what", "eval", "-q"]
    put("p.csv", "x\n" + "".join(f"{k}\n" for k in range(20_000)))
    whole = {"".join(["f1\n", *(f"{float(k * n)}\n" for k in range(20_000))]) for n in (1, 3)}
    for _ in range(PAIRS):
        pair = [
            subprocess.Popen(
                [*start, f"x*{n}", "--points", "p.csv", "-o", "out.csv"], env=ENVIRONMENT
            )
            for n in (1, 3)
        ]
        assert [process.wait(120) for process in pair] == [0, 0]
        assert Path("out.csv").read_text() in whole
    assert sorted(os.listdir(folder)) == ["out.csv", "p.csv"]


def test_a_planted_link_is_not_followed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put("precious", "mine")
    numbers = iter([bytes(16), bytes(15) + b"\1"])
    monkeypatch.setattr(os, "urandom", lambda _: next(numbers))
    planted = folder / f".{bytes(16).hex()}.part"
    planted.symlink_to("precious")
    with pytest.raises(Exception, match="file exists"), replaced("out"):
        pass
    with replaced("out") as file:
        file.write(b"answer")
    assert (Path("precious").read_text(), Path("out").read_text()) == ("mine", "answer")


def test_names_cannot_be_foreseen(folder: Path) -> None:
    seen = set()
    for _ in range(20):
        with replaced("out"):
            seen.update(os.listdir(folder))
    assert len(seen - {"out"}) == 20


def test_a_file_of_the_owner_s_alone_is_never_open_to_others(folder: Path) -> None:
    put("out", "before")
    Path("out").chmod(0o600)
    with replaced("out"):
        (beside,) = folder.glob(".*.part")
        assert stat.S_IMODE(beside.stat().st_mode) == 0o600


def test_a_name_may_be_as_long_as_the_disk_allows(gradcalc: Shell) -> None:
    name = "n" * 255
    assert gradcalc("grad", "x", "--at", "1", "-f", "plain", "--no-check", "-o", name).code == 0
    assert Path(name).read_text() == "1\n"


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("format", ["csv", pytest.param("parquet", marks=NEEDS_POLARS)])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_sweeps(folder: Path, number: signal.Signals, format: str) -> None:
    put(f"out.{format}", "before")
    with subprocess.Popen(
        [*GRADCALC.split(), "batch", "sin(x)", "--points", "-", "-o", f"out.{format}"],
        stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=AS_A_USER,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(b"x\n" + b"1\n" * 100_000)
        process.stdin.flush()
        while not list(folder.glob(".*.part")):
            time.sleep(0.01)
        time.sleep(0.5)  # well inside: the writer waits for more
        process.send_signal(number)
        assert process.wait(30) == 128 + number
        assert process.stderr.read() == b""
    assert sorted(os.listdir(folder)) == [f"out.{format}"]
    assert Path(f"out.{format}").read_text() == "before"


def test_who_ignores_a_hangup_is_not_ended(folder: Path) -> None:
    script = "trap '' HUP; exec " + GRADCALC + " batch x --points - --what eval -o out.csv"
    with subprocess.Popen(["sh", "-c", script], stdin=subprocess.PIPE, env=ENVIRONMENT,
                          stderr=subprocess.DEVNULL) as process:  # fmt: skip
        assert process.stdin is not None
        process.stdin.write(b"x\n1\n")
        process.stdin.flush()
        while not list(folder.glob(".*.part")):
            time.sleep(0.01)
        process.send_signal(signal.SIGHUP)
        process.stdin.close()
        assert process.wait(30) == 0
    assert Path("out.csv").read_text() == "f1\n1.0\n"


FULL = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
from gradcalc.cli.app import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="a disk that is full by decree")
@pytest.mark.parametrize(
    "format", ["csv", "tsv", "ndjson", "npy", pytest.param("parquet", marks=NEEDS_POLARS)]
)
def test_a_disk_that_is_full(folder: Path, format: str) -> None:
    put("p.csv", "x\n" + "".join(f"{k / 7}\n" for k in range(60_000)))
    put(f"out.{format}", "before")
    ran = subprocess.run(
        [sys.executable, "-c", FULL, "batch", "sin(x)", "--points", "p.csv", "-o", f"out.{format}"],
        capture_output=True, text=True, env=ENVIRONMENT, timeout=60, check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (2, "error: file too large\n")
    assert sorted(os.listdir(folder)) == [f"out.{format}", "p.csv"]
    assert Path(f"out.{format}").read_text() == "before"


# --- what is read is not written over -------------------------------------------------------------


def test_what_is_read_is_not_written_over(gradcalc: Shell) -> None:
    put("p.csv", "x\n1\n")
    put("f.txt", "x**2")
    put("a.json", "[2]")
    os.symlink("p.csv", "link")
    os.link("p.csv", "other")
    Path("sub").mkdir()
    for words, read in [
        (("batch", "x", "--points", "p.csv", "-o", "p.csv"), "p.csv"),
        (("batch", "x", "--points", "p.csv", "-o", "sub/../p.csv"), "p.csv"),
        (("batch", "x", "--points", "link", "-o", "p.csv"), "link"),
        (("batch", "x", "--points", "other", "-o", "link"), "other"),
        (("grad", "-i", "f.txt", "--at", "1", "-o", "f.txt"), "f.txt"),
        (("grad", "x**2", "--at", "@a.json", "-o", "a.json"), "a.json"),
        (("check", "x**2", "--claim", "f.txt", "--at", "2", "-o", "f.txt"), "f.txt"),
        (("run", "f.txt", "-o", "f.txt"), "f.txt"),
    ]:
        ran = gradcalc(*words)
        assert (ran.code, ran.out) == (2, "")
        assert f"written over '{read}', which is read" in ran.err
    assert [Path(name).read_text() for name in ("p.csv", "f.txt", "a.json")] == [
        "x\n1\n", "x**2", "[2]",
    ]  # fmt: skip


def test_standard_input_is_not_written_over() -> None:
    put("p.csv", "x\n1\n")
    with open("p.csv", "rb") as file:
        ran = subprocess.run(
            [*GRADCALC.split(), "batch", "x", "--points", "-", "-o", "p.csv"], stdin=file,
            capture_output=True, text=True, env=ENVIRONMENT, timeout=60, check=False,
        )  # fmt: skip
    assert ran.returncode == 2
    assert "written over standard input" in ran.stderr
    assert Path("p.csv").read_text() == "x\n1\n"


def test_a_script_and_a_line_of_it_write_different_files(gradcalc: Shell) -> None:
    lines = "grad x --at 1 -o one\ngrad x --at 1 --out={}\n"
    for name in ("all", "./all", "link"):
        put("s.txt", lines.format(name))
        if not Path("link").is_symlink():
            os.symlink("all", "link")
        ran = gradcalc("run", "s.txt", "--out", "all")
        assert (ran.code, ran.out) == (2, "")
        assert f"line 2 writes '{name}'" in ran.err
        assert not Path("one").exists()
    put("s.txt", lines.format("two"))
    assert gradcalc("run", "s.txt", "--out", "all").code == 0


@pytest.mark.parametrize("words", [["-o", "a\0b"], ["--out=a\0b"]])
def test_a_name_that_is_none_ends_one_line_only(gradcalc: Shell, words: list[str]) -> None:
    line = " ".join(["grad x --at 1 --no-check -f plain", *words])
    ran = gradcalc("run", "-", stdin=f"{line}\ngrad 2*x --at 1 --no-check -f plain\n")
    assert ran.code == 1
    assert "line 1: --out: not a file name" in ran.err
    assert ran.out.startswith("2\n")


def test_files_that_are_not_there_are_the_same_by_name() -> None:
    assert is_same("a", "./a")
    assert not is_same("a", "b")
    assert not is_same("a\0", "b")
