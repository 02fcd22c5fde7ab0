"""Statements → lines of one language: names, nesting, and the parts of what is too long."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import count
from typing import NamedTuple

from gradcalc.code.language import Array, Body, Language, Local, Native, Piece, Routine
from gradcalc.code.statements import Arranged, Scope, arrange, definition, prepared
from gradcalc.code.steps import add
from gradcalc.functions.primitives import DIV, OPERANDS, TABLE, WHERE
from gradcalc.functions.row import Primitive
from gradcalc.graph.graph import Graph
from gradcalc.graph.reach import operands

MOST_IN_A_PART = 1000
"""Assignments in one function: compilers take more than their time over longer ones."""

_TOGETHER = 6
"""Operations that stand in one expression, at most; what is longer is computed in steps."""


class Written(NamedTuple):
    """The body of a function, and the pieces that it is in where it is long."""

    body: Body
    parts: Sequence[tuple[str, Sequence[Array], Body]]


class Helpers:
    """The functions that a file needs beside its own, in the order in which they are defined."""

    def __init__(self, language: Language, prefix: str = "gc_") -> None:
        self.language = language
        self.prefix = prefix
        self.texts: dict[str, list[str]] = {}
        self.parts = 0

    @cached_property
    def wide(self) -> Helpers:
        """Those in doubles, of a file in single precision."""
        return Helpers(type(self.language)(), "gcd_") if self.language.narrow else self

    @property
    def lines(self) -> list[list[str]]:
        """All of them."""
        own = list(self.texts.values())
        if self.wide is self:
            return own
        return [*map(self.language.in_doubles, self.wide.texts.values()), *own]

    def called(self, name: str) -> str:
        return f"{self.language.hidden}{self.prefix}{name}"

    def native(self, key: str) -> str:
        """The name of a helper of no primitive, which is added to the file if it is there."""
        name = self.called(key)
        if key in self.language.natives and key not in self.texts:
            self.texts[key] = self._native(self.language.natives[key], name)
        return name

    def template(self, primitive: Primitive) -> str:
        """How a primitive is called; what it takes is added to the file."""
        found = self.language.functions.get(primitive.name)
        if isinstance(found, str):
            return found
        places = [f"{{{k}}}" for k in range(primitive.arity)]
        if not found and primitive.steps:
            return self._stepwise(primitive, places)
        name = self.called(primitive.name)
        if primitive.name not in self.texts:
            lines = self._native(found, name) if found else self._made(primitive, name)
            self.texts[primitive.name] = lines
        return self.language.call(name, places)

    def _stepwise(self, primitive: Primitive, places: Sequence[str]) -> str:
        name = add(primitive.name, self.wide)
        if self.wide is not self:
            places = [self.language.widened.replace("{0}", place) for place in places]
        if primitive.counts and "by_order" in self.language.natives:
            call = self.language.call(self.wide.native("by_order"), [name, *places])
        else:
            call = self.language.call(name, places)
        return call if self.wide is self else self.language.narrowed.replace("{0}", call)

    def _native(self, native: Native, name: str) -> list[str]:
        text = native.text.replace("{name}", name).replace("{real}", self.language.real)
        return text.strip("\n").split("\n")

    def _made(self, primitive: Primitive, name: str) -> list[str]:
        """From the primitive's definition in gradcalc's own language."""
        graph = prepared(definition(primitive), self.language)
        (output,) = graph.outputs
        names = OPERANDS[: primitive.arity]
        known = dict(zip(graph.variables, graph.inputs, strict=True))
        pieces = {known[name]: Piece(name) for name in names if name in known}
        arranged = arrange(graph, [output], self.language.eager)
        writer = Writer(self.language, arranged, pieces, self, names, ends=[output])
        lines = writer.block(writer.arranged.root)
        lines += self.language.back(writer.value(output).text)
        given = [Local(name) for name in names]
        return self.language.routine(Routine(name, given, False, writer.locals, lines))


class Writer:
    """One function. ``pieces`` has what nodes are called; ``kept`` the places in the array ``room``
    of those that several parts use; ``ends`` are stored in the output."""

    def __init__(
        self,
        language: Language,
        arranged: Arranged,
        pieces: Mapping[int, Piece],
        helpers: Helpers,
        taken: Collection[str],
        kept: Mapping[int, int] | None = None,
        ends: Collection[int] = (),
        room: str = "",
    ) -> None:
        self.language = language
        self.arranged = arranged
        self.graph = arranged.graph
        self.pieces = dict(pieces)
        self.helpers = helpers
        self.locals: list[Local] = []
        self.kept = kept or {}
        self.ends = ends
        self.room = room
        self.mentioned: set[int] = set()
        self._sizes: dict[int, int] = {}
        self._fresh: Iterator[str] = (
            name for k in count(1) for name in [f"t{k}"] if name not in taken
        )

    # --- expressions ------------------------------------------------------------------------------

    def piece(self, node: int) -> Piece:
        """What stands for a node where it is used."""
        if node in self.graph.constants:
            return self.language.number(self.graph.constants[node])
        self.mentioned.add(node)
        return self.pieces[node]

    def value(self, node: int) -> Piece:
        return self.language.as_number(self.piece(node))

    def spelled(self, node: int) -> Piece:
        """A node in terms of its operands."""
        primitive = TABLE[self.graph.codes[node]]
        below = operands(self.graph, node)
        if primitive is WHERE:
            condition = self.language.as_flag(self.piece(below[0]))
            found = self.language.choice(condition, self.value(below[1]), self.value(below[2]))
            assert found is not None
            return found
        if primitive.logical:
            given = [self.language.as_flag(self.piece(operand)) for operand in below]
        else:
            given = [self.value(operand) for operand in below]
        template = self.helpers.template(primitive)
        if primitive is DIV and self.graph.constants.get(below[1]):
            template = "{0} / {1}"  # by a number that is not 0: nothing can go wrong
        return self.language.apply(primitive, given, template)

    # --- statements -------------------------------------------------------------------------------

    def block(self, scope: Scope) -> list[str]:
        """The lines of a scope."""
        return [line for node in scope.nodes for line in self.statement(node)]

    def statement(self, node: int) -> list[str]:
        """The lines that compute a node: none where it can stand where it is used."""
        lines: list[str] = []
        flag = TABLE[self.graph.codes[node]].boolean
        if self.graph.codes[node] == WHERE.code:
            lines, done = self._choice(node)
            if done:
                return lines
        piece, size = self.spelled(node), self._size(node)
        short = size <= _TOGETHER or node in self.ends
        if self.arranged.uses[node] == 1 and short and node not in self.kept:
            self.pieces[node], self._sizes[node] = piece, size
            return lines
        return [*lines, self._stored(node, piece, flag)]

    def _size(self, node: int) -> int:
        return 1 + sum(self._sizes.get(operand, 0) for operand in operands(self.graph, node))

    def _stored(self, node: int, piece: Piece, flag: bool) -> str:
        if node in self.kept:
            target = self._place(node)
            return self.language.assign(target, self.language.as_number(piece).text)
        local = self._local(node, flag)
        return self.language.define(local, piece.text)

    def _place(self, node: int) -> str:
        work = Array(self.room, (len(self.kept),), room=True)
        place = self.language.element(work, self.kept[node])
        self.pieces[node] = Piece(place)
        return place

    def _local(self, node: int, flag: bool) -> Local:
        local = Local(next(self._fresh), flag)
        self.locals.append(local)
        self.pieces[node] = Piece(local.name, flag=flag)
        return local

    def _choice(self, node: int) -> tuple[list[str], bool]:
        """The branches of a ``where``; whether that is all, or an expression will do."""
        condition, *ends = operands(self.graph, node)
        inside = [self.arranged.branches.get((node, k)) for k in (1, 2)]
        lines = [self.block(scope) if scope else [] for scope in inside]
        tested = self.language.as_flag(self.piece(condition))
        values = [self.value(end) for end in ends]
        if not any(lines) and self.language.choice(tested, *values) is not None:
            return [], False
        if node in self.kept:
            head, target = [], self._place(node)
        else:
            local = self._local(node, False)
            head, target = self.language.declare(local), local.name
        then, other = (
            [*block, self.language.assign(target, value.text)]
            for block, value in zip(lines, values, strict=True)
        )
        return [*head, *self.language.branch(tested.text, then, other)], True


# --- a whole function -----------------------------------------------------------------------------


class _Chunk(NamedTuple):
    """Lines that stay together: one statement of the outermost scope, or one entry of the output.
    ``defines`` is the node that it gives a name to, ``mentions`` those that it needs."""

    lines: Sequence[str]
    defines: int | None
    mentions: frozenset[int]
    locals: Sequence[Local]
    stores: int | None = None


def write(
    language: Language,
    graph: Graph,
    output: Array,
    leaves: Mapping[int, tuple[Piece, str | None]],
    helpers: Helpers,
    taken: Collection[str],
    room: str,
    part_name: Callable[[int], str],
    inputs: Sequence[Array],
) -> Written:
    """The body of a function. ``leaves`` says what inputs are called, and what they are where they
    have to be unpacked first; the parts of a long one are called ``part_name(k)`` and hand on what
    is in the array ``room``."""
    outputs = graph.outputs
    stored = [k for k, node in enumerate(outputs) if graph.constants.get(node) != 0.0]
    roots = [outputs[k] for k in stored]
    arranged = arrange(graph, roots, language.eager)
    ends = frozenset(roots)

    def chunks(kept: Mapping[int, int]) -> list[_Chunk]:
        pieces = {node: piece for node, (piece, _) in leaves.items()}
        writer = Writer(language, arranged, pieces, helpers, taken, kept, ends, room)
        return list(_chunks(writer, stored, outputs, output, leaves))

    filled = len(stored) < len(outputs)
    whole = chunks({})
    unpacked = [node for node, (_, packed) in leaves.items() if packed is not None]
    cuts = _cut(whole, frozenset(unpacked))
    if len(cuts) == 1:
        whole.sort(key=lambda chunk: -1 if chunk.stores is None else chunk.stores)
        return Written(_body(language, whole, leaves, filled), ())
    kept = _crossing(whole, cuts)
    again = chunks(kept)
    work = Array(room, (max(1, len(kept)),), room=True)
    arrays = (*inputs, work, output)
    parts = [
        (part_name(k + 1), arrays, _body(language, again[start:stop], leaves, False))
        for k, (start, stop) in enumerate(cuts)
    ]
    calls = [line for name, _, _ in parts for line in language.run_part(name, arrays)]
    return Written(Body([*language.work(work), *calls], [], filled), parts)


def _chunks(
    writer: Writer,
    stored: Sequence[int],
    outputs: Sequence[int],
    output: Array,
    leaves: Mapping[int, tuple[Piece, str | None]],
) -> Iterator[_Chunk]:
    """The statements of the outermost scope, and each entry as soon as it is known."""
    language = writer.language
    waiting: dict[int, list[int]] = {}
    for k in stored:
        waiting.setdefault(outputs[k], []).append(k)
    pending: dict[int, frozenset[int]] = {}  # of what stands where it is used: what it mentions

    def mentions() -> frozenset[int]:
        found: set[int] = set()
        for node in writer.mentioned:
            found |= pending.get(node, {node})
        writer.mentioned = set()
        return frozenset(found)

    def entry(node: int, k: int) -> _Chunk:
        line = language.assign(language.element(output, k), writer.value(node).text)
        return _Chunk([line], None, mentions(), (), k)

    scope_nodes = set(writer.arranged.root.nodes)
    for node, places in waiting.items():
        if node not in scope_nodes:
            yield from (entry(node, k) for k in places)
    for node in writer.arranged.root.nodes:
        before = len(writer.locals)
        lines = writer.statement(node)
        found = mentions()
        if lines:
            yield _Chunk(lines, node, found, writer.locals[before:])
        else:
            pending[node] = found
        yield from (entry(node, k) for k in waiting.get(node, ()))


def _body(
    language: Language,
    chunks: Sequence[_Chunk],
    leaves: Mapping[int, tuple[Piece, str | None]],
    filled: bool,
) -> Body:
    used = set().union(*(chunk.mentions for chunk in chunks)) if chunks else set()
    lines, locals_ = [], []
    for node in sorted(used & leaves.keys()):
        piece, packed = leaves[node]
        if packed is not None:
            local = Local(piece.text)
            lines.append(language.define(local, packed))
            locals_.append(local)
    for chunk in chunks:
        lines += chunk.lines
        locals_ += chunk.locals
    return Body(lines, locals_, filled)


def _cut(chunks: Sequence[_Chunk], unpacked: frozenset[int]) -> list[tuple[int, int]]:
    """Where the parts begin and end; what is unpacked in each is counted too."""
    cuts, start, size, known = [], 0, 0, set[int]()
    for k, chunk in enumerate(chunks):
        new = (chunk.mentions & unpacked) - known
        if size and size + len(chunk.lines) + len(new) > MOST_IN_A_PART:
            cuts.append((start, k))
            start, size, known = k, 0, set()
            new = chunk.mentions & unpacked
        size += len(chunk.lines) + len(new)
        known |= new
    return [*cuts, (start, len(chunks))]


def _crossing(chunks: Sequence[_Chunk], cuts: Sequence[tuple[int, int]]) -> dict[int, int]:
    """The nodes that are named in one part and used in another, and their places."""
    home: dict[int, int] = {}
    kept: dict[int, int] = {}
    for part, (start, stop) in enumerate(cuts):
        for chunk in chunks[start:stop]:
            for node in chunk.mentions:
                if home.get(node, part) != part:
                    kept.setdefault(node, len(kept))
            if chunk.defines is not None:
                home[chunk.defines] = part
    return kept
