"""The page in a browser: every number the engine's, by slider, step, button and key.

Chromium is driven by playwright (the extra ``test-browser``); without either there is nothing to
look at. ``GRADCALC_AXE`` names axe-core's ``axe.min.js``, for the audit of accessibility.
"""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradcalc
import gradcalc.autograd as torch
from gradcalc.cli.app import main
from gradcalc.engine.program import Program
from gradcalc.render.numbers import shown

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)
AXE = os.environ.get("GRADCALC_AXE", "")

playwright = pytest.importorskip("playwright.sync_api", reason="no playwright here")
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no browser here")

TEXT, AT = "x1**2+3*x2, x2**2+2*x1", "2,3"
CURVED = "r = sqrt(x**2 + y**2); x*exp(y/3)/r, log(1 + x**2)*y, where(x > y, x*y, x + y)"

Open = Callable[..., Any]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        found = driver.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield found
        found.close()


@pytest.fixture
def open_page(browser: Any, tmp_path: Path) -> Iterator[Open]:
    """Make a page of words of the command line, and open it; nothing is to go wrong in it."""
    troubles: list[str] = []
    contexts = []

    def opened(*words: str, **of_context: Any) -> Any:
        path = tmp_path / "page.html"
        assert main(["page", *words, "--no-check", "-o", str(path)]) == 0
        context = browser.new_context(**{"viewport": {"width": 800, "height": 900}} | of_context)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", lambda line: troubles.append(line.text))
        page.on("request", lambda request: troubles.append(request.url)
                if not request.url.startswith("file:") else None)  # fmt: skip
        page.goto(path.as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert troubles == []


def numbers(page: Any, selector: str) -> list[float]:
    """The numbers of the scene that is shown, with all their digits."""
    found = page.evaluate(
        "selector => [...document.querySelectorAll(`.scene:not([hidden]) ${selector} data`)]"
        ".map(data => data.value)",
        selector,
    )
    return list(map(float, found))


def product(program: Program, x: list[float], v: list[float]) -> list[float]:
    return [*v, *program.jacobian(x).ravel().tolist(), *program.vjp(x, v).tolist()]


@pytest.mark.parametrize("scripted", [True, False])
def test_at_its_point_every_number_is_the_engines(open_page: Open, scripted: bool) -> None:
    page = open_page(CURVED, "--at", "0.1,0.7", "--v", "0.3,-2,1", java_script_enabled=scripted)
    program, x, v = gradcalc.compile(CURVED), [0.1, 0.7], [0.3, -2.0, 1.0]
    cells = page.query_selector_all("#s0 .product data")
    found = [float(cell.get_attribute("value")) for cell in cells]
    assert found == product(program, x, v)
    texts = [cell.inner_text() for cell in cells]
    assert texts == [shown(number, 6) for number in found]


# 200 positions of all the sliders; what is typed into a field counts to the last digit.
MOVE = """
({seed, count}) => {
  let state = seed;
  const random = () => (state = (state * 16807) % 2147483647) / 2147483647;
  const knobs = [...document.querySelectorAll("#s0 .knob")].map(
    (knob) => [...knob.querySelectorAll("input")]);
  const found = [];
  for (let k = 0; k < count; k++) {
    knobs.forEach(([slider, field]) => {
      const number = Number(slider.min) + random() * (slider.max - slider.min);
      if (k % 2) { field.value = String(number); field.dispatchEvent(new Event("change")); }
      else { slider.value = number; slider.dispatchEvent(new Event("input")); }
    });
    found.push([knobs.map(([, field]) => Number(field.value)),
      [...document.querySelectorAll("#s0 .product data")].map((data) => Number(data.value))]);
  }
  return found;
}
"""


@pytest.mark.parametrize("text", [CURVED, "cbrt(x)*y, x*cbrt(x + y)**2"])
def test_wherever_the_sliders_are_every_number_is_the_engines(open_page: Open, text: str) -> None:
    page = open_page(text, "--at", "0.1,0.7")
    program = gradcalc.compile(text)
    for knobs, found in page.evaluate(MOVE, {"seed": 7, "count": 200}):
        x, v = knobs[:2], knobs[2:]
        at = program.at(x)
        true = np.array(product(program, x, v))
        scale = np.concatenate([np.abs(v), at.scale("jacobian").ravel(), at.scale("vjp", v)])
        ulps = np.abs(np.array(found) - true) / np.spacing(np.maximum(scale, 1e-300))
        assert ulps.max() <= 4, (x, v)


def test_numbers_are_written_as_in_our_tables(open_page: Open) -> None:
    page = open_page(TEXT, "--at", AT)
    rng = np.random.default_rng(5)
    given = [*(rng.normal(size=200) * 10.0 ** rng.integers(-30, 30, 200)).tolist(),
             0.0, 1e16, 1e15, 123456.0, 1234567.0, 1e-5, 1e-4, -2.5, 1e300, 0.3 - 0.1,
             -1.078125, 1.640625, 1.640635, -0.3828125, 1000002.5, 5e-324]  # fmt: skip
    found = page.evaluate("numbers => numbers.map(shown)", given)
    assert found == [shown(number, 6) for number in given]


def test_the_steps_go_forward_and_back_by_key_and_button(open_page: Open) -> None:
    page = open_page(TEXT, "--at", AT)
    page.focus("#s0 .stage")
    page.keyboard.press("Home")
    said = page.locator("#s0 .said")
    assert "1 of 18, forward: x1**2 = 4" in said.inner_text()
    assert page.locator("#s0 .follow mark").inner_text() == "x1**2"
    assert page.locator("#s0n4 .value").text_content() == ""  # not yet computed
    page.keyboard.press("ArrowRight")
    assert "3*x2 = 9" in said.inner_text()
    page.keyboard.press("End")
    assert "x1: 2 + 4 = 6" in said.inner_text()
    assert page.locator("#s0n0 .cotangent").text_content() == "2 + 4 = 6"
    page.click("#s0 [data-go=back]")
    page.click("#s0 [data-go=back]")
    assert "x1**2 → x1: 1 × 4 = 4 (2*x1 = 4)" in said.inner_text()
    assert page.locator("#s0e0").get_attribute("class") == "now"
    assert page.locator("#s0w0").text_content() == "1 × 4 = 4"
    assert page.locator("#s0 .follow mark.now").inner_text() == "x1"
    page.locator("#s0 .scrub").fill("6")
    assert "7 of 18, backward: Σ → f1: 1 × 1 = 1" in said.inner_text()
    assert page.locator("#s0n0 .cotangent").text_content() == ""  # nothing has arrived
    page.focus("#s0 .stage")
    page.keyboard.press(" ")
    assert page.locator("#s0 [data-go=play]").inner_text() == "Pause"
    page.keyboard.press(" ")
    assert page.locator("#s0 [data-go=play]").inner_text() == "Play"


LABELS = """() => {
  const player = scenes[0].player, box = (one) => one.getBBox();
  const found = [];
  player.steps.forEach((step, k) => {
    player.go(k);
    const [now, ...more] = document.querySelectorAll("#s0 .slope.now");
    if (!now) return;
    const { x, y, width, height } = box(now);
    const over = [...document.querySelectorAll("#s0 .slope")]
      .filter((one) => one !== now && one.textContent)
      .filter((one) => { const b = box(one);
        return b.x < x + width && x < b.x + b.width && b.y < y + height && y < b.y + b.height; });
    const later = now.compareDocumentPosition(document.querySelector("#s0 path:last-of-type"));
    found.push([more.length, over.length, later & Node.DOCUMENT_POSITION_PRECEDING]);
  });
  return found;
}"""


def test_nothing_crosses_the_product_of_a_step(open_page: Open) -> None:
    page = open_page("abs(x)*y, max(x,y), relu(x-y), exp(-x)/y", "--at", "-0.25,0.125")
    found = page.evaluate(LABELS)
    assert len(found) > 10
    assert set(map(tuple, found)) == {(0, 0, 2)}  # one label, over no other, after all lines


def test_what_is_said_of_a_step_follows_the_sliders(open_page: Open) -> None:
    page = open_page(TEXT, "--at", AT)
    said = page.locator("#s0 .said")
    assert "all 18 steps" in said.inner_text()
    page.focus("#s0 .stage")
    page.keyboard.press("Home")
    page.fill("#s0 .point input[type=text] >> nth=0", "5")
    page.keyboard.press("Enter")
    assert "1 of 18, forward: x1**2 = 25" in said.inner_text()


def test_the_steps_are_text_with_and_without_a_script(open_page: Open) -> None:
    words = ["a=x*y; a*sin(a) + where(x > y, x, 3*y)", "--at", "0.5,-0.25", "--v", "0.3"]
    lists = [
        open_page(*words, java_script_enabled=scripted).locator("#s0 .steps li").all_inner_texts()
        for scripted in (True, False)
    ]
    assert lists[0] == lists[1]


def test_a_preset_moves_everything_that_follows_from_v(open_page: Open) -> None:
    page = open_page(TEXT, "--at", AT)
    page.click("#s0 >> text='(1, 0)'")
    assert numbers(page, ".product") == [1, 0, 4, 3, 2, 6, 4, 3]
    assert numbers(page, ".total")[-1] == 13
    rows = page.locator("#s0 .rows tbody tr")
    assert [rows.nth(i).get_attribute("class") for i in (0, 1)] == ["picked", "left"]
    assert page.locator("#s0 .steps li").count() == 11
    assert page.locator("#s0n0 .cotangent").text_content() == "4"
    page.fill("#s0 .weights input[type=text] >> nth=1", "nonsense")
    page.keyboard.press("Enter")
    assert "is not a number" in page.locator("#s0 .problem[role=status]").inner_text()
    for typed, number in (("pi/4", math.pi / 4), ("-5/3", -5 / 3), ("2 * pi", 2 * math.pi)):
        page.fill("#s0 .weights input[type=text] >> nth=1", typed)
        page.keyboard.press("Enter")
        assert page.locator("#s0 .problem[role=status]").inner_text() == ""
        assert numbers(page, ".product")[1] == number


def test_the_buttons_do_as_pytorch_does(open_page: Open) -> None:
    page = open_page(TEXT, "--at", AT)
    grad, log = page.locator("#s0 .grad"), page.locator("#s0 .log")
    page.click("#s0 [data-call=bare]")
    with pytest.raises(RuntimeError) as refusal:
        torch.tensor([1.0, 2.0], requires_grad=True).exp().backward()
    assert str(refusal.value) in log.inner_text()
    page.check("#s0 .retain")
    page.click("#s0 [data-call=backward]")
    page.click("#s0 >> text='(1, 0)'")
    page.uncheck("#s0 .retain")
    page.click("#s0 [data-call=backward]")
    assert grad.inner_text() == "[10, 12]"  # (6, 9) + (4, 3)
    page.click("#s0 [data-call=backward]")
    with pytest.raises(RuntimeError) as refusal:
        twice()
    assert str(refusal.value) in log.inner_text()
    assert "What to do: tick retain_graph=True" in log.inner_text()
    assert grad.inner_text() == "[10, 12]"
    page.click("#s0 [data-call=empty]")
    assert grad.inner_text() == "None"
    page.click("#s0 [data-call=forward]")
    page.click("#s0 [data-call=backward]")
    assert grad.inner_text() == "[4, 3]"
    code = page.locator("#s0 .code").inner_text()
    names: dict[str, Any] = {}
    exec(code.replace("import torch", "import gradcalc.autograd as torch"), names)
    assert names["x"].grad.tolist() == [4.0, 3.0]


def test_what_v_has_left_behind_is_said_in_words(open_page: Open) -> None:
    page = open_page(TEXT, "--at", AT)
    stale = page.locator("#s0 .stale")
    assert "no call yet" in stale.inner_text()
    page.click("#s0 [data-call=backward]")
    assert stale.inner_text() == ""
    page.click("#s0 >> text='(1, 0)'")
    assert "v is (1, 0) now" in stale.inner_text()
    page.click("#s0 >> text='(1, 1)'")
    assert stale.inner_text() == ""


def test_the_log_keeps_what_it_was_told(open_page: Open) -> None:
    page = open_page(TEXT, "--at", AT)
    log = page.locator("#s0 .log")
    page.click("#s0 [data-call=bare]")
    assert "# y.backward()  # RuntimeError: grad can" in page.locator("#s0 .code").inner_text()
    page.fill("#s0 .point input[type=text] >> nth=0", "5")
    page.keyboard.press("Enter")
    page.fill("#s0 .point input[type=text] >> nth=0", "6")
    page.keyboard.press("Enter")
    said = log.inner_text()
    assert said.startswith("y.backward(): RuntimeError: grad can be implicitly created only")
    assert said.count("a new point is a new tensor") == 1


def test_what_scrolls_shows_that_it_does(open_page: Open) -> None:
    page = open_page(" + ".join(f"sin({k}*x)" for k in range(2, 14)), "--at", "0.3")
    seen = page.evaluate("""() => [...document.querySelectorAll("#s0 .steps, #s0 .stage")].map(
      (one) => [one.scrollHeight > one.clientHeight || one.scrollWidth > one.clientWidth,
        getComputedStyle(one).backgroundAttachment])""")
    assert seen == [[True, "local, scroll"]] * 2
    page.emulate_media(media="print")
    shade = page.evaluate("getComputedStyle(document.querySelector('#s0 .steps')).backgroundImage")
    assert shade == "none"


def twice() -> None:
    x = torch.tensor(2.0, requires_grad=True)
    y = x**2
    y.backward()
    y.backward()


def test_sums_may_be_differentiated_twice_as_in_pytorch(open_page: Open) -> None:
    page = open_page("a + b, a - b", "--at", "1,2")
    page.click("#s0 [data-call=backward]")
    page.click("#s0 [data-call=backward]")
    assert page.locator("#s0 .grad").inner_text() == "[4, 0]"


def test_one_output_needs_no_argument(open_page: Open) -> None:
    page = open_page("x**2*y", "--at", "3,2", "--v", "5")
    page.click("#s0 [data-call=bare]")
    assert page.locator("#s0 .grad").inner_text() == "[12, 9]"
    assert "y.backward()" in page.locator("#s0 .code").inner_text()


def test_the_tutorials_experiments_are_a_click_away(open_page: Open) -> None:
    page = open_page("x*y", "--at", "1,2")
    for tab, grad in (("1", [15, 18]), ("2", [8, 81]), ("3", [6, 9])):
        page.click(f".tabs >> text=Tutorial {tab}")
        assert tab in page.locator(".tabs [aria-current]").inner_text()
        assert numbers(page, ".product")[-2:] == grad
        assert page.locator(".scene:visible").count() == 1
    assert "[[4, 2], [3, 6]]" in page.locator(".scene:visible").inner_text()
    assert numbers(page, ".product")[2:6] == [4, 3, 2, 6]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_narrow_dark_still_and_in_chinese(open_page: Open, language: str) -> None:
    page = open_page(
        CURVED, "--at", "0.1,0.7", "--lang", language,
        viewport={"width": 360, "height": 700}, color_scheme="dark", reduced_motion="reduce",
    )  # fmt: skip
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert sum(map(int, paper[4:-1].split(","))) < 150
    moving = page.evaluate("getComputedStyle(document.querySelector('.graph rect')).transition")
    assert "0.2s" not in moving
    chinese = any("\u4e00" <= letter <= "\u9fff" for letter in page.inner_text("h1"))
    assert chinese == (language == "zh")
    assert page.get_attribute("html", "lang") == {"en": "en", "zh": "zh-Hans"}[language]
    if AXE:
        assert violations(page) == []


@pytest.mark.skipif(not AXE, reason="GRADCALC_AXE names no axe.min.js")
def test_nothing_bars_a_reader_who_does_not_see_it(open_page: Open) -> None:
    page = open_page(TEXT, "--at", AT)
    page.focus("#s0 .stage")
    page.keyboard.press("Home")
    page.click("#s0 [data-call=backward]")
    page.click("#s0 [data-call=backward]")
    assert violations(page) == []


def violations(page: Any) -> list[str]:
    page.evaluate(Path(AXE).read_text("utf-8") + "; 0")
    found = page.evaluate("axe.run().then(result => result.violations)")
    return [f"{one['id']}: {node['html'][:120]}" for one in found for node in one["nodes"]]


def test_a_step_of_sixty_parts_is_drawn_in_a_frame(open_page: Open) -> None:
    text = " + ".join(f"sin(x*{k})*y**{k}" for k in range(2, 14))
    page = open_page(text, "--at", "0.3,0.9")
    milliseconds = page.evaluate("""() => {
      const player = scenes[0].player, times = [];
      for (let k = 0; k < player.steps.length; k++) {
        const start = performance.now();
        player.go(k);
        document.body.offsetHeight;
        times.push(performance.now() - start);
      }
      return times.sort((a, b) => a - b)[times.length >> 1];
    }""")
    assert milliseconds <= 16


def test_names_and_texts_are_text_and_nothing_else(open_page: Open) -> None:
    page = open_page(
        "x + y  # </script><script>alert(1)</script><img src=x onerror=alert(2)> &amp;",
        "--at", "1,2",
    )  # fmt: skip
    assert "</script><script>alert(1)" in page.locator("#s0 .source >> nth=0").inner_text()
    assert page.locator("img").count() == 0
