"""Histograms of streams: every count exact, whatever the order, in little memory."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcalc.plot.histogram import BARS, CELLS, Cells, Histogram
from tests.cli.shell import Shell, shell

RANDOM = np.random.default_rng(3)
COLUMNS = {
    "normal": RANDOM.normal(size=20_000),
    "without moments": RANDOM.standard_cauchy(20_000),
    "far from 0": 1e9 + 1e-3 * RANDOM.normal(size=20_000),
    "of all sizes": np.exp(RANDOM.uniform(-700, 700, 20_000)),
    "to the ends of the doubles": RANDOM.uniform(-1, 1, 20_000) * 1.7e308,
    "the least doubles": RANDOM.integers(0, 9_000, 20_000) * 5e-324,
    "whole": RANDOM.integers(-3, 4, 20_000).astype(float),
    "one value": np.full(100, 3.7),
    "one row": np.array([2.0]),
}


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    return shell(capsys, monkeypatch)


def cells(*parts: np.ndarray) -> Cells:
    made = Cells()
    for part in parts:
        made.add(part)
    return made


def recounted(found: Histogram, values: np.ndarray) -> list[int]:
    ends = zip(found.low.tolist(), found.high.tolist(), strict=True)
    return [int(((a <= values) & (values < b) | (values == a)).sum()) for a, b in ends]


@pytest.mark.parametrize("values", COLUMNS.values(), ids=COLUMNS)
def test_every_count_is_that_of_all_values_at_once(values: np.ndarray) -> None:
    streamed = cells(*np.array_split(values, 13))
    found = streamed.histogram("x")
    assert len(streamed.keys) <= CELLS
    assert list(found.counts) == recounted(found, values)
    assert len(found.counts) <= BARS + 2
    first, last = found.low[0], max(found.low[-1], found.high[-1])
    assert (found.below, found.above) == ((values < first).sum(), (values > last).sum())
    assert (found.least, found.most, found.rows) == (values.min(), values.max(), len(values))
    assert sum(found.counts) >= 0.7 * len(values)


@given(
    st.lists(st.floats(width=32), min_size=1, max_size=60),
    st.integers(0, 2**32 - 1),
)
def test_the_order_of_the_values_does_not_matter(some: list[float], seed: int) -> None:
    many = np.concatenate([np.array(some), np.random.default_rng(5).normal(size=CELLS)])
    shuffled = np.random.default_rng(seed).permutation(many)
    one, other = cells(*np.array_split(many, 3)), cells(*np.array_split(shuffled, 5))
    assert one.width == other.width
    np.testing.assert_array_equal(one.keys, other.keys)
    np.testing.assert_array_equal(one.counts, other.counts)
    assert (one.missing, one.infinite) == (other.missing, other.infinite)
    finite = many[np.isfinite(many)]
    assert one.counts.sum() == len(finite)


def test_a_whole_number_has_a_bar_of_its_own() -> None:
    found = cells(COLUMNS["whole"]).histogram("x")
    assert found.low.tolist() == found.high.tolist() == [-3, -2, -1, 0, 1, 2, 3]


def test_what_is_no_number_is_told_apart() -> None:
    found = cells(np.array([np.nan, np.inf, -np.inf, np.inf])).histogram("x")
    assert (found.missing, found.infinite, found.rows, found.counts) == (1, (1, 2), 0, ())
    assert math.isnan(found.mean)


def points(folder: Path, rows: int = 500) -> tuple[str, np.ndarray]:
    x = np.random.default_rng(1).normal(size=rows)
    path = folder / "points.csv"
    path.write_text("x\n" + "".join(f"{one!r}\n" for one in x.tolist()))
    return str(path), x


def test_the_bars_are_those_of_the_rows_that_batch_writes(run: Shell, tmp_path: Path) -> None:
    path, _ = points(tmp_path)
    words = ("batch", "exp(x), x**3", "--points", path, "--what", "eval,jacobian", "--quiet")
    rows = list(csv.DictReader(io.StringIO(run(*words).out)))
    ran = run(*words, "--histogram", "f1", "--histogram", "df2/dx", "-f", "csv")
    for name in ("f1", "df2/dx"):
        values = np.array([float(row[name]) for row in rows])
        bars = [bar for bar in csv.DictReader(io.StringIO(ran.out)) if bar["column"] == name]
        assert sum(int(bar["rows"]) for bar in bars) == len(values)
        for bar in bars[:-1]:  # the last may be that of all above, with the greatest in it
            inside = (float(bar["low"]) <= values) & (values < float(bar["high"]))
            assert inside.sum() == int(bar["rows"])
    found = json.loads(run(*words, "--histogram", "f1", "-f", "json").out)["histograms"][0]
    values = np.array([float(row["f1"]) for row in rows])
    assert found["mean"] == pytest.approx(values.mean(), rel=1e-13)
    assert found["deviation"] == pytest.approx(values.std(ddof=1), rel=1e-13)


def test_in_the_svg_the_bars_are_as_high_as_the_counts(run: Shell, tmp_path: Path) -> None:
    path, x = points(tmp_path)
    svg = tmp_path / "figure.svg"
    words = ("batch", "2*x", "--points", path, "--what", "eval", "--histogram", "f1")
    assert run(*words, "-o", str(svg)).code == 0
    names = {one.get("id"): one for one in ElementTree.parse(svg).iter() if one.get("id")}
    heights = []
    for k in range(sum(str(name).startswith("bar0-") for name in names)):
        (path_of,) = [one.get("d") or "" for one in names[f"bar0-{k}"].iter() if one.get("d")]
        ys = [float(word) for word in path_of.replace("z", "").split()[2::3]]
        heights.append(max(ys) - min(ys))
    found = cells(2 * x).histogram("f1")
    counts = np.array(found.counts)
    assert len(heights) == len(counts)
    np.testing.assert_allclose(heights / np.max(heights), counts / counts.max(), atol=1e-5)


def test_a_terminal_has_a_line_for_each_bar(run: Shell, tmp_path: Path) -> None:
    path, x = points(tmp_path)
    text = run("batch", "x", "--points", path, "--what", "eval", "--histogram", "f1").out
    lines = text.splitlines()
    assert lines[0].startswith("f1: 500 rows, mean ")
    assert max(map(len, lines)) <= 80
    bars = [line for line in lines if "┤" in line]
    counts = [int(line.split()[-1]) for line in bars]
    assert counts == list(cells(x).histogram("f1").counts)
    longest = max(bars, key=lambda line: line.count("█"))
    assert int(longest.split()[-1]) == max(counts)


def test_rows_that_fail_are_counted_and_told(run: Shell, tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("x\n4\n-1\n0\n9\n")
    words = ("batch", "sqrt(x)", "--points", str(path), "--what", "grad", "--histogram", "d/dx")
    ran = run(*words)
    assert ran.code == 1
    assert "line 3" in ran.err
    assert "1 inf; 1 without a number" in ran.out
    out = tmp_path / "h.svg"
    stopped = run(*words, "--on-error", "stop", "-o", str(out))
    assert (stopped.code, out.exists()) == (1, False)


def test_numbers_of_any_size_are_drawn(run: Shell, tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("x\n" + "".join(f"{x}\n" for x in (-1.7e308, 1.7e308, 5e-324, 0, 1e300) * 2))
    for last in ("svg", "txt"):
        words = ("batch", "x", "--points", str(path), "--what", "eval", "--histogram", "f1")
        assert run(*words, "-o", str(tmp_path / f"h.{last}")).code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--histogram", "f7"], "no column 'f7'"),
        (["--histogram", "f1", "--keep"], "--keep is of rows"),
        (["--histogram", "f1", "-f", "npy"], "no histogram is written as npy"),
        (["--histogram", "f1", "-o", "h.abc"], "what is that to be?"),
        (["--histogram", "f1", "-o", "parts/"], "of a stream, not of parts"),
        (["-f", "svg"], "batch writes no svg"),
        (["-f", "table"], "batch writes no table"),
        (["-f", "svg", "-o", "parts/"], "batch writes no svg"),
    ],
)
def test_what_is_asked_in_vain_is_refused(
    run: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    path, _ = points(tmp_path, 3)
    ran = run("batch", "x", "--points", path, "--what", "eval", *words)
    assert ran.code in (2, 3), ran
    assert said in ran.err
    assert [one.name for one in tmp_path.iterdir()] == ["points.csv"]
