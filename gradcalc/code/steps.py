"""Functions of ``gradcalc.functions.doubles`` → helper functions in a language.

They are read as text: Python's own parser gives the statements, and the language's writer the
lines. A value is a double or a pair of two, which is known by the annotations of the functions.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple, Protocol

from gradcalc.code.language import Language, Local, Piece, Routine
from gradcalc.functions.primitives import (
    ADD,
    AND,
    DIV,
    MUL,
    NEG,
    OR,
    SUB,
    TABLE,
)
from gradcalc.functions.row import Primitive

PAIR = "Long"
_ARITHMETIC = {ast.Add: ADD, ast.Sub: SUB, ast.Mult: MUL, ast.Div: DIV}
_OF_PAIRS = {ast.Add: "plus", ast.Mult: "times", ast.Div: "over"}
_COMPARISONS = {ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge", ast.Eq: "eq",
                ast.NotEq: "ne"}  # fmt: skip
_BY_NAME = {primitive.name: primitive for primitive in TABLE}


class Helpers(Protocol):
    """The helper functions of a file, by the name that they have here; ``parts`` counts pieces."""

    language: Language
    texts: dict[str, list[str]]
    parts: int

    def called(self, name: str) -> str: ...

    def native(self, key: str) -> str: ...

    def template(self, primitive: Primitive) -> str: ...


class Value(NamedTuple):
    """What an expression is in the language; ``pair``: of two doubles."""

    piece: Piece
    pair: bool = False


class Library(NamedTuple):
    """All that the files define."""

    functions: Mapping[str, ast.FunctionDef]
    constants: Mapping[str, ast.expr]


@cache
def library() -> Library:
    """The files of ``functions/doubles``, parsed."""
    functions: dict[str, ast.FunctionDef] = {}
    constants: dict[str, ast.expr] = {}
    for file in files("gradcalc.functions.doubles").iterdir():
        if file.name.endswith(".py"):
            for node in ast.parse(file.read_text("utf-8")).body:
                if isinstance(node, ast.FunctionDef):
                    functions[node.name] = node
                elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                    constants[node.targets[0].id] = node.value
    return Library(functions, constants)


def is_pair(annotation: ast.expr | None) -> bool:
    return isinstance(annotation, ast.Name) and annotation.id == PAIR


def add(name: str, helpers: Helpers) -> str:
    """What the function is called there; it is added to the helpers, after all that it calls."""
    called = helpers.called(name)
    if name not in helpers.texts:
        node = library().functions[name]
        given = [Local(one.arg, pair=is_pair(one.annotation)) for one in node.args.args]
        lines = Function(helpers, name, is_pair(node.returns)).text(called, given, node.body)
        helpers.texts[name] = lines
    return called


class Function:
    """One function, being written. ``before`` are lines that the statement at hand needs first."""

    def __init__(self, helpers: Helpers, name: str, pair: bool) -> None:
        self.helpers, self.name, self.pair = helpers, name, pair
        self.language: Language = helpers.language
        self.locals: dict[str, Local] = {}
        self.given: set[str] = set()
        self.literals: dict[str, Value] = {}
        self.before: list[str] = []

    def text(self, called: str, given: Sequence[Local], body: Sequence[ast.stmt]) -> list[str]:
        self.locals = {local.name: local for local in given}
        self.given = set(self.locals)
        lines = self.block(body)
        own = [local for name, local in self.locals.items() if name not in self.given]
        lines = [*self.language.variables(own), *lines]
        return self.language.routine(Routine(called, given, self.pair, own, lines))

    # --- statements -------------------------------------------------------------------------------

    def block(self, body: Sequence[ast.stmt]) -> list[str]:
        lines: list[str] = []
        for k, node in enumerate(body):
            if isinstance(node, ast.If) and self.language.eager:
                return [*lines, *self._chosen(node, body[k + 1 :])]
            found = self.statement(node)
            lines += [*self.before, *found]
            self.before = []
        return lines

    def statement(self, node: ast.stmt) -> list[str]:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            return [self._assigned(node.targets[0].id, self.value(node.value))]
        if isinstance(node, ast.Return) and node.value is not None:
            return self.language.back(self.value(node.value).piece.text)
        if isinstance(node, ast.If):
            condition = self.value(node.test).piece.text
            before, self.before = self.before, []
            return [*before, *self.language.branch(condition, self.block(node.body))]
        if isinstance(node, ast.For) and isinstance(node.iter, ast.Name):
            return self._unrolled(node.target, node.iter.id, node.body)
        if isinstance(node, ast.For) and isinstance(node.target, ast.Name):
            return self._repeated(node.target.id.strip("_"), node.iter, node.body)
        assert isinstance(node, ast.Expr), ast.dump(node)  # what it is in words
        return []

    def _assigned(self, name: str, value: Value) -> str:
        local = self.locals.setdefault(name, Local(name, pair=value.pair))
        assert local.pair == value.pair, f"{self.name}: {name} is a double here, a pair there"
        return self.language.assign(name, value.piece.text)

    def _unrolled(self, target: ast.expr, table: str, body: Sequence[ast.stmt]) -> list[str]:
        """The body for each row of a table: numbers, or tuples of them for as many names."""
        rows, lines = library().constants[table], list[str]()
        assert isinstance(rows, ast.Tuple)
        names = target.elts if isinstance(target, ast.Tuple) else [target]
        for row in rows.elts:
            for name, entry in zip(names, row.elts if isinstance(row, ast.Tuple) else [row],
                                   strict=True):  # fmt: skip
                assert isinstance(name, ast.Name)
                self.literals[name.id] = self.value(entry)
            lines += self.block(body)
        return lines

    def _repeated(self, name: str, over: ast.expr, body: Sequence[ast.stmt]) -> list[str]:
        assert isinstance(over, ast.Call)
        *start, stop = (self.value(end).piece for end in over.args)
        first = start[0].text if start else self.language.number(0.0).text
        before = [*self.before, self._assigned(name, Value(Piece(first)))]
        self.before = []
        counter = Piece(name)
        one = self.language.apply(ADD, [counter, self.language.number(1.0)])
        lines = [*self.block(body), self.language.assign(name, one.text)]
        less = self.language.apply(_BY_NAME["lt"], [counter, stop])
        return [*before, *self.language.loop(less.text, lines)]

    def _chosen(self, node: ast.If, rest: Sequence[ast.stmt]) -> list[str]:
        """Where all values are arrays, the two ends are functions of their own."""
        condition = self.value(node.test).piece.text
        before, self.before = self.before, []
        used = {
            name.id
            for one in (*node.body, *rest)
            for name in ast.walk(one)
            if isinstance(name, ast.Name)
        }
        given = [local for name, local in self.locals.items() if name in used]
        ends = []
        for body in (node.body, rest):
            self.helpers.parts += 1
            called = f"{self.helpers.called(self.name)}_{self.helpers.parts}"
            end = Function(self.helpers, self.name, self.pair)
            self.helpers.texts[called] = end.text(called, given, body)
            ends.append(called)
        call = self.language.call(
            self.helpers.native("choose"), [condition, *ends, *(local.name for local in given)]
        )
        return [*before, *self.language.back(call)]

    # --- expressions ------------------------------------------------------------------------------

    def value(self, node: ast.expr) -> Value:
        found: Value = getattr(self, f"_{type(node).__name__.lower()}")(node)
        return found

    def _constant(self, node: ast.Constant) -> Value:
        assert isinstance(node.value, float)
        return Value(self.language.number(node.value))

    def _name(self, node: ast.Name) -> Value:
        if node.id in self.literals:
            return self.literals[node.id]
        if node.id in self.locals:
            return Value(Piece(node.id), self.locals[node.id].pair)
        if node.id in ("INF", "NAN"):
            return Value(Piece(self.language.special[node.id == "NAN"]))
        return self.value(library().constants[node.id])

    def _attribute(self, node: ast.Attribute) -> Value:
        """One of a pair."""
        pair = self.value(node.value).piece.text
        if not isinstance(node.value, ast.Name) or node.value.id not in self.locals:
            pair = self._kept(Value(Piece(pair), True)).piece.text
        return Value(Piece(self.language.halves[node.attr == "lo"].replace("{0}", pair)))

    def _kept(self, value: Value) -> Value:
        """A value as a local variable."""
        names = (f"{'p' if value.pair else 'v'}{k}" for k in range(1, 1000))
        name = next(name for name in names if name not in self.locals)
        self.before.append(self._assigned(name, value))
        return Value(Piece(name), value.pair)

    def _unaryop(self, node: ast.UnaryOp) -> Value:
        assert isinstance(node.op, ast.USub)
        if isinstance(node.operand, ast.Constant):
            assert isinstance(node.operand.value, float)
            return Value(self.language.number(-node.operand.value))
        value = self.value(node.operand)
        if value.pair:
            return self._called("negative", [value])
        return Value(self.language.apply(NEG, [value.piece]))

    def _binop(self, node: ast.BinOp) -> Value:
        return self.combined(type(node.op), self.value(node.left), self.value(node.right))

    def combined(self, kind: type[ast.operator], left: Value, right: Value) -> Value:
        if not left.pair and not right.pair:
            primitive = _ARITHMETIC[kind]
            template = "{0} / {1}" if primitive is DIV else ""
            return Value(self.language.apply(primitive, [left.piece, right.piece], template))
        if kind is ast.Mult and not (left.pair and right.pair):
            return self._called("scaled", [left, right] if left.pair else [right, left])
        left, right = self._pair(left), self._pair(right)
        if kind is ast.Sub:
            kind, right = ast.Add, self._called("negative", [right])
        return self._called(_OF_PAIRS[kind], [left, right])

    def _pair(self, value: Value) -> Value:
        zero = Value(self.language.number(0.0))
        return value if value.pair else self._made([value, zero])

    def _made(self, halves: Sequence[Value]) -> Value:
        pair = self.language.pair.replace("{name}", self.helpers.native("pair"))
        return Value(Piece(self.language.filled(pair, [half.piece for half in halves])), True)

    def _compare(self, node: ast.Compare) -> Value:
        (operator,), (right,) = node.ops, node.comparators
        primitive = _BY_NAME[_COMPARISONS[type(operator)]]
        sides = [self.value(node.left).piece, self.value(right).piece]
        return Value(self.language.apply(primitive, sides))

    def _boolop(self, node: ast.BoolOp) -> Value:
        primitive = AND if isinstance(node.op, ast.And) else OR
        first, *others = (self.value(one).piece for one in node.values)
        for other in others:
            first = self.language.apply(primitive, [first, other])
        return Value(first)

    def _ifexp(self, node: ast.IfExp) -> Value:
        condition, *ends = (self.value(one).piece for one in (node.test, node.body, node.orelse))
        found = self.language.choice(condition, *ends)
        if found is not None:
            return Value(found)
        kept = self._kept(Value(ends[1]))
        then = [self.language.assign(kept.piece.text, ends[0].text)]
        self.before += self.language.branch(condition.text, then)
        return kept

    def _call(self, node: ast.Call) -> Value:
        assert isinstance(node.func, ast.Name)
        name = node.func.id
        if name == "polynomial":
            return self._polynomial(*node.args)
        given = [self.value(one) for one in node.args]
        if name == PAIR:
            return self._made(given)
        if name in library().functions and name not in _OWN:
            return self._called(name, given)
        primitive = DIV if name == "quotient" else _BY_NAME[name]
        template = self.helpers.template(primitive)
        return Value(self.language.apply(primitive, [one.piece for one in given], template))

    def _called(self, name: str, given: Sequence[Value]) -> Value:
        called = add(name, self.helpers)
        text = self.language.call(called, [one.piece.text for one in given])
        return Value(Piece(text), is_pair(library().functions[name].returns))

    def _polynomial(self, table: ast.expr, x: ast.expr) -> Value:
        assert isinstance(table, ast.Name)
        coefficients = library().constants[table.id]
        assert isinstance(coefficients, ast.Tuple)
        last, *others = (self.value(one) for one in reversed(coefficients.elts))
        at, kept = self.value(x), self._kept(last)
        for one in others:
            value = self.combined(ast.Add, self.combined(ast.Mult, kept, at), one)
            self.before.append(self.language.assign(kept.piece.text, value.piece.text))
        return kept


_OWN = ("quotient", "polynomial")
