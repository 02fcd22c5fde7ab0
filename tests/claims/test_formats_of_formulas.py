"""What gradcalc prints of a derivative as formulas, in any format, is a claim that is right."""

from __future__ import annotations

import pytest

from gradcalc.cli.app import main

TEXTS = [
    "x1**2+3*x2, x2**2+2*x1",
    "sqrt(x)/y, theta*x1, log10(x + y)**2",
    "r = sqrt(x**2 + y**2); x/r, atan2(y, x)/r",
    "where(x > 0 and y <= 2, x**2*y, -x/(y - 3)), abs(x)*floor(y) + cbrt(x)",
    "exp(-k_on*t)*sin(2*pi*t)**2, besselj(1, t) + asin(t/9) % 3, 1e-7*t*k_on",
    "a[0]*a[1]**2, tanh(a[0])",
]
FORMATS = ["table", "plain", "json", "ndjson", "csv", "tsv", "latex", "markdown", "mathml", "sympy"]


def told(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = main(words)
    return code, capsys.readouterr().out


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("form", FORMATS)
def test_every_format_is_read_back(
    text: str, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--no-check", "-q"]
    shape = ["--at", "a=[0.3,0.7]", "--formulas"] if "a[" in text else []
    code, printed = told(["jacobian", text, "-f", form, *options, *shape], capsys)
    assert code == 0
    point = ["--at", "a=[0.3,0.7]"] if shape else ["--samples", "8"]
    if shape and form not in ("json", "ndjson"):
        printed = printed.partition("\n\n")[2] or printed  # the numbers stand before the formulas
    code, verdict = told(["check", text, "--claim", printed, *point], capsys)
    assert code == 0, (printed, verdict)


@pytest.mark.parametrize("form", ["table", "csv", "tsv", "latex", "markdown"])
def test_a_transposed_one_says_so_and_is_turned(
    form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "sqrt(x)/y, theta*x1"
    _, printed = told(["jacobian", text, "-f", form, "--no-check", "-q", "--transpose"], capsys)
    code, verdict = told(["check", text, "--claim", printed, "--samples", "8"], capsys)
    assert code == 0, (printed, verdict)


def test_a_table_in_ascii_is_read_back(capsys: pytest.CaptureFixture[str]) -> None:
    _, printed = told(["jacobian", TEXTS[2], "--ascii"], capsys)
    assert told(["check", TEXTS[2], "--claim", printed, "--samples", "8"], capsys)[0] == 0


@pytest.mark.parametrize("form", FORMATS)
def test_a_wrong_one_is_wrong(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    _, printed = told(["jacobian", "x**2*sin(y), x/y", "-f", form, "--no-check", "-q"], capsys)
    claim = printed.replace("cos", "sin").replace("-", "").replace("−", "")
    code, _ = told(["check", "x**2*sin(y), x/y", "--claim", claim, "--samples", "8"], capsys)
    assert code == 1
