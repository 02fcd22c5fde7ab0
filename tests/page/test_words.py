"""The words of the page: the same in both languages, and all of them used."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from gradcalc.page.words import LANGUAGES, TABLE, Words

PLACE = re.compile(r"\{(\w+)\}")


@pytest.mark.parametrize("key", TABLE)
def test_both_languages_say_it_with_the_same_places(key: str) -> None:
    texts = TABLE[key]
    assert len(texts) == len(LANGUAGES)
    assert all(texts)
    assert len({tuple(sorted(PLACE.findall(text))) for text in texts}) == 1


def test_every_word_is_said_somewhere() -> None:
    shipped = files("gradcalc.page")
    places = [shipped / name for name in ("document.py", "tutorial.py", "lesson.py")]
    places += [files("gradcalc.cli") / name for name in ("lesson.py", "page.py")]
    code = "".join(place.read_text("utf-8") for place in places)
    script = (shipped / "page.js").read_text("utf-8")
    said = set(re.findall(r"""["'](\w+)["']""", code + script))
    for key in TABLE:
        assert {key, key.removeprefix("js_"), key.removesuffix("_said")} & said, key


def test_the_script_says_only_what_it_is_given() -> None:
    script = (files("gradcalc.page") / "page.js").read_text("utf-8")
    given = Words("zh").of_script()
    assert {f"js_{key}" for key in re.findall(r'\bsay\("(\w+)"', script)} <= set(given)
