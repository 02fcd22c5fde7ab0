"""A derivative as formulas: the entries, the parts that they share, and where they hold."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import count
from typing import Any

from gradcalc.calculus.gradients import copy, gradient_graph, jacobian_graph, jvp_graph, vjp_graph
from gradcalc.calculus.kinds import Kind, U, V
from gradcalc.calculus.rules import plain
from gradcalc.errors import BindingError
from gradcalc.formulas.conditions import HYPOT, exclude, members
from gradcalc.formulas.exact import Call, Number, Product, Sum, Symbol
from gradcalc.formulas.reading import read
from gradcalc.formulas.sharing import compact
from gradcalc.formulas.terms import Terms
from gradcalc.formulas.writing import Notation, reachable, write
from gradcalc.functions.primitives import AND, CONSTANTS, FUNCTIONS, NE, OPERANDS, TABLE, WHERE
from gradcalc.graph.graph import Graph
from gradcalc.graph.reach import operands as graph_operands
from gradcalc.language import parse

MOST_CHARACTERS = 2_000_000
"""Of the formulas of one derivative: as much as anybody can do something with."""

Branch = tuple[int, ...]
"""Conditions, all of which hold where a node counts."""

_A_NAME = 25
"""Characters that are gladly read instead of one more name."""
_NAMED = re.compile(r"(?:^|[,;\n])\s*([^\W\d]\w*)\s*=(?!=)\s*")


@dataclass(frozen=True, eq=False)
class Formulas:
    """A derivative of ``graph``. ``entries`` are terms, flat, in the order that ``kind`` implies;
    ``values`` the outputs themselves; ``names`` what the shared parts are called, in the order in
    which they are to be defined (``labels`` what the user calls terms, ``taken`` the names that no
    part can have); ``condition`` where the formulas hold, ``kinks`` where a slope is a convention:
    terms too.
    """

    graph: Graph
    kind: Kind
    terms: Terms
    entries: tuple[int, ...]
    values: tuple[int, ...]
    vector: tuple[int, ...]
    labels: Mapping[int, str]
    taken: frozenset[str]
    names: Mapping[int, str]
    condition: int
    kinks: tuple[int, ...]
    flat: tuple[int, ...] = ()
    """The entries before they were cut into parts that they share."""

    @property
    def shape(self) -> tuple[int, ...]:
        return self.kind.shape(len(self.graph.outputs), len(self.graph.variables))

    def operations(self, terms: Iterable[int] | None = None) -> int:
        """How many it takes to compute the entries (or other terms), what they have in common but
        once."""
        roots = compact(self.terms, self.entries if terms is None else tuple(terms))
        below = reachable(self.terms, roots)
        multiples = {
            (abs(number.value), term)
            for k in below
            for node in [self.terms.nodes[k]]
            if isinstance(node, Sum)
            for number, term in node.terms
            if abs(number.value) != 1
        }
        known = set(below)
        work = 0
        for term in below:
            minus = isinstance(self.terms.nodes[term], Sum) and self.terms.plus([(-1, term)])
            turned = minus and minus in known and minus < term  # only its sign has to be turned
            work += 1 if turned else _operations(self.terms, term)
        return len(multiples) + work

    def shared(self) -> Formulas:
        """The same with names for what stands in several places, where that is shorter."""
        entries, names = _shared(self.terms, self.entries, self.labels, self.taken)
        return replace(self, entries=entries, names=names, flat=self.entries)

    def unshared(self) -> Formulas:
        """The same with every part written out where it stands."""
        return replace(self, entries=self.flat or self.entries, names={}, flat=())

    def beside(self, other: Formulas) -> Formulas:
        """The same, to be read beside the ``other``, of the same terms: what has a name there has
        it here, and no name says two things."""
        return replace(
            self.unshared(),
            labels={**other.names, **self.labels},
            taken=self.taken.union(other.taken, other.names.values()),
        ).shared()

    def spelled(self, notation: Notation) -> tuple[list[tuple[str, str]], list[str]]:
        """The shared parts as (name, formula), and the entries."""
        texts = write(self.terms, (*self.names, *self.entries), notation, self.names)
        parts = [(notation.name(name).text, texts[term].text) for term, name in self.names.items()]
        named = self.names
        entries = [
            notation.name(named[term]).text if term in named else texts[term].text
            for term in self.entries
        ]
        return parts, entries

    def said(self, terms: Iterable[int], notation: Notation) -> list[str]:
        """Conditions, values or the vector, spelled out."""
        roots = list(terms)
        texts = write(self.terms, roots, notation, {})
        return [texts[root].text for root in roots]

    def reread(self, letters: Sequence[str]) -> Graph:
        """What is printed, read again: an output for each entry. ``letters`` are the names in it
        that are not of ``graph``."""
        parts, entries = self.spelled(Notation())
        text = "; ".join([*(f"{name} = {text}" for name, text in parts), *entries])
        return self._read(text, letters)

    def holds(self) -> Graph | None:
        """The condition that is printed, read again: 1 where the formulas hold, or 0. None where
        they hold everywhere."""
        if self.condition == self.terms.one:
            return None
        (text,) = self.said([self.condition], Notation())
        return self._read(f"where({text}, 1, 0)", [])

    def _read(self, text: str, letters: Sequence[str]) -> Graph:
        graph, names = self.graph, self.graph.names
        fixed = {names[k]: value for k, value in graph.constants.items() if k in names}
        bound = [name for name in graph.variables if "[" not in name]
        parameters: dict[str, Any] = {
            name: value
            for name, value in fixed.items()
            if name not in CONSTANTS and "[" not in name
        }
        parameters |= {name: _nested(size, fixed, name) for name, size in _sizes(fixed).items()}
        shapes = _sizes(graph.variables)
        return parse(text, shapes=shapes, parameters=parameters, bound=[*bound, *letters])


def _sizes(names: Iterable[str]) -> dict[str, tuple[int, ...]]:
    """The shapes of the arrays that have elements of these names: ``a[0,1]``."""
    sizes: dict[str, tuple[int, ...]] = {}
    for name in names:
        stem, bracket, index = name.partition("[")
        if bracket:
            ends = [int(k) + 1 for k in index.rstrip("]").split(",")]
            sizes[stem] = tuple(map(max, ends, sizes.get(stem, ends)))
    return sizes


def _nested(size: Sequence[int], values: Mapping[str, float], stem: str) -> list[Any]:
    """An array as nested lists, of its elements by name; 0 where one is not needed."""
    inside = f"{stem.removesuffix(']')}," if stem.endswith("]") else f"{stem}["
    names = [f"{inside}{k}]" for k in range(size[0])]
    if len(size) == 1:
        return [values.get(name, 0.0) for name in names]
    return [_nested(size[1:], values, name) for name in names]


def derive(graph: Graph, kind: Kind, vector: Iterable[float | str] | None = None) -> Formulas:
    """The formulas of ``kind`` of derivative of ``graph``.

    ``vector`` is the v or u of a product, numbers or names; without one its entries are called v1,
    v2, …. Raises UnwritableError for a number that no formula can say.
    """
    base = gradient_graph(graph, plain) if kind.order == 2 else graph
    if kind.vector is V:
        derived = vjp_graph(base, rule=plain)
    elif kind.vector is U:
        derived = jvp_graph(base, rule=plain)
    else:
        derived = jacobian_graph(base, plain) if kind.order else graph
    terms = Terms()
    taken = {*graph.variables, *graph.names.values(), *FUNCTIONS}
    seeds: dict[str, int] = {}
    if kind.vector:
        places = derived.variables[len(graph.variables) :]
        given = (
            list(vector) if vector is not None else _free(kind.vector.letter, len(places), taken)
        )
        if len(given) != len(places):
            raise BindingError(
                f"--{kind.vector.letter} has {len(given)} entries, and there are {len(places)} "
                f"{kind.vector.per}"
            )
        seeds = {
            label: terms.symbol(one) if isinstance(one, str) else terms.double(one)
            for label, one in zip(places, given, strict=True)
        }
        taken.update(one for one in given if isinstance(one, str))
    if not kind.order:
        derived = copy(graph)
    wanted = [*derived.outputs, *graph.outputs] if kind.order else [*graph.outputs] * 2
    derived.outputs = wanted
    found = read(derived, terms, seeds)
    numbers = [terms.as_number(found[node]) for node in wanted]
    entries = tuple(numbers[: len(wanted) - len(graph.outputs)])
    values = tuple(numbers[len(entries) :])
    labels = _of_user(graph, found)
    inner = _inner_lengths(graph) & found.keys()
    domain = _domain(terms, derived, found, _undivided(terms, entries, [found[k] for k in inner]))
    return Formulas(
        graph=graph,
        kind=kind,
        terms=terms,
        entries=entries,
        values=values,
        vector=tuple(seeds.values()),
        labels=labels,
        taken=frozenset(taken),
        names={},
        condition=domain,
        kinks=_kinks(terms, derived, found, domain, inner),
    ).shared()


def _free(letter: str, size: int, taken: set[str]) -> list[str]:
    while any(f"{letter}{k}" in taken for k in range(1, size + 1)):
        letter += "_"
    return [f"{letter}{k}" for k in range(1, size + 1)]


# --- parts -----------------------------------------------------------------------------------


def _shared(
    terms: Terms, entries: tuple[int, ...], labels: Mapping[int, str], taken: Collection[str]
) -> tuple[tuple[int, ...], dict[int, str]]:
    """Names for what stands in several places, where that makes the whole shorter; and the entries,
    cut into parts that products and sums have in common, where that makes it shorter still, by
    enough for the names that a reader then has to look up."""
    length, roots, names = _length(terms, entries, {}), entries, dict[int, str]()
    for cut in dict.fromkeys((entries, compact(terms, entries))):
        found = _names(terms, cut, labels, taken)
        price = _A_NAME * (len(found) - len(names)) if cut != entries else 0
        shorter = _length(terms, cut, found)
        if found and shorter + price < length:
            length, roots, names = shorter, cut, found
    if length > MOST_CHARACTERS:
        raise BindingError(
            f"the formulas would have {length:,} characters, and the most is {MOST_CHARACTERS:,}",
            hint="--at gives the numbers at a point",
        )
    return roots, names


def _names(
    terms: Terms, roots: tuple[int, ...], labels: Mapping[int, str], taken: Collection[str]
) -> dict[int, str]:
    """Names for what is used more than once and long enough for one, in the order of use."""
    used: Counter[int] = Counter(set(roots))
    below = reachable(terms, roots)
    for term in below:
        used.update(terms.below[term])
    often = [term for term in below if used[term] > 1 and _is_long(terms, term)]
    fresh = (f"t{k}" for k in count(1))
    free = iter(name for name in fresh if name not in taken)
    return {term: labels.get(term) or next(free) for term in often}


def _is_long(terms: Terms, term: int) -> bool:
    """Whether a name says it shorter: not of a name, a number, 2*x or x**2."""
    node = terms.nodes[term]
    if isinstance(node, Call):
        return not node.primitive.boolean and terms.sizes[term] > 3
    return _operations(terms, term) > 0 and terms.sizes[term] > 4


def _length(terms: Terms, entries: tuple[int, ...], names: Mapping[int, str]) -> int:
    """Roughly how many characters the formulas take."""
    lengths: dict[int, int] = {}
    total = 0
    for term in reachable(terms, entries):
        node = terms.nodes[term]
        length = sum([lengths[k] + 1 for k in terms.below[term]])
        length += len(node.name) if isinstance(node, Symbol) else 2
        if isinstance(node, Call):
            length += len(node.primitive.name)
        lengths[term] = length
        if term in names:
            lengths[term] = len(names[term])
            total += length + len(names[term]) + 3
    return total + sum(lengths[term] for term in entries)


def _operations(terms: Terms, term: int) -> int:
    """How many operations a term is, its operands and their multiples done."""
    node = terms.nodes[term]
    if isinstance(node, Sum):
        minus = all(number.value < 0 for number, _ in node.terms) and node.constant.value <= 0
        return len(node.terms) - 1 + bool(node.constant.value) + minus
    if isinstance(node, Product):
        exponents = [terms.nodes[exponent] for _, exponent in node.factors]
        plain = [to.value for to in exponents if isinstance(to, Number)]
        powers = len(exponents) - sum(abs(value) == 1 for value in plain)
        inverse = len(plain) == len(exponents) and max(plain) < 0
        return len(node.factors) - 1 + powers + inverse
    return int(isinstance(node, Call))


def _of_user(graph: Graph, found: Mapping[int, int]) -> dict[int, str]:
    """The names that the text itself gives to values: ``r = sqrt(x**2+y**2)``."""
    starts = {match.end(): match[1] for match in _NAMED.finditer(graph.source.text)}
    longest: dict[int, int] = {}
    for node in found:
        if node < len(graph) and graph.starts[node] in starts:
            start = graph.starts[node]
            if start not in longest or graph.ends[node] > graph.ends[longest[start]]:
                longest[start] = node
    labels = {found[node]: starts[start] for start, node in longest.items()}
    return labels if len(set(labels.values())) == len(labels) else {}


# --- where it holds --------------------------------------------------------------------------


def _inner_lengths(graph: Graph) -> set[int]:
    """The lengths of which nothing but longer ones are made: that of three numbers is smooth where
    that of two of them has its kink."""
    hypots = {node for node, code in enumerate(graph.codes) if code == HYPOT.code}
    inner = {operand for node in hypots for operand in graph_operands(graph, node)} & hypots
    inner -= {*graph.outputs}
    for node in range(len(graph)) if inner else ():
        if node not in hypots:
            inner -= {*graph_operands(graph, node)}
    return inner


def _undivided(terms: Terms, entries: Sequence[int], lengths: Iterable[int]) -> set[int]:
    """What would be told of the ``lengths`` that no entry is divided by: that they are not 0."""
    divisors = {
        base
        for term in reachable(terms, entries)
        for node in [terms.nodes[term]]
        if isinstance(node, Product)
        for base, exponent in node.factors
        if isinstance(to := terms.nodes[exponent], Number) and to.value < 0
    }
    return {terms.call(NE, [length, terms.zero]) for length in lengths if length not in divisors}


def _domain(terms: Terms, derived: Graph, found: Mapping[int, int], untold: Collection[int]) -> int:
    """The condition under which every function has a value, but for the ``untold`` ones."""
    variables = {terms.symbol(name) for name in derived.variables}
    return terms.all(
        condition
        for condition in dict.fromkeys(
            terms.either([*map(terms.opposite, branch), each])
            for branch, condition in _conditions(terms, derived, found, "domain")
            for each in members(terms.nodes, AND, condition)
        )
        if condition not in untold and not variables.isdisjoint(reachable(terms, [condition]))
    )


def _kinks(
    terms: Terms, derived: Graph, found: Mapping[int, int], domain: int, smooth: Collection[int]
) -> tuple[int, ...]:
    """Where a function has no derivative and a convention stands in, inside of the ``domain``; but
    for the ``smooth`` nodes."""
    kinks = (
        terms.all([*branch, condition])
        for branch, condition in _conditions(terms, derived, found, "kink", smooth)
    )
    return tuple(
        dict.fromkeys(
            kink
            for kink in kinks
            if not isinstance(terms.nodes[kink], Number) and not exclude(terms.nodes, domain, kink)
        )
    )


def _conditions(
    terms: Terms,
    derived: Graph,
    found: Mapping[int, int],
    column: str,
    without: Collection[int] = (),
) -> Iterable[tuple[Branch, int]]:
    """What a column of the table says of each node ``without`` some, and where the node counts."""
    branches = _branches(terms, derived, found)
    for node in sorted(branches.keys() - without if without else branches):
        primitive = TABLE[derived.codes[node]]
        text = getattr(primitive, column)
        if text and node not in derived.constants:
            condition = _condition(text)
            arguments = (found[k[node]] for k in derived.operands[: primitive.arity])
            bound = dict(zip(OPERANDS, arguments, strict=False))
            yield branches[node], read(condition, terms, bound)[condition.outputs[0]]


_DEEPEST = 6
"""Conditions of one branch: more than anybody reads."""


def _branches(terms: Terms, derived: Graph, found: Mapping[int, int]) -> dict[int, Branch]:
    """For the nodes that count, the conditions under which they do: those of the branches of
    ``where`` on every way from an output, and of what is 0 elsewhere."""
    branches: dict[int, Branch] = dict.fromkeys(derived.outputs, ())

    def enter(node: int, branch: Branch) -> None:
        known = branches.get(node)
        if known is None:
            branches[node] = branch
        elif known:
            branches[node] = tuple(c for c in known if c in branch)

    for node in sorted(found, reverse=True):
        if node not in branches:
            continue
        branch, primitive = branches[node], TABLE[derived.codes[node]]
        below = [column[node] for column in derived.operands[: primitive.arity]]
        if primitive is WHERE:
            condition = found[below[0]]
            sides = [terms.one, condition, terms.opposite(condition)]
        else:
            side = terms.one if primitive.boolean else _support(terms, found[node])
            branches[node] = _within(terms, branch, side)
            sides = [side] * len(below)
        for operand, side in zip(below, sides, strict=False):
            if side != terms.zero:
                enter(operand, _within(terms, branch, side))
    return branches


def _within(terms: Terms, branch: Branch, side: int) -> Branch:
    more = side not in (terms.one, *branch) and len(branch) < _DEEPEST
    return (*branch, side) if more else branch


def _support(terms: Terms, term: int) -> int:
    """Where a formula that is one branch or 0 is not 0."""
    node = terms.nodes[term]
    if isinstance(node, Call) and node.primitive is WHERE and terms.zero in node.operands[1:]:
        condition, yes, _ = node.operands
        return terms.opposite(condition) if yes == terms.zero else condition
    return terms.one


@cache
def _condition(text: str) -> Graph:
    """A condition of the table, on its operands."""
    return parse(text, bound=OPERANDS, flags_are_numbers=True)
