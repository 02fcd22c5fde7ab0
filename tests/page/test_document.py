"""The page as a file: whole, small, escaped; the same numbers as the shell's."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path
from xml.etree import ElementTree

import pytest

import gradcalc
from gradcalc.page import tutorial
from gradcalc.page.scene import MOST_PARTS
from gradcalc.page.words import Words
from gradcalc.render.numbers import exact
from tests.cli.shell import Shell, shell

TEXT = ["x1**2+3*x2, x2**2+2*x1", "--at", "2,3"]


@pytest.fixture
def gradcalc_run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    return shell(capsys, monkeypatch)


def product(page: str) -> list[str]:
    """The numbers of v, J and vᵀJ in the reader's own scene."""
    found = re.search(r'class="product.*?</div>', page, re.DOTALL)
    assert found
    return re.findall(r'value="?([^" >]*)', found[0])


def test_the_numbers_are_those_of_the_shell(gradcalc_run: Shell) -> None:
    page = gradcalc_run("page", *TEXT, "--v", "0.1,-3").out
    answer = json.loads(gradcalc_run("vjp", *TEXT, "--v", "0.1,-3", "-f", "json").out)
    matrix = json.loads(gradcalc_run("jacobian", *TEXT, "-f", "json").out)["jacobian"]
    wanted = [0.1, -3.0, *(entry for row in matrix for entry in row), *answer["vjp"]]
    assert product(page) == [exact(number) for number in wanted]
    assert "✓ sympy: 2 entries and 2 values agree" in page


def test_every_scene_has_a_verdict_of_its_own(gradcalc_run: Shell) -> None:
    page = gradcalc_run("page", "x*y", "--at", "1,2").out
    verdicts = re.findall(r'<p class="mono verdict">(.*?)</p>', page)
    assert len(verdicts) == 4
    assert all(verdict.startswith("✓ sympy") for verdict in verdicts)
    unchecked = gradcalc_run("page", "x*y", "--at", "1,2", "--no-check").out
    assert unchecked.count("Not checked") == 4


@pytest.mark.parametrize(
    ("words", "order"),
    [(["x*y", "--at", "1,2"], [0, 1, 2, 3]), (TEXT, [1, 2, 0])],
)
def test_the_tutorials_tabs_are_in_their_order(
    gradcalc_run: Shell, words: list[str], order: list[int]
) -> None:
    page = gradcalc_run("page", *words, "--no-check").out
    assert list(map(int, re.findall(r'href="#s(\d)"[^>]*>(?!Skip)', page))) == order


def test_outputs_are_called_what_their_reader_calls_them(gradcalc_run: Shell) -> None:
    text = "p = x1**2+3*x2\nq = x2**2+2*x1"
    page = unescape(gradcalc_run("page", text, "--at", "2,3", "--no-check").out)
    scene = page[: page.index("id=s1")]
    assert "y = (p, q)" in scene
    assert "<th scope=row>q</th>" in scene
    assert not re.search(r"[fk][₁1]|<mi>f</mi>", scene.partition("<main>")[2])
    mine = unescape(gradcalc_run("page", *TEXT, "--no-check").out)
    assert "(f₁, f₂) = (x₁²+3x₂, x₂²+2x₁)" in mine
    assert "∂f₁/∂x₂ = 3" in mine


def test_a_negative_factor_is_in_parentheses(gradcalc_run: Shell) -> None:
    page = gradcalc_run("page", "-x, y", "--at", "1,2", "--no-check").out
    assert re.search(r'·<data class="value factor" value=-1>\(-1\)</data>', page)
    assert re.search(r"·<data class=factor value=-1>\(-1\)</data>", page)


def test_without_v_it_begins_with_ones(gradcalc_run: Shell) -> None:
    assert product(gradcalc_run("page", *TEXT, "--no-check").out)[:2] == ["1", "1"]


def test_it_asks_nothing_of_anybody_and_is_small(gradcalc_run: Shell) -> None:
    page = gradcalc_run("page", *TEXT, "--no-check").out
    assert len(page.encode()) <= 60_000
    assert not re.search(r'(?:src|href)=["\']?[^"\'#\s]|@import|url\(|fetch\(|XMLHttp', page)
    assert "default-src 'none'" in page


def test_sixty_parts_are_small_too(gradcalc_run: Shell) -> None:
    text = " + ".join(f"sin(x*{k})*y**{k}" for k in range(2, 14))
    page = gradcalc_run("page", text, "--at", "0.3,0.9", "--no-check").out
    assert page.count("<g id=s0n") >= 60
    assert len(page.encode()) <= 150_000


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_language_fills_every_place(gradcalc_run: Shell, language: str) -> None:
    page = gradcalc_run("page", *TEXT, "--lang", language, "--no-check").out
    assert not re.search(r"\$\w+", page.partition("<script")[0])
    visible = unescape(re.sub(r"<style.*?</style>|<[^>]*>", "", page.partition("<script")[0]))
    assert not re.search(r"\{\w+\}", visible)


def test_texts_cannot_end_what_they_stand_in(gradcalc_run: Shell) -> None:
    text = "x + y # </script></pre><script>alert(1)</script><!-- &lt;"
    page = gradcalc_run("page", text, "--at", "1,2", "--no-check").out
    assert page.count("<script") == page.count("</script>") == 3
    assert "alert(1)</script>" not in page
    assert "<!--" not in page


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["log(x)", "--at=-1"], 4, "f1 is nan at this point"),
        (["sqrt(x), x**2", "--at", "0"], 0, "is infinite at this point"),
        (["abs(x)", "--at", "0"], 0, "abs"),
        (["(1-cos(x))/x**2", "--at", "1e-5"], 0, "digits are lost here"),
    ],
)
def test_what_is_wrong_with_a_point_is_said_on_the_page(
    gradcalc_run: Shell, words: list[str], code: int, said: str
) -> None:
    ran = gradcalc_run("page", *words)
    assert ran.code in (code, 1, 6)
    assert said in unescape(ran.out)
    assert "</html>" in ran.out


@pytest.mark.parametrize(
    "words",
    [
        ["+".join(f"sin(x+{k})" for k in range(MOST_PARTS)), "--at", "1"],
        [",".join(f"x{k}*x{k + 1}" for k in range(25)), "--at", ",".join(["1"] * 26)],
        ["x**2"],
    ],
)
def test_what_is_no_page_is_refused_with_what_to_do(gradcalc_run: Shell, words: list[str]) -> None:
    ran = gradcalc_run("page", *words)
    assert (ran.code, ran.out) == (3, "")
    assert "hint:" in ran.err


def test_the_page_is_opened_from_a_file(
    gradcalc_run: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen: list[str] = []
    monkeypatch.setattr("webbrowser.open", seen.append)
    path = tmp_path / "page.html"
    assert gradcalc_run("page", *TEXT, "--no-check", "--open", "-o", str(path)).code == 0
    assert seen == [path.as_uri()]
    assert "</html>" in path.read_text("utf-8")


def test_in_a_notebook_a_program_is_formulas_over_its_graph() -> None:
    html = gradcalc.compile(TEXT[0])._repr_html_()
    assert html is not None
    shown = ElementTree.fromstring(html)
    assert len(shown.findall(".//{http://www.w3.org/2000/svg}rect")) == 8
    many = gradcalc.compile("+".join(f"sin(x{k})" for k in range(80)))._repr_html_()
    assert many is not None
    assert "<svg" not in many


def test_from_python_it_is_the_same_page(gradcalc_run: Shell) -> None:
    made = gradcalc.compile(TEXT[0]).page([2, 3], [0.1, -3])
    page = gradcalc_run("page", *TEXT, "--v", "0.1,-3").out
    assert product(made.text) == product(page)
    assert "✓ sympy" in made.text
    frame = re.fullmatch(r'<iframe [^>]*srcdoc="([^"]*)"[^>]*></iframe>', made._repr_html_())
    assert frame is not None
    assert unescape(frame[1]) == made.text
    with pytest.raises(gradcalc.GradcalcError):
        gradcalc.compile(TEXT[0]).page([2, 3], lang="fr")


@pytest.mark.parametrize(
    ("text", "x"),
    [("abs(x)*y, max(x, y)", [0, 0]), ("log(x), y", [-1, 2]), ("(1-cos(x))/x**2, x", [1e-5]),
     ("2x^2 + exp(x)", [800])],
)  # fmt: skip
def test_from_python_it_says_what_the_shell_says(
    gradcalc_run: Shell, text: str, x: list[float]
) -> None:
    shell = gradcalc_run("page", text, f"--at={','.join(map(str, x))}").out
    python = gradcalc.compile(text).page(x).text
    panels = [re.findall(r"<h3>Can the.*?</section>", page, re.DOTALL) for page in (shell, python)]
    assert len(panels[0]) == 4
    assert panels[0] == panels[1]


# Of every kind of verdict and note: exact, lost, kinks, jumps, infinite, undefined.
TOLD: list[list[str]] = [
    ["x1**2+3*x2, x2**2+2*x1", "--at", "2,3"],
    ["abs(x)*y, max(x, y), relu(x-y)", "--at", "0,0"],
    ["exp(x)*y, exp(-x)/y", "--at", "800,0.5"],
    ["log(x)*y, sqrt(x-y)", "--at=-1,2"],
    ["(1-cos(x))/x**2", "--at", "1e-5"],
    ["floor(x)*y", "--at", "2,1"],
    ["where(x > 0, x, 2*x)", "--at", "0"],
    ["where(x == 0, 1, sin(x)/x)", "--at", "0"],
    ["sin(x)/x", "--at", "0"],
    ["2x^2 + sinx", "--at", "x=1,sinx=2"],
    ["atan2(y, x)", "--at", "0,0"],
    ["x**0.5*y, 1/x", "--at", "0,1"],
    ["exp(-x**2)", "--at", "40"],
    ["max(x, y, z)", "--at", "1,1,1"],
    ["abs(x)", "--at", "0", "--as", "jax"],
    ["acos(x)**2", "--at", "1"],
    ["x*2 % a b", "--at", "1"],
    ["gammapdf(x, 2)", "--at", "1"],
]


@pytest.mark.parametrize("words", TOLD, ids=lambda words: words[0])
def test_in_chinese_nothing_is_told_in_english(
    gradcalc_run: Shell, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.setattr(tutorial, "EXPERIMENTS", ())
    page = gradcalc_run("page", *words, "--lang", "zh").out
    panel = page.partition(f"<h3>{Words('zh').say('verdict')}</h3>")[2].partition("</section>")[0]
    lines = unescape(re.sub(r"<[^>]*>", "\n", panel)).split("\n")
    told = [line for line in lines if line and not line.startswith("  ")]
    assert len(told) >= 3
    for line in told:
        assert any("\u4e00" <= letter <= "\u9fff" for letter in line), line
        assert not re.search(r"[a-z]{2,} [a-z]{2,}", line.replace(words[0], "")), line
