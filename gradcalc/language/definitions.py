"""Left sides and functions of a text: ``dx/dt = …``, ``double z = …``, ``f(v) = …`` and its calls.

A function is its text: it is read once more at every call, with the arguments for its parameters,
and where nothing calls it, as an expression in them. So arrays may be arguments, and the nodes keep
the spans of the characters that they come from.
"""

from __future__ import annotations

from typing import NamedTuple

from gradcalc.errors import Source, Span
from gradcalc.functions.formulas import FORMULAS
from gradcalc.functions.primitives import FUNCTIONS, OPERANDS, VARIABLE
from gradcalc.graph.graph import Graph
from gradcalc.language import complaints
from gradcalc.language.arrays import Value
from gradcalc.language.foreign import (
    DECLARATION,
    DECLARES,
    DEFINITION,
    DERIVATIVE,
    NAMELESS,
    PIECEWISE,
    PYTHON,
    end_of_statement,
)
from gradcalc.language.reader import CallOf, Pending, Statement
from gradcalc.language.statements import Statements
from gradcalc.language.structural import STRUCTURAL
from gradcalc.language.tokens import Tokens
from gradcalc.limits import DEEPEST_CALL, MOST_CALLED


class Definition(NamedTuple):
    """A function of the text: its parameters, where its body stands, and which statement it is."""

    parameters: tuple[str, ...]
    body: Span
    statement: int


Formula = tuple[tuple[str, ...], str]
"""The operands of a function of another language, and the formula that it stands for."""


def _by_name_and_count() -> dict[tuple[str, int], list[Formula]]:
    found: dict[tuple[str, int], list[Formula]] = {}
    for key, text in FORMULAS.items():
        name, _, inside = key.rstrip(")").partition("(")
        operands = tuple(inside.split(", "))
        found.setdefault((name, len(operands)), []).append((operands, text))
    return found


_FORMULAS = _by_name_and_count()
_COUNTS = dict(reversed(_FORMULAS))
_DIFFERENTIATES = ("/", "'", "**", "²", "³")
"""What stands after the first name of a left side that is a derivative."""

_templates: dict[str, Graph] = {}


class Definitions(Statements):
    """What may stand on the left of a '=', and what functions come to that are not primitives."""

    # --- left sides ---------------------------------------------------------------------------

    def left_side(self, token: str, following: str) -> bool | None:
        """A statement that begins with a name in a way that only other languages have; None for
        any other. Says whether a value is expected after it."""
        text, at = self.source.text, self.start
        if token in DECLARES and (found := DECLARATION.match(text, at)):
            self.take(found.end())
            return True
        if token == "def" and (found := PYTHON.match(text, at)):
            return self.define(found["name"], found["parameters"], found.end())
        if not self.gives_names:
            return None
        if following in ("(", "[") or (following == "=" and self.has_arrows):
            found = DEFINITION.match(text, at)
            if found is not None and not (following == "[" and self.is_variable(token)):
                return self.define(token, found[found.lastgroup or 0], found.end())
        if following in _DIFFERENTIATES and (found := DERIVATIVE.match(text, at)):
            self.take(found.end())
            self.target = ("".join(found[0].split()), None)
            return self.push(0, at, self.token_end)
        return None

    def skip_parameters(self) -> bool:
        """``lambda x:``, ``@(x)`` or ``x ->`` before an expression, which needs none here."""
        found = NAMELESS.match(self.source.text, self.start) if self.at_statement_start() else None
        if found is not None:
            self.take(found.end())
        return found is not None

    # --- functions of the text ----------------------------------------------------------------

    def define(self, name: str, parameters: str, start: int) -> bool:
        """``f(x, y) = …``: what is on its right is not read before somebody needs it."""
        text = self.source.text
        end = end_of_statement(text, start)
        span = Span(start, max(end, start + 1))
        if not text[start:end].strip():
            raise self.complain(*complaints.missing_operand("", ["="], 1), span)
        if name in self.meaning.variables:
            raise self.complain(*complaints.assignment(name))
        if self.meaning.is_bound(name):
            raise self.complain(*complaints.bound_and_assigned(name))
        names = tuple(word.strip().rstrip("_") for word in parameters.split(","))
        self.functions[name] = Definition(names, span, len(self.statements))
        self.named[name] = len(self.statements)
        self.statements.append(Statement(name, 0, span))
        self.leaves.pop(name, None)
        self.take(min(end + 1, len(text)))  # with the separator
        return True

    def read_all_uncalled(self) -> None:
        """A function that nothing calls is an expression in its parameters."""
        for name, definition in reversed(self.functions.items()):
            if definition.statement not in self.used:
                self.read_uncalled(name, definition)

    def read_uncalled(self, name: str, definition: Definition) -> None:
        """A function that is named and not called is its body."""
        parameters = definition.parameters
        values = {word: self.meaning.variable(word, definition.body) for word in parameters}
        value = self.body(name, definition, values)
        self.statements[definition.statement] = Statement(name, value, definition.body)

    def body(self, name: str, definition: Definition, arguments: dict[str, Value]) -> Value:
        """What the text of a function comes to, with these values for its parameters."""
        meaning, (start, end) = self.meaning, definition.body
        meaning.called += end - start
        if meaning.called > MOST_CALLED:
            raise self.complain(*complaints.too_much_called(name, MOST_CALLED))
        if self.inside.depth == DEEPEST_CALL:
            raise self.complain(*complaints.too_deep(name, DEEPEST_CALL))
        inner = type(self)(self.source, graph=self.graph, looks_ahead=False)
        inner.meaning, inner.statements, inner.named = meaning, self.statements, self.named
        inner.used, inner.habits = self.used, self.habits
        inner.spellings, inner.has_arrows = self.spellings, self.has_arrows
        inner.careful = self.careful
        inner.inside = CallOf(arguments, self.inside.depth + 1)
        inner.functions = {
            other: known
            for other, known in self.functions.items()
            if known.statement < definition.statement
        }
        inner.tokens, inner.token_end = Tokens(self.tokens.text, start, end), start
        expecting = inner.read_tokens()
        inner.start = inner.token_end
        return inner.value_of_statement(expecting)

    def called(self, entry: Pending, values: tuple[Value, ...], span: Span) -> Value:
        """A call: of a function of the text, of a formula, or of one of ours."""
        name = entry.items
        if name == PIECEWISE:
            return self.piecewise(values, span)
        definition = self.functions.get(name) if self.functions else None
        if definition is not None:
            return self.call_of_text(name, definition, values, span)
        formulas = _FORMULAS.get((name, len(values)))
        of_arrays = name in STRUCTURAL and not all(type(value) is int for value in values)
        if formulas is None or of_arrays:
            if name not in FUNCTIONS and name not in STRUCTURAL:
                wanted = _COUNTS[name]
                raise self.complain(*complaints.argument_count(name, wanted, len(values)), span)
            if not entry.keywords:
                return self.meaning.call(name, values, span)
            by_name = {word: entry.terms[place][1] for place, word in entry.keywords.items()}
            return self.meaning.call(name, values, span, by_name)
        if entry.opener == "[" and len(values) == 2:
            x, base = (self.source.text[start:end].strip() for _, _, start, end in entry.terms)
            fix = (*span, f"(log({base})/log({x}))")
            raise self.complain(*complaints.base_first(base, x), span, [fix])
        return self.formula(name, formulas, values, span)

    def call_of_text(
        self, name: str, definition: Definition, values: tuple[Value, ...], span: Span
    ) -> Value:
        wanted = len(definition.parameters)
        if len(values) != wanted:
            raise self.complain(*complaints.argument_count(name, wanted, len(values)), span)
        self.used.add(definition.statement)
        key = (definition.statement, values) if all(type(v) is int for v in values) else None
        if key is not None and key in self.habits.calls:
            return self.habits.calls[key]
        value = self.body(name, definition, dict(zip(definition.parameters, values, strict=True)))
        if key is not None:
            self.habits.calls[key] = value
        return value

    # --- functions that are formulas ----------------------------------------------------------

    def formula(
        self, name: str, formulas: list[Formula], values: tuple[Value, ...], span: Span
    ) -> Value:
        """The formula that a function stands for, with its arguments put in."""
        constants = [self.graph.constants.get(v) if type(v) is int else None for v in values]
        operands, text = next(
            formula
            for formula in formulas
            if all(
                word in OPERANDS or float(word) == number
                for word, number in zip(formula[0], constants, strict=True)
            )
        )
        self.habits.read_as[f"{name}({', '.join(operands)})"] = text
        template = _templates.get(text)
        if template is None:
            reading = type(self)(Source(text))
            reading.value_of_statement(reading.read_tokens())
            template = _templates[text] = reading.graph
        made: list[Value] = []
        for node, (primitive, below, _, _) in enumerate(template):
            if primitive is VARIABLE:
                made.append(values[OPERANDS.index(template.names[node])])
            elif not below:
                number, known = template.constants[node], template.names.get(node, "")
                made.append(self.graph.constant(number, span, known))
            else:
                arguments = tuple(made[operand] for operand in below)
                made.append(self.meaning.apply(primitive.code, arguments, *span))
        return made[-1]
