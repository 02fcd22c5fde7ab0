"""``gradcalc read``: an expression as it is read, every operation in brackets of its own."""

from __future__ import annotations

from gradcalc.cli.options import Options
from gradcalc.cli.output import Text
from gradcalc.cli.question import expression, names, values
from gradcalc.errors.text import safe
from gradcalc.language import parse
from gradcalc.language.names import roles
from gradcalc.language.problem import settled
from gradcalc.language.transcript import Transcript, transcribe
from gradcalc.render.frame import framed
from gradcalc.render.records import RECORDS


def read(options: Options) -> Text:
    """What the text says, and what each of its names is."""
    text, name = expression(options)
    wrt, chosen = names(options.wrt, "--wrt"), names(options.outputs, "--outputs")
    given = settled(values(options.at, "--at"), values(options.param, "--param"), wrt).for_parse
    graph = parse(text, name=name, outputs=chosen, **given)
    found = transcribe(
        text, roles(given["shapes"], given["parameters"], given["bound"], given["wrt"])
    )
    if options.format in RECORDS:
        body = {
            "statements": [line._asdict() for line in found.lines],
            "names": [known._asdict() for known in found.names],
        }
        record = framed("read", graph.variables, graph.output_names, None, body, notes=graph.notes)
        return Text(RECORDS[options.format](record))
    return Text(_text(found), notes=tuple(graph.notes))


def _text(found: Transcript) -> str:
    """The statements, and under them the names in columns."""
    left = max((len(line.name) for line in found.lines), default=0)
    lines = [f"{line.name.ljust(left)} = {line.text}" for line in found.lines]
    wide = max((len(name) for name, _, _ in found.names), default=0)
    names = [f"{name.ljust(wide)}   {role} {more}".rstrip() for name, role, more in found.names]
    return "".join(f"{safe(line)}\n" for line in (*lines, *([""] if names else []), *names))
