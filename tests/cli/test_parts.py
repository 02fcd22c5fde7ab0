"""``gradcalc batch --out FOLDER/``: parts, what is done of them, and whether they still are."""

from __future__ import annotations

import gzip
import json
import os
import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from gradcalc.cli.progress import PartCount
from tests.cli.shell import ENVIRONMENT, Shell

TEXT = "sin(x)*y, x/y"
NEEDS = pytest.mark.skipif(
    not all(map(find_spec, ("polars", "pyarrow", "fsspec"))),
    reason="gradcalc[cluster] is not installed",
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("in").mkdir()
    return tmp_path


def csv_files(*counts: int) -> None:
    rng = np.random.default_rng(0)
    for k, count in enumerate(counts, start=1):
        rows = rng.normal(size=(count, 2)).tolist()
        lines = "".join(f"{x!r},{y!r}\n" for x, y in rows)
        Path(f"in/r{k}.csv").write_text(f"x,y\n{lines}")


def parquet_file(name: str, groups: int = 5, rows: int = 20) -> None:
    import polars

    numbers = np.random.default_rng(1).normal(size=(groups * rows, 2))
    frame = polars.DataFrame({"x": numbers[:, 0], "y": numbers[:, 1]})
    frame.write_parquet(f"in/{name}.parquet", row_group_size=rows)


def parts(folder: str = "out") -> list[Path]:
    return sorted(Path(folder).glob("part-*"))


def manifest() -> dict[str, object]:
    found: dict[str, object] = json.loads(Path("out/_manifest.json").read_text())
    return found


def joined(files: Iterator[bytes] | list[bytes]) -> bytes:
    """Tables of text as one: the header of the first alone."""
    first, *others = files
    return first + b"".join(data.partition(b"\n")[2] for data in others)


def test_the_parts_one_after_another_are_the_stream(gradcalc: Shell) -> None:
    csv_files(3, 1, 700)
    words = ("batch", TEXT, "--points", "in", "--keep")
    whole = gradcalc(*words).out.encode()
    ran = gradcalc(*words, "-o", "out/")
    assert (ran.code, ran.err) == (0, "704 rows in 3 parts\n")
    assert [p.name for p in parts()] == [f"part-0000{k}-r{k + 1}.csv" for k in range(3)]
    assert joined([p.read_bytes() for p in parts()]) == whole
    assert gradcalc(*words, "-o", "gz/", "--format", "csv.gz").code == 0
    assert joined([gzip.decompress(p.read_bytes()) for p in parts("gz")]) == whole
    lines = gradcalc(*words, "--format", "ndjson").out.encode()
    assert gradcalc(*words, "-o", "nd/", "--format", "ndjson").code == 0
    assert b"".join(p.read_bytes() for p in parts("nd")) == lines


@NEEDS
def test_the_row_groups_of_parquet_are_parts(gradcalc: Shell) -> None:
    import polars

    parquet_file("a", groups=5, rows=20)
    parquet_file("b", groups=1, rows=7)
    words = ("batch", TEXT, "--points", "in", "--what", "eval,jacobian")
    whole = gradcalc(*words, "--format", "csv").out.encode()
    assert gradcalc(*words, "-o", "out/", "--format", "csv", "--part-rows", "40").code == 0
    names = [p.name for p in parts()]
    assert names == [f"part-0000{k}-{w}.csv" for k, w in
                     enumerate(("a-g0000", "a-g0002", "a-g0004", "b-g0000"))]  # fmt: skip
    assert joined([p.read_bytes() for p in parts()]) == whole
    assert gradcalc(*words, "-o", "pq/").code == 0
    assert gradcalc(*words, "-o", "one.parquet").code == 0
    frames = [polars.read_parquet(p) for p in parts("pq")]
    assert polars.concat(frames).equals(polars.read_parquet("one.parquet"))


def test_files_are_named_from_where_the_command_is_given(
    gradcalc: Shell, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("in/a.csv").write_text("x\n1\n-9\n")
    Path("in/b.csv").write_text("x\nfoo\n")
    words = ("batch", "sqrt(x)", "--points")
    ran = gradcalc(*words, str(folder / "in"), "-o", "out/")
    assert "error: in/a.csv, line 3: f1 is nan: sqrt(-9)\nerror: in/b.csv, line 2: " in ran.err
    monkeypatch.chdir("in")
    ran = gradcalc(*words, "../in", "-o", "../out/")
    assert "error: a.csv, line 3: " in ran.err
    Path("b.csv").write_text("x\n2\n3\n")
    ran = gradcalc(*words, "../in", "-o", "../out/")
    assert "b.csv has changed since ../out/ was begun" in ran.err
    monkeypatch.chdir("../out")
    ran = gradcalc(*words, "../in", "-o", "./", "--restart")
    assert f"error: {folder}/in/a.csv, line 3: " in ran.err


def test_columns_are_found_by_name_in_every_file(gradcalc: Shell) -> None:
    Path("in/a.csv").write_text("x,y\n2,3\n")
    Path("in/b.csv").write_text("y,note,x\n5,n,4\n")
    Path("in/c.csv").write_text("y,z\n5,4\n")
    ran = gradcalc("batch", "x*y", "--points", "in", "-o", "out/", "--keep")
    assert ran.code == 1
    assert "c.csv has no column 'x', which" in ran.err
    assert ran.err.endswith("2 rows in 2 parts; 1 part not done\n")
    said = [p.read_text() for p in parts()]
    assert said == ["x,y,df1/dx,df1/dy\n2.0,3.0,3.0,2.0\n", "x,y,df1/dx,df1/dy\n4.0,5.0,5.0,4.0\n"]


def test_the_same_command_goes_on(gradcalc: Shell) -> None:
    csv_files(5, 6, 7)
    words = ("batch", TEXT, "--points", "in", "-o", "out/")
    assert gradcalc(*words).code == 0
    before = {p.name: p.read_bytes() for p in parts()}
    first, second, third = parts()
    os.utime(first, ns=(1, 1))
    second.unlink()
    third.write_bytes(third.read_bytes()[:-1])
    (Path("out") / f".part-00001-r2.csv.{'0' * 32}.tmp").write_text("half")
    ran = gradcalc(*words)
    assert (ran.code, ran.err) == (0, "18 rows in 3 parts, 1 of them from before\n")
    assert {p.name: p.read_bytes() for p in parts()} == before
    assert first.stat().st_mtime_ns == 1, "it was written again"
    assert sorted(os.listdir("out")) == ["_manifest.json", *before]
    assert gradcalc(*words).err == "18 rows in 3 parts, 3 of them from before\n"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (["--what", "eval"], "other kinds"),
        (["--on-error", "skip"], "another policy"),
        (["--format", "ndjson"], "another format"),
        (["--param", "k=2"], "other parameters"),
        (["touch"], "r1.csv has changed"),
        (["append"], "r1.csv has 119 bytes, not"),
        (["more"], "r3.csv is new"),
        (["fewer"], "r2.csv is gone"),
    ],
)
def test_another_command_is_refused(gradcalc: Shell, change: list[str], said: str) -> None:
    csv_files(2, 2)
    words = ["batch", TEXT, "--points", "in", "-o", "out/"]
    assert gradcalc(*words).code == 0
    before = {p.name: p.read_bytes() for p in parts()}
    match change:
        case ["touch"]:
            os.utime("in/r1.csv", ns=(1, 1))
        case ["append"]:
            Path("in/r1.csv").write_text("x,y\n" + "1.5,2.5\n" * 14 + "1,2")
        case ["more"]:
            Path("in/r3.csv").write_text("x,y\n1,2\n")
        case ["fewer"]:
            Path("in/r2.csv").unlink()
        case _:
            words += change
    ran = gradcalc(*words)
    assert ran.code == 2
    assert said in ran.err
    assert "--restart" in ran.err
    assert {p.name: p.read_bytes() for p in parts()} == before
    assert gradcalc(*words, "--restart").code == 0
    assert gradcalc("verify", "out").code == 0


def test_a_folder_that_holds_something_else_is_left_alone(gradcalc: Shell) -> None:
    csv_files(2)
    for words in ([], ["--restart"]):
        ran = gradcalc("batch", TEXT, "--points", "in", "-o", "in/", *words)
        assert (ran.code, "in/ holds something else: r1.csv" in ran.err) == (2, True)
    Path("out").mkdir()
    Path("out/_manifest.json").write_text('{"manifest": 1}')
    ran = gradcalc("batch", TEXT, "--points", "in", "-o", "out/")
    assert (ran.code, "cannot be read" in ran.err) == (2, True)


def test_rows_that_fail_are_told_by_file_and_line_again_too(gradcalc: Shell) -> None:
    Path("in/a.csv").write_text("x\n1\n-1\n4\n")
    Path("in/b.csv").write_text("x\nfoo\n9\n")
    words = ("batch", "sqrt(x)", "--points", "in", "-o", "out/", "--what", "grad")
    for _ in range(2):
        ran = gradcalc(*words)
        assert ran.code == 1
        assert "in/a.csv, line 3: f1 is nan: sqrt(-1)" in ran.err
        assert "in/b.csv, line 2: x is 'foo', not a number" in ran.err
        assert "5 rows in 2 parts" in ran.err
        assert "; 2 rows failed\n" in ran.err
    stopped = gradcalc(*words[:-4], "-o", "s/", "--on-error", "stop")
    assert (stopped.code, "in/a.csv, line 3: f1 is nan" in stopped.err) == (1, True)
    assert parts("s") == []


def test_a_flipped_byte_is_named(gradcalc: Shell) -> None:
    csv_files(5, 6, 7)
    assert gradcalc("batch", TEXT, "--points", "in", "-o", "out/").code == 0
    ran = gradcalc("verify", "out")
    assert (ran.code, ran.err) == (0, "3 parts agree, computed again (18 rows)\n")
    assert gradcalc("verify", "out/", "--sample", "2").err.startswith("2 parts agree, computed aga")
    second = parts()[1]
    data = bytearray(second.read_bytes())
    data[100] ^= 1
    second.write_bytes(data)
    ran = gradcalc("verify", "out")
    assert ran.code == 1
    assert "out/part-00001-r2.csv" in ran.err
    assert "in/r2.csv): byte 100 is not what it was" in ran.err
    assert "2 parts agree" in ran.err
    second.unlink()
    ran = gradcalc("verify", "out")
    assert (ran.code, "in/r2.csv): no such file" in ran.err) == (1, True)
    os.utime("in/r3.csv", ns=(1, 1))
    ran = gradcalc("verify", "out")
    assert (ran.code, "r3.csv has changed" in ran.err) == (5, True)
    assert gradcalc("verify", "in").code == 2
    assert gradcalc("verify").code == 2


@NEEDS
def test_parquet_that_is_damaged_is_named(gradcalc: Shell) -> None:
    parquet_file("a", groups=4)
    good = Path("in/a.parquet").read_bytes()
    words = ("batch", TEXT, "--points", "in", "-o", "out/", "--part-rows", "20")
    Path("in/a.parquet").write_bytes(good[:-100])
    ran = gradcalc(*words)
    assert (ran.code, "a.parquet is not a Parquet file" in ran.err) == (3, True)
    assert not Path("out").exists()
    Path("in/a.parquet").write_bytes(good[:4] + bytes(200) + good[204:])  # the first row group
    ran = gradcalc(*words)
    assert ran.code == 1
    assert "a.parquet, row group 0 is not a Parquet file, or damaged" in ran.err
    assert "60 rows in 3 parts; 1 part not done" in ran.err
    assert len(parts()) == 3


@NEEDS
def test_of_a_damaged_file_the_others_are_done(gradcalc: Shell) -> None:
    for name in "abc":
        parquet_file(name, groups=2)
    whole = Path("in/b.parquet").read_bytes()
    Path("in/b.parquet").write_bytes(whole[:-100])
    ran = gradcalc("batch", TEXT, "--points", "in", "-o", "out/", "--part-rows", "20")
    assert ran.code == 1
    assert "in/b.parquet is not a Parquet file, or damaged" in ran.err
    assert "80 rows in 4 parts; 1 part not done" in ran.err
    assert [p.name[11] for p in parts()] == list("aacc")


def test_a_full_disk_is_told_and_the_rest_is_done_later(gradcalc: Shell) -> None:
    csv_files(5, 900, 7)
    words = ("batch", TEXT, "--points", "in", "-o", "out/")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        ran = gradcalc(*words)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert ran.code == 2
    assert "cannot write 'out/part-00001-r2.csv': file too large" in ran.err
    assert "the same command goes on where this ended" in ran.err
    assert [p.name for p in parts()] == ["part-00000-r1.csv"]
    assert gradcalc(*words).err == "912 rows in 3 parts, 1 of them from before\n"
    assert len(os.listdir("out")) == 4


@NEEDS
def test_a_folder_in_a_store(gradcalc: Shell) -> None:
    import fsspec

    csv_files(5, 6)
    store = fsspec.filesystem("memory")
    words = ("batch", TEXT, "--points", "in")
    whole = gradcalc(*words).out.encode()
    words = (*words, "-o", "memory://made/out/")
    assert gradcalc(*words).err == "11 rows in 2 parts\n"
    names = sorted(name for name in store.ls("/made/out", detail=False) if "part" in name)
    assert joined([store.cat(name) for name in names]) == whole
    assert gradcalc(*words).err == "11 rows in 2 parts, 2 of them from before\n"
    assert gradcalc("verify", "memory://made/out/").code == 0


@pytest.mark.parametrize(
    "words",
    [
        ["--points", "-", "-o", "out/"],
        ["--points", "in", "--restart"],
        ["--points", "in", "-o", "x.csv", "--part-rows", "5"],
        ["--points", "in", "-o", "out/", "--check-sample", "3"],
        ["--points", "nowhere", "-o", "out/"],
        ["--points", "in", "-o", "in/r1.csv/"],
        ["-o", "out/"],
    ],
)
def test_what_makes_no_sense_is_refused(gradcalc: Shell, words: list[str]) -> None:
    csv_files(2)
    assert gradcalc("batch", TEXT, *words).code == 2
    assert not Path("out").exists()


def test_how_far_it_is_is_said_on_the_last_line_or_in_a_log(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PartCount, "EVERY", 0.0)
    for logged, shown in ((True, True), (False, False)):
        with PartCount({0: 1.0, 1: 1.0, 2: 6.0}, logged=logged) as progress:
            progress.say("2 workers, 1 retries")
            progress.add(1, 5_000_000)
            progress.add(0, 1)
        said = capsys.readouterr().err
        assert bool(said) is shown
    text = progress.text()
    assert re.fullmatch(
        r"5,000,001 rows, .+ rows/s, 2 of 3 parts, 2 workers, 1 retries, 0 s left", text
    )


def test_reproducible_is_the_same_whatever_numpy_may_use(folder: Path) -> None:
    """The bits of exp, log10, cbrt, asinh differ between vectors of 512 and of 256 bits."""
    csv_files(3000)
    found = set()
    for setting in ("", "X86_V4 AVX512_ICL AVX512_SPR", "X86_V3 X86_V4 AVX512_ICL AVX512_SPR"):
        words = ["batch", "exp(x), cbrt(y), log10(x**2), tanh(x*y)", "--points", "in/r1.csv"]
        ran = subprocess.run(
            [sys.executable, "-m", "gradcalc", *words, "--reproducible"],
            env={**ENVIRONMENT, "NPY_DISABLE_CPU_FEATURES": setting},
            capture_output=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        found.add(ran.stdout)
    assert len(found) == 1
