"""A graph and what is wanted of it → the functions of a file in another language."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from itertools import count as count_from
from typing import NamedTuple

from gradcalc.calculus.gradients import copy, gradient_graph, jacobian_graph, jvp_graph, vjp_graph
from gradcalc.calculus.kinds import KINDS, OUTPUTS, Kind, V
from gradcalc.code.language import PATTERN, Array, Exported, Language, Piece, Signature, Vectors
from gradcalc.code.languages import LANGUAGES
from gradcalc.code.names import key, renamed, require_name, words
from gradcalc.code.statements import prepared
from gradcalc.code.writer import Helpers, write
from gradcalc.errors import BindingError, UsageError, count
from gradcalc.errors.text import safe
from gradcalc.graph.graph import Graph
from gradcalc.limits import MOST_ENTRIES

WHAT = {
    kind.name if kind.order else "f": (kind.name, *kind.in_code)
    for kind in sorted(KINDS.values(), key=lambda kind: (kind.order, kind.vector is not None))
}
"""What there is to print: the kind of answer (``calculus.kinds``), what its array is called, and
what is said of it."""


@dataclass(frozen=True, eq=False)
class Target:
    """A function that is wanted: ``derived`` is the graph of its entries, of the inputs x and then
    the vector; ``entries`` are the places (row, column) of a sparse matrix of the shape
    ``whole``."""

    what: str
    kind: Kind
    derived: Graph
    signature: Signature
    entries: tuple[tuple[int, int], ...] | None = None
    whole: tuple[int, int] = (0, 0)

    @property
    def exported(self) -> Exported:
        """What others see of it."""
        if self.entries is None:
            return Exported(self.signature)
        return Exported(self.signature, self.whole)


class Printed(NamedTuple):
    """The functions of a file: ``pieces`` are helpers and functions, each as lines. ``operations``
    counts those of each target; ``renamed`` are variables that are called otherwise here."""

    graph: Graph
    language: Language
    name: str
    targets: tuple[Target, ...]
    pieces: tuple[tuple[str, ...], ...]
    operations: tuple[int, ...]
    renamed: tuple[tuple[str, str], ...]
    letters: Mapping[str, str]

    @property
    def functions(self) -> str:
        """The functions alone, as text: no head, no test."""
        return "\n".join(line for piece in self.pieces for line in ("", *piece)).lstrip("\n") + "\n"

    def text(
        self, verdict: Sequence[str] = (), vectors: Vectors | None = None, by: str = "gradcalc"
    ) -> str:
        """The file: ``verdict`` is what its head says of the gate, ``vectors`` what it tests itself
        by, ``by`` who made it."""
        test = self.language.test(self.name, vectors) if vectors else []
        code = [line for piece in self.pieces for line in ("", *piece)]
        exported = [target.exported for target in self.targets]
        top = head(self, verdict, by)
        lines = self.language.file(self.name, top, [*code, *test], exported)
        return "\n".join(lines) + "\n"


def language_of(name: str, single: bool = False) -> Language:
    """A language by name. Raises UsageError where there is none, or no single precision in it."""
    if name not in LANGUAGES:
        raise UsageError(f"language {name!r} is none of {', '.join(LANGUAGES)}")
    language = LANGUAGES[name](single)
    if single and not language.single:
        having = [one for one, kind in LANGUAGES.items() if kind.single]
        raise UsageError(
            f"{language.title} has no numbers of single precision",
            hint=f"--float is for {', '.join(having)}",
        )
    return language


def generate(
    graph: Graph,
    to: str,
    what: Sequence[str] = ("f", "jacobian"),
    *,
    name: str = "f",
    single: bool = False,
    sparse: bool = False,
) -> Printed:
    """Functions of ``graph`` in the language ``to``: ``NAME`` for its values, ``NAME_jacobian`` and
    so on for what else of ``WHAT`` is wanted.

    Raises UsageError for names that cannot be, BindingError for what the graph has not, and
    MissingError for a primitive that the language lacks.
    """
    language = language_of(to, single)
    require_name(language, name)
    letters = _letters(language, graph.variables)
    targets = tuple(
        _target(language, graph, one, name, letters, sparse) for one in dict.fromkeys(what)
    )
    helpers = Helpers(language)
    bodies: list[list[str]] = []
    operations = []
    own = {"k", *letters.values(), *(target.signature.name for target in targets)}
    variables = renamed(language, graph.variables, own)
    for target in targets:
        lines, size = _function(language, graph, target, variables, own, letters, helpers)
        bodies += lines
        operations.append(size)
    pieces = [*helpers.lines, *bodies]
    for target in targets:
        pieces += _pattern(language, target)
    different = [(a, b) for a, b in zip(graph.variables, variables, strict=True)
                 if a != b and "[" not in a]  # fmt: skip
    return Printed(
        graph,
        language,
        name,
        targets,
        tuple(map(tuple, pieces)),
        tuple(operations),
        tuple(different),
        letters,
    )


def _letters(language: Language, variables: Sequence[str]) -> dict[str, str]:
    """What the arrays are called: x and y, unless variables are."""
    used = {key(language, name) for name in variables} | words(language)
    letters = {}
    for letter in ("x", "y", "J", "g", "H", "v", "u", "w", "work"):
        names = chain([letter, f"{letter}s"], (f"{letter}s{k}" for k in count_from(2)))
        letters[letter] = next(name for name in names if key(language, name) not in used)
        used.add(key(language, letters[letter]))
    return letters


def _target(
    language: Language, graph: Graph, what: str, name: str, letters: Mapping[str, str], sparse: bool
) -> Target:
    if what not in WHAT:
        raise UsageError(f"{what!r} is none of {', '.join(WHAT)}")
    word, letter, doc = WHAT[what]
    kind = KINDS[word]
    m, n = len(graph.outputs), len(graph.variables)
    if kind.of_one and m != 1:
        first = next((name for name in graph.output_names if "[" not in name), "")
        raise BindingError(
            f"a {kind.of_one} is of one output, and there are {m}",
            hint="--what jacobian" + f", or one of them: --outputs {first}" * bool(first),
        )
    shape = kind.shape(m, n) if kind.order else (m,)
    if not sparse and len(shape) == 2 and m * n > MOST_ENTRIES:
        raise BindingError(
            f"a {what} of {m:,} x {n:,} entries is too large",
            hint="--sparse has only those that can be nonzero",
        )
    derived, whole = derive(graph, kind), (shape[0], shape[-1])
    doc, entries = doc.format(**letters), None
    if sparse and len(shape) == 2:
        wide = shape[1]
        kept = [k for k, node in enumerate(derived.outputs) if derived.constants.get(node) != 0.0]
        entries = tuple(divmod(k, wide) for k in kept)
        derived.outputs = [derived.outputs[k] for k in kept]
        shape, doc = (len(kept),), f"{doc}; the entries that can be nonzero"
    inputs = [Array(letters["x"], (n,))]
    if kind.vector:
        size = m if kind.vector.per == OUTPUTS else n
        inputs.append(Array(letters[kind.vector.letter], (size,)))
    signature = Signature(
        language.own_name(name, what), tuple(inputs), Array(letters[letter], shape), doc
    )
    return Target(what, kind, derived, signature, entries, whole)


def derive(graph: Graph, kind: Kind) -> Graph:
    """The graph of the entries, flat."""
    if not kind.order:
        same = copy(graph)
        same.outputs, same.output_names = list(graph.outputs), list(graph.output_names)
        return same
    base = gradient_graph(graph) if kind.order == 2 else graph
    if kind.vector is None:
        return jacobian_graph(base)
    return vjp_graph(base) if kind.vector is V else jvp_graph(base)


def _function(
    language: Language,
    graph: Graph,
    target: Target,
    variables: Sequence[str],
    used: Collection[str],
    letters: Mapping[str, str],
    helpers: Helpers,
) -> tuple[list[list[str]], int]:
    """A function and its parts, and how many operations it is."""
    ready = prepared(target.derived, language)
    signature = target.signature
    n = len(graph.variables)
    leaves: dict[int, tuple[Piece, str | None]] = {}
    for k, node in enumerate(ready.inputs):
        array = signature.inputs[k >= n]
        element = language.element(array, k if k < n else k - n)
        leaves[node] = (Piece(variables[k]), element) if k < n else (Piece(element), None)
    written = write(
        language,
        ready,
        signature.output,
        leaves,
        helpers,
        {*variables, *used},
        letters["work"],
        lambda k: f"{language.hidden}{signature.name}_part{k}",
        signature.inputs,
    )
    pieces = [language.part(name, arrays, body) for name, arrays, body in written.parts]
    size = sum(node not in ready.constants and node not in leaves for node in range(len(ready)))
    return [*pieces, language.function(signature, written.body)], size


def _pattern(language: Language, target: Target) -> list[list[str]]:
    if target.entries is None:
        return []
    own = target.signature.name
    rows, columns = ([place[k] for place in target.entries] for k in (0, 1))
    size, *places = (f"{own}_{name}" for name in PATTERN)
    lines = language.constant(size, len(target.entries))
    for name, numbers in zip(places, (rows, columns), strict=True):
        lines += language.numbers(name, [number + language.first for number in numbers])
    return [lines]


# --- the head of the file -------------------------------------------------------------------------

_LONG_TEXT = 2000
_MANY = 40


def head(printed: Printed, verdict: Sequence[str], by: str) -> list[str]:
    """What the file says of itself."""
    graph, language = printed.graph, printed.language
    lines = [f"{printed.name}: made by {by} from", ""]
    text = graph.source.text.strip("\n")
    if len(text) > _LONG_TEXT:
        lines.append(f"    {safe(text[:_LONG_TEXT])}... ({len(text):,} characters)")
    else:
        lines += [f"    {safe(line)}" for line in text.split("\n")]
    lines += [
        "",
        *_listed(printed.letters["x"], graph.variables),
        *_listed(printed.letters["y"], graph.output_names),
    ]
    parameters = {graph.names[k]: v for k, v in graph.constants.items() if k in graph.names}
    if parameters:
        lines.append("with " + ", ".join(f"{k} = {v!r}" for k, v in parameters.items()))
    if printed.renamed:
        called = ", ".join(f"{a} is called {b}" for a, b in printed.renamed[:_MANY])
        lines.append(f"where {called}")
    lines.append("")
    for target, size in zip(printed.targets, printed.operations, strict=True):
        own = target.signature
        lines.append(f"{own.name}: {own.doc}; {count(size, 'operation', 'operations')}")
        if target.entries is not None:
            lines.append(
                f"    in the order of {own.name}_rows and {own.name}_cols, from {language.first}"
            )
    if any(len(t.signature.output.shape) == 2 for t in printed.targets):
        lines.append(language.layout)
    lines.append("Where a value is not a number, its derivative has no meaning.")
    return [*lines, *verdict]


def _listed(letter: str, names: Sequence[str]) -> list[str]:
    shown = [safe(name) for name in names[:_MANY]]
    more = [f"... {names[-1]}"] if len(names) > _MANY else []
    return [f"{letter} = ({', '.join([*shown, *more])})"] if names else [f"{letter} is empty"]
