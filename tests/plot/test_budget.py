"""An uncertainty budget drawn: bars as long as its shares, intervals from end to end."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from tests.cli.shell import Shell, shell

CORRELATED = ["V/I*cos(phi), V", "--at", "V=4.9990(32),I=0.0196610(95),phi=1.04446±0.00075",
              "--corr", "V,I=-0.36; V,phi=0.86; I,phi=-0.65", "--no-check"]  # fmt: skip
BENT = ["x**2", "--at", "x=1±0.4", "--no-check", "--monte-carlo", "1e4"]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    return shell(capsys, monkeypatch)


def drawing(run: Shell, path: Path, *words: str) -> dict[str, list[tuple[float, float]]]:
    """The corners of every named line and bar of the figure."""
    run("propagate", *words, "-o", str(path))
    found = {}
    for one in ElementTree.parse(path).iter():
        name = one.get("id") or ""
        if re.match(r"(share|interval)\d+-\d+$", name):
            text = next(inner.get("d") or "" for inner in one.iter() if inner.get("d"))
            found[name] = [
                (float(a), float(b)) for a, b in re.findall(r"(-?[\d.]+) (-?[\d.]+)", text)
            ]
    return found


def test_in_the_svg_bars_are_as_long_as_the_shares(run: Shell, tmp_path: Path) -> None:
    names = drawing(run, tmp_path / "b.svg", *CORRELATED)
    record = json.loads(run("propagate", *CORRELATED, "-f", "json").out)
    shares = [*record["shares"][0], *(p["share"] for p in record["pairs"] if p["output"] == "f1")]
    wanted = sorted(shares, key=lambda share: -abs(share))
    bars = [names[f"share0-{k}"] for k in range(len(wanted))]
    zero = bars[0][0][0]
    ends = [next((x - zero for x, _ in bar if abs(x - zero) > 1e-6), 0.0) for bar in bars]
    np.testing.assert_allclose(np.array(ends) / ends[0], np.array(wanted) / wanted[0], atol=1e-4)
    assert "share1-1" not in names  # of V itself there is one


def test_in_the_svg_the_intervals_are_those_of_the_record(run: Shell, tmp_path: Path) -> None:
    names = drawing(run, tmp_path / "b.svg", *BENT)
    record = json.loads(run("propagate", *BENT, "-f", "json").out)
    wanted = [record["interval"][0], record["second_order"][0]["interval"],
              record["monte_carlo"]["interval"][0]]  # fmt: skip
    drawn = [[x for x, _ in names[f"interval0-{k}"]] for k in range(3)]
    scale = (drawn[0][1] - drawn[0][0]) / (wanted[0][1] - wanted[0][0])
    for (a, b), (low, high) in zip(drawn, wanted, strict=True):
        assert a - drawn[0][0] == pytest.approx((low - wanted[0][0]) * scale, abs=0.01)
        assert b - drawn[0][0] == pytest.approx((high - wanted[0][0]) * scale, abs=0.01)
    text = (tmp_path / "b.svg").read_text()
    assert "the linear interval does not stand" in text


def test_beside_a_picture_standard_error_says_what_does_not_stand(
    run: Shell, tmp_path: Path
) -> None:
    for name in ("b.svg", "b.csv"):
        ran = run("propagate", *BENT, "-o", str(tmp_path / name))
        assert ran.code == 1
        assert "the linear interval does not stand" in ran.err


def test_a_terminal_draws_it_if_asked(run: Shell) -> None:
    plain, drawn = run("propagate", *CORRELATED), run("propagate", *CORRELATED, "--plot")
    assert drawn.out.startswith(plain.out)
    added = drawn.out.removeprefix(plain.out).splitlines()
    assert max(map(len, added)) <= 80
    bars = {line.split("│")[0].strip(" █"): line for line in added if "│" in line}
    assert list(bars)[:4] == ["phi", "V, phi", "I, phi", "V"]
    assert bars["phi"].index("█") > bars["V, phi"].index("█")  # taken away: to the left
    lines = [line for line in added if "├" in line and "┤" in line]
    assert [line.split()[0] for line in lines[:2]] == ["linear", "second"]


def test_what_is_exact_has_no_bars(run: Shell, tmp_path: Path) -> None:
    words = ["3 + 0*x", "--at", "x=1±0.1", "--no-check"]
    assert "nothing uncertain reaches it" in run("propagate", *words, "--plot").out
    assert drawing(run, tmp_path / "b.svg", *words).keys() == {"interval0-0", "interval0-1"}


def test_many_inputs_are_some_bars_and_the_rest(run: Shell) -> None:
    names = [f"x{k}" for k in range(40)]
    at = ",".join(f"{name}=1±{1 + k}" for k, name in enumerate(names))
    text = run("propagate", "+".join(names), "--at", at, "--no-check", "--plot").out
    assert text.split("share of u²\n")[-1].count("│") == 21
    assert " 20 more │" in text


def test_beside_anything_but_a_table_nothing_is_drawn(run: Shell) -> None:
    ran = run("propagate", *BENT, "--plot", "-f", "json")
    assert ran.code == 2
    assert "--plot draws beside a table" in ran.err


def test_a_small_share_has_a_digit_in_the_table_and_beside_its_bar(run: Shell) -> None:
    words = ("x + y", "--at", "x=1±1,y=1±0.008")
    for more in ((), ("--plot",)):
        assert "0.006 %" in run("propagate", *words, *more).out
