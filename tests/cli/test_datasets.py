"""``gradcalc batch --points``: many files, in folders, partitions and stores, as one input."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.cli.shell import Shell

NEEDS_FSSPEC = pytest.mark.skipif(find_spec("fsspec") is None, reason="fsspec is not installed")
SQUARES = "d/dx\n2.0\n4.0\n6.0\n8.0\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(name: str, text: str) -> str:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text, "utf-8")
    return name


def grad(gradcalc: Shell, *points: str) -> tuple[int, str]:
    words = [word for place in points for word in ("--points", place)]
    ran = gradcalc("batch", "x**2", *words, "--what", "grad")
    return ran.code, ran.out or ran.err


def test_files_are_read_in_the_order_in_which_they_are_given(gradcalc: Shell) -> None:
    put("b.csv", "x\n1\n2\n")
    put("a.csv", "x\n3\n4\n")
    assert grad(gradcalc, "b.csv", "a.csv") == (0, SQUARES)


def test_the_keys_of_a_partition_are_columns(gradcalc: Shell) -> None:
    put("d/year=2024/k=a/p.csv", "x\n1\n")
    put("d/year=2025/k=b/p.csv", "x\n2\n")
    put("d/other/p.csv", "x\n3\n")
    for place in ("d", "d/*/*/p.csv"):
        ran = gradcalc("batch", "x*year", "--points", place, "--what", "grad", "--keep")
        assert ran.out == "x,year,k,d/dx,d/dyear\n1.0,2024,a,2024.0,1.0\n2.0,2025,b,2025.0,2.0\n"
    alone = gradcalc("batch", "x*year", "--points", "d/year=2024/k=a/p.csv")
    assert "no column 'year'" in alone.err


def test_a_column_of_the_file_is_meant_before_a_key(gradcalc: Shell) -> None:
    put("d/x=7/p.csv", "x\n1\n")
    assert grad(gradcalc, "d") == (0, "d/dx\n2.0\n")


@NEEDS_FSSPEC
def test_files_elsewhere_are_read_as_files_here(gradcalc: Shell) -> None:
    import fsspec

    store = fsspec.filesystem("memory")
    store.pipe({"/bucket/r1.csv": b"x\n1\n2\n", "/bucket/r2.csv": b"x\n3\n", "/bucket/r10.csv":
                b"x\n4\n", "/bucket/note.md": b"#"})  # fmt: skip
    for place in ("memory://bucket/", "memory://bucket/r*.csv"):
        assert grad(gradcalc, place) == (0, SQUARES)
    assert grad(gradcalc, "memory://bucket/r10.csv") == (0, "d/dx\n8.0\n")
    code, said = grad(gradcalc, "memory://bucket/r11.csv")
    assert (code, "memory://bucket/r11.csv" in said) == (2, True)
    code, said = grad(gradcalc, "nosuch://bucket/r11.csv")
    assert (code, "nosuch" in said) == (2, True)
