"""The words of the page: the same in both languages, and all of them used."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from gradcalc.page.punctuation import full_width
from gradcalc.page.shell import _PLACE, SENTENCES, in_chinese
from gradcalc.page.words import LANGUAGES, TABLE, Words

PLACE = re.compile(r"\{(\w+)\}")


SOME = {"*": "proven", "#": "3", "&": "a and b", "!": "✓", "": "f1"}


@pytest.mark.parametrize(("english", "chinese"), SENTENCES)
def test_a_sentence_of_the_shell_has_its_chinese(english: str, chinese: str) -> None:
    assert sorted(_PLACE.findall(english.replace("!", ""))) == sorted(_PLACE.findall(chinese))
    filled = _PLACE.sub(lambda place: SOME[place[2]], english)
    told = in_chinese(filled)
    assert told != filled
    assert "a and b" not in told


def test_punctuation_beside_chinese_is_of_full_width() -> None:
    for said in [Words("zh").say(key) for key in TABLE] + [
        in_chinese(_PLACE.sub(lambda place: SOME[place[2]], english)) for english, _ in SENTENCES
    ]:
        assert not re.search(r"[\u4e00-\u9fff][,;:?!]|[,;:?!][\u4e00-\u9fff]", said), said
    assert full_width("v = (1, 0) 取第一行,(0, 1)") == "v = (1, 0) 取第一行\uff0c(0, 1)"
    assert full_width("图(值),x: y") == "图\uff08值\uff09\uff0cx: y"
    assert full_width("f(x, y); g") == "f(x, y); g"


def test_the_readers_own_lines_stay_as_they_are() -> None:
    told = in_chinese("error: f1 is nan at this point: log(-1)\n  kink, exact\n  ^^^^\nhint: tea")
    assert told == "错误\uff1af1 在这一点是 nan:log(-1)\n  kink, exact\n  ^^^^\nhint: tea"
    assert Words("en").of_shell("proven") == "proven"


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
