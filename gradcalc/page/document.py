"""Scenes → one HTML file that asks nothing of anybody: text, pictures, formulas and numbers stand
in it as they are, and ``page.js`` moves them."""

from __future__ import annotations

import json
import math
import re
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from html import escape
from pathlib import Path
from string import Template
from typing import Any, NamedTuple

from gradcalc.errors.text import safe
from gradcalc.page.live import live
from gradcalc.page.pytorch import in_pytorch
from gradcalc.page.scene import Scene, as_data
from gradcalc.page.words import Words
from gradcalc.render.drawing import svg
from gradcalc.render.numbers import exact, shown
from gradcalc.render.parts import DIGITS, of_chart


class Act(NamedTuple):
    """A scene with what is said of it: what its tab is called, a paragraph, the v to try, whether
    it is the place where the tutorial's matrix is transposed, and where its tab stands."""

    scene: Scene
    name: str
    said: str = ""
    tries: tuple[tuple[float, ...], ...] = ()
    transposed: bool = False
    place: int = 0


def document(acts: Sequence[Act], words: Words, foot: str) -> str:
    """The page, of the reader's own scene and those to compare it with; ``foot`` says who made it
    and how."""
    style = re.sub(r"\s*([{};,>]|:(?= ))\s*", r"\1", _compact(_shipped("page.css")))
    script = _tightened(_compact(_shipped("page.js")))
    functions = [live(act.scene.at.program.graph, act.scene.chart) for act in acts]
    data = {
        "words": words.of_script(),
        "scenes": [
            as_data(act.scene)
            | {"fixed": words.of_shell(why), "code": in_pytorch(act.scene.at.program.graph)}
            for act, (_, why) in zip(acts, functions, strict=True)
        ],
    }
    scripts = [_live([text for text, _ in functions]), script]
    say = words.say
    return Template(_shipped("page.html")).substitute(
        language={"en": "en", "zh": "zh-Hans"}[words.language],
        title=escape(say("title")),
        lead=escape(say("lead")),
        skip=escape(say("skip")),
        without_script=escape(say("without_script")),
        tabs=_unquoted(_tabs(acts, words)),
        scenes="\n".join(_unquoted(_scene(act, k, words)) for k, act in enumerate(acts)),
        foot=escape(safe(foot)),
        data=_json(data),
        style=style,
        scripts="\n".join(f"<script>{text}</script>" for text in scripts),
        player=_unquoted(_player(words)),
        torch=_unquoted(_panel("torch", words, _torch(words), "wide torch")),
        style_hash=_hash(style),
        script_hashes=" ".join(f"'sha256-{_hash(text)}'" for text in scripts),
    )


def _shipped(name: str) -> str:
    return Path(__file__).with_name(name).read_text("utf-8")


def _compact(text: str) -> str:
    """Without the lines and the blanks that are for whoever reads the file itself."""
    lines = (line.strip() for line in text.splitlines())
    kept = (line for line in lines if line and not line.startswith(("//", "/**")))
    return "\n".join(kept)


_AROUND = re.compile(r"""("[^"\n]*"|`[^`]*`|/(?! )[^/\n]+/)| *([{}(),;:?=<>&|]) *""")


def _tightened(script: str) -> str:
    """Without the blanks around signs, but for those in texts and patterns."""
    return _AROUND.sub(lambda found: found[1] or found[2], script)


def _unquoted(markup: str) -> str:
    """Attributes of one word without quotes; in text there are none, as they are escaped."""
    return re.sub(r'(?<= )([\w-]+)="([\w.-]+)"(?=[ >])', r"\1=\2", markup)


def _hash(text: str) -> str:
    return b64encode(sha256(text.encode()).digest()).decode()


def _json(data: Any) -> str:
    """JSON that can stand in a page: numbers that are not finite are words, and no tag ends it."""
    text = json.dumps(_speakable(data), ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _speakable(data: Any) -> Any:
    if isinstance(data, float):
        if math.isfinite(data):
            return int(data) if data.is_integer() and abs(data) < 1e15 and data else data
        return "NaN" if math.isnan(data) else "Infinity" if data > 0 else "-Infinity"
    if isinstance(data, dict):
        return {key: _speakable(item) for key, item in data.items()}
    return [_speakable(item) for item in data] if isinstance(data, list) else data


def _live(functions: Sequence[str]) -> str:
    """The functions that compute anew, by the number of their scene."""
    found = "".join(f"LIVE[{k}] = {text};\n" for k, text in enumerate(functions) if text)
    return _compact(f'"use strict";\nconst LIVE = [];\n{found}')


# --- the parts of a scene -------------------------------------------------------------------------


def number(x: float, kind: str = "") -> str:
    """A number of six digits, whose ``value`` has them all; a ``factor`` has its sign in
    parentheses."""
    of_kind = f' class="{kind}"' if kind else ""
    text = _factor(x) if "factor" in kind else shown(x, DIGITS)
    return f'<data{of_kind} value="{exact(x)}">{text}</data>'


def _tabs(acts: Sequence[Act], words: Words) -> str:
    items = "".join(
        f'<li><a href="#s{k}"{" aria-current=true" if k == 0 else ""}>{escape(act.name)}</a></li>'
        for k, act in sorted(enumerate(acts), key=lambda one: one[1].place)
    )
    return f'<nav class="tabs" aria-label="{escape(words.say("choose"))}"><ul>{items}</ul></nav>'


def _scene(act: Act, k: int, words: Words) -> str:
    scene = act.scene
    said = f"<p>{escape(act.said)}</p>" if act.said else ""
    hand = _panel("hand", words, _hand(act, words), "needs-script hand")
    answer = _panel("answer", words, _answer(scene, words), "answer")
    parts = [
        _panel("expression", words, f"{said}{_expression(scene, words)}{_transposed(act, words)}"),
        f'<div class="column">\n{hand}\n{answer}\n</div>',
        _panel("verdict", words, _verdict(scene, words, first=k == 0)),
        _panel("steps", words, _steps(scene, k, words), "wide player"),
    ]
    body = "\n".join(parts)
    return f'<section class="scene" id="s{k}">\n<h2>{escape(act.name)}</h2>\n{body}\n</section>'


def _panel(key: str, words: Words, body: str, more: str = "") -> str:
    title = escape(words.say(key))
    kind = f"panel {more}".strip()
    return f'<section class="{kind}">\n<h3>{title}</h3>\n{body}\n</section>'


def _expression(scene: Scene, words: Words) -> str:
    text = f'<pre class="source" dir="ltr">{escape(scene.text)}</pre>'
    found = scene.formulas
    too_long = f"<p>{escape(words.say('too_long'))}</p>"
    if found is None:
        return f"{text}{too_long}"
    lines = [
        f"{name}<mo>=</mo>{formula}"
        for name, formula in zip(found.names, found.outputs, strict=True)
    ]
    lines.append(f"<mi>Σ</mi><mo>=</mo>{found.sum}")
    slopes = [
        f"<mfrac><mrow><mi>∂</mi><mi>Σ</mi></mrow><mrow><mi>∂</mi>{name}</mrow></mfrac>"
        f"<mo>=</mo>{formula}"
        for name, formula in found.slopes
    ]
    outputs = scene.at.program.outputs
    names = safe(", ".join(outputs) if len(outputs) == 1 else f"({', '.join(outputs)})")
    said = f"<p>{escape(words.say('slopes'))}</p>"
    return (
        f"{text}\n<p>{escape(words.say('outputs', names=names))}</p>{_formulas(lines)}\n{said}"
        f"{_formulas(slopes) if slopes else too_long}"
    )


def _formulas(lines: Sequence[str]) -> str:
    written = "\n".join(f"<math><mrow>{line}</mrow></math>" for line in lines)
    return f'<div class="formulas scroll" tabindex="0" role="group">{written}</div>'


def _hand(act: Act, words: Words) -> str:
    """Where the script puts its sliders; the presets."""
    m = len(act.scene.v)
    units = [tuple(float(i == k) for k in range(m)) for i in range(m)][:6] if m > 1 else []
    choices = list(dict.fromkeys([*act.tries, *units, (1.0,) * m]))
    buttons = "".join(
        f"<button type=button data-v='{json.dumps(v)}'>({', '.join(map(exact, v))})</button>"
        for v in choices
    )
    say = words.say
    return (
        f'<fieldset class="point"><legend>{escape(say("point"))}</legend></fieldset>\n'
        f'<fieldset class="weights"><legend>{escape(say("weights"))}</legend></fieldset>\n'
        f'<div class="row"><span>{escape(say("presets"))}</span>{buttons}'
        f"<button type=button data-reset>{escape(say('reset'))}</button></div>"
        '<p class="problem" role="status"></p>'
    )


def _answer(scene: Scene, words: Words) -> str:
    program, say = scene.at.program, words.say
    total = sum(v * y for v, y in zip(scene.v, scene.value, strict=True))
    terms = " + ".join(
        f"{number(v, 'weight factor')}·{number(y, 'value factor')}"
        for v, y in zip(scene.v, scene.value, strict=True)
    )
    heads = "".join(f"<th scope=col>{escape(safe(name))}</th>" for name in program.variables)
    rows = "".join(
        f'<tr class="{"picked" if v else "left"}"><th scope=row>{escape(safe(name))}</th>'
        f"<td>{number(v, 'weight')}</td><td>{number(y, 'value')}</td>"
        f"{''.join(f'<td>{number(slope)}</td>' for slope in row)}</tr>"
        for name, v, y, row in zip(
            program.outputs, scene.v, scene.value, scene.jacobian, strict=True
        )
    )
    vector = _matrix([[number(v, "weight") for v in scene.v]], "v")
    matrix = _matrix([[number(slope) for slope in row] for row in scene.jacobian], "J")
    gradient = _matrix([[number(slope, "gradient") for slope in scene.gradient]], "grad")
    sums = "".join(
        f"<li>{escape(safe(name))}: "
        + " + ".join(
            f"{number(v, 'weight factor')}·{number(row[j], 'factor')}"
            for v, row in zip(scene.v, scene.jacobian, strict=True)
        )
        + f" = {number(scene.gradient[j], 'gradient')}</li>"
        for j, name in enumerate(program.variables)
    )
    return (
        f'<p class="total mono">Σ = {terms} = {number(total, "total")}</p>\n'
        f'<div class="scroll" tabindex="0" role="group" aria-label="{escape(say("jacobian"))}">'
        f'<table class="rows"><caption class="soft">{escape(say("jacobian"))}</caption>'
        f'<thead><tr><td></td><th scope=col class="weight">{escape(say("weight"))}</th>'
        f"<th scope=col>{escape(say('value'))}</th>{heads}</tr></thead><tbody>{rows}</tbody>"
        "</table></div>\n"
        f"<p>{escape(say('product_said'))}</p>\n"
        f'<div class="product scroll" tabindex="0" role="group" '
        f'aria-label="{escape(say("product"))}">'
        f"<span>vᵀ·J =</span>{vector}<span>·</span>{matrix}<span>=</span>{gradient}"
        "<span>= x.grad</span></div>\n"
        f'<ul class="sums mono">{sums}</ul>'
    )


def _matrix(rows: Sequence[Sequence[str]], name: str) -> str:
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'<table class=matrix aria-label="{name}"><tbody>{body}</tbody></table>'


def _verdict(scene: Scene, words: Words, *, first: bool) -> str:
    say = words.say
    told = words.of_shell
    lines = [f"<p>{escape(say('of_the_shell'))}</p>"]
    lines.append(
        f'<p class="mono verdict">{escape(safe(told(scene.verdict)) or say("unchecked"))}</p>'
    )
    lines += [f"<p class=soft>{escape(say('checked_by'))}</p>"] * bool(scene.verdict and first)
    lines += [f'<p class="mono">{escape(safe(told(note)))}</p>' for note in scene.notes]
    for key, error in (("undefined", scene.undefined), ("lost", scene.lost)):
        if error:
            lines.append(
                f'<p class="problem">{escape(say(key))}</p><pre>{escape(told(error))}</pre>'
            )
    return "\n".join(lines)


def _transposed(act: Act, words: Words) -> str:
    """The tutorial's matrix beside the one that its own code makes."""
    if not act.transposed:
        return ""
    right = [[number(x) for x in row] for row in act.scene.jacobian]
    wrong = [list(row) for row in zip(*right, strict=True)]
    say = words.say
    pictures = "".join(
        f"<figure><figcaption>{escape(say(key))}</figcaption>"
        f"{_matrix(rows, escape(say(key)))}</figure>"
        for key, rows in (("tutorial_printed", wrong), ("tutorial_right", right))
    )
    told = words.of_outputs("tutorial_transposed", act.scene.at.program.outputs)
    return f'<p>{escape(told)}</p><div class="beside">{pictures}</div>'


def _steps(scene: Scene, k: int, words: Words) -> str:
    say = words.say
    drawn = svg(of_chart(scene.chart, scene.v, scene.value), say("graph_name"), prefix=f"s{k}")
    return (
        f"<p>{escape(say('steps_said'))}</p>\n"
        '<div class="sweep"><div class="stage" tabindex="0" role="group" '
        f'aria-label="{escape(say("graph_scroll"))}">'
        f"{drawn}</div>\n"
        f"<details{' open' if k == 0 else ''}><summary>{escape(say('all_steps'))}</summary>"
        f'<ol class="steps" tabindex="0">{_list(scene) if k == 0 else ""}</ol></details></div>'
    )


def _player(words: Words) -> str:
    """What the script puts over the picture of every scene."""
    say = words.say
    before, after = (
        "".join(
            f'<button type=button data-go={key} aria-label="{escape(say(key))}">{sign}</button>'
            for key, sign in pairs
        )
        for pairs in ((("first", "«"), ("back", "‹")), (("next", "›"), ("last", "»")))
    )
    return (
        '<pre class="source follow" dir="ltr"></pre>\n'
        f'<div class="row" role="group" aria-label="{escape(say("player"))}">{before}'
        f"<button type=button data-go=play>{escape(say('js_play'))}</button>{after}"
        f'<input type=range class="scrub" min=0 value=0 step=1 aria-label="{escape(say("scrub"))}">'
        '</div>\n<p class="said" role="status"></p>'
    )


def _list(scene: Scene) -> str:
    """The steps as text, as ``page.js`` writes them too."""
    chart, found = scene.chart, scene.explanation
    lines = [("forward", f"{part.label} = {shown(part.value, DIGITS)}") for part in chart.parts]
    lines += [
        ("backward", f"Σ → {name}: 1 × {_factor(seed)} = {shown(seed, DIGITS)}")
        for name, seed in found.seeds
        if seed
    ]
    arrived = chart.arrivals(scene.v)
    terms = {
        part.label: [number for _, number in arrived.get(part.node, ())]
        for part in (*chart.variables, *chart.parts)
    }
    for step in found.steps:
        lines += _sum(step.text, terms[step.text])
        lines += [
            (
                "backward",
                f"{step.text} → {flow.operand}: {shown(step.cotangent, DIGITS)} × "
                f"{_factor(flow.slope)} = {shown(flow.contribution, DIGITS)}",
            )
            for flow in step.flows
        ]
    for total in reversed(found.totals):
        lines += _sum(total.variable, terms[total.variable])
    return "".join(f'<li class="{kind}">{escape(safe(text))}</li>' for kind, text in lines)


def _sum(label: str, terms: Sequence[float]) -> list[tuple[str, str]]:
    if len(terms) < 2:
        return []
    added = " + ".join(map(_factor, terms))
    return [("backward", f"{label}: {added} = {shown(sum(terms), DIGITS)}")]


def _factor(x: float) -> str:
    text = shown(x, DIGITS)
    return f"({text})" if text.startswith("-") else text


def _torch(words: Words) -> str:
    say = words.say
    return (
        f"<p>{escape(say('torch_said'))}</p>\n"
        '<div class="sides"><div><div class="row">'
        "<button type=button data-call=backward>y.backward(v)</button>"
        "<button type=button data-call=bare>y.backward()</button>"
        "<label><input type=checkbox class=retain> retain_graph=True</label>"
        f"<button type=button data-call=empty>{escape(say('empty'))}</button>"
        f"<button type=button data-call=forward>{escape(say('forward_again'))}</button></div>\n"
        '<p>x.grad = <output class="grad gradient">None</output> <span class="soft stale"></span>'
        "</p>\n"
        f'<div class="log" role="log" tabindex="0" aria-label="{escape(say("torch"))}"></div>'
        "</div>\n"
        f"<div><p class=soft>{escape(say('code_head'))} "
        f"<button type=button data-copy>{escape(say('copy'))}</button></p>"
        '<pre class="code" tabindex="0"></pre></div></div>'
    )
