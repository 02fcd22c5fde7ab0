"""THE table of functions of whole arrays: each declared once, for the text and for numpy alike.

Such a function is no primitive; it is made of them, one scalar node an element. To add one, write
how it is made (a function of a ``Maker`` and of arrays of nodes, in ``reductions``, ``shapes`` or
``linear``) and add a row. A row says its name, its parameters, what makes it, and a line of doc:

``parameters``
    their names in order; those in brackets may be left out. What is called ``axis``, ``axes``,
    ``shape``, ``n``, ``k``, ``ddof``, ``keepdims`` or ``p`` is a plain number (or several) that is
    known while the text is read, the others are arrays. After ``*`` a parameter goes by its name
    only (``axis=0``).
``many``
    numbers may stand in place of the array: ``sum(x, y, z)``.

The table is read without numpy; what makes a function is imported when it is first called.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from gradcalc.errors import Span
from gradcalc.functions.primitives import known_elsewhere
from gradcalc.functions.row import Lazy
from gradcalc.graph.graph import Graph
from gradcalc.language.arrays import Sizes, Value, charge
from gradcalc.limits import MOST_AXES

if TYPE_CHECKING:
    from gradcalc.language.making import Maker

making: Any = Lazy("gradcalc.language.making")
reductions: Any = Lazy("gradcalc.language.reductions")
shapes: Any = Lazy("gradcalc.language.shapes")
linear: Any = Lazy("gradcalc.language.linear")

MANY = 1_000_000


class Structural:
    """A function of whole arrays."""

    def __init__(
        self,
        name: str,
        parameters: str,
        make: Any,
        doc: str,
        many: bool = False,
        aliases: tuple[str, ...] = (),
        elsewhere: str = "",
    ) -> None:
        self.name, self.parameters, self.make, self.doc = name, parameters, make, doc
        self.many, self.aliases = many, aliases
        known_elsewhere(name, elsewhere)

    @cached_property
    def names(self) -> list[str]:
        """Of the parameters that may stand in their place."""
        return [name.strip("[] ") for name in self.parameters.partition("*")[0].split(",")
                if name.strip()]  # fmt: skip

    @cached_property
    def only_by_name(self) -> list[str]:
        return [name.strip("[] ") for name in self.parameters.partition("*")[2].split(",")[1:]]

    @cached_property
    def spread(self) -> bool:
        """Whether it takes any number of arrays: ``concat(a, b, c)``."""
        return "*" in self.parameters

    @cached_property
    def least(self) -> int:
        return self.spread + sum("[" not in p for p in self.parameters.partition("*")[0].split(",")
                                 if p.strip())  # fmt: skip

    @cached_property
    def most(self) -> int:
        if self.many or self.spread:
            return MANY
        return len(self.names) + (MOST_AXES - 1 if "shape" in self.names else 0)

    @property
    def usage(self) -> str:
        """A call with what cannot be left out: ``solve(a, b)``."""
        needed = [name for name in self.parameters.split(",") if "[" not in name]
        return f"{self.name}({', '.join(name.strip(' *') for name in needed)})"

    def build(
        self,
        graph: Graph,
        values: Sequence[Value],
        span: Span,
        keywords: Mapping[str, Value] | None = None,
    ) -> Value:
        """What a call in a text comes to. Raises Sizes for arguments that do not fit."""
        maker: Maker = making.Maker(graph, span, self.name)
        argument = making.argument
        charge(graph, sum([1 if isinstance(value, int) else value.size for value in values]))
        if self.many and all(isinstance(value, int) for value in values):
            values = [maker.stacked(values)]
        known = {}
        for name, value in self._checked(keywords).items() if keywords else ():
            known[name] = argument(maker, name, [value])
        if self.spread:
            return maker.value(self.make.resolve()(maker, *values, **known))
        if "shape" in self.names:
            place = self.names.index("shape")
            values, rest = values[:place], values[place:]
            known["shape"] = argument(maker, "shape", rest)
        if len(values) > len(self.names):
            raise Sizes(f"{self.name} takes one array, or numbers")
        known |= {
            name: argument(maker, name, [value])
            for name, value in zip(self.names, values, strict=False)
        }
        return maker.value(self.make.resolve()(maker, **known))

    def _checked(self, keywords: Mapping[str, Value]) -> Mapping[str, Value]:
        for name in keywords:
            if name not in (*self.names, *self.only_by_name):
                raise Sizes(f"{self.name} takes no argument by the name of '{name}'")
        return keywords


_OVER_AXES = "a, [axis], [keepdims]"


def _table(*rows: Structural) -> dict[str, Structural]:
    return {word: row for row in rows for word in (row.name, *row.aliases)}


STRUCTURAL = _table(
    Structural("sum", _OVER_AXES, reductions.total,
               "sum of the elements, or along an axis", many=True,
               elsewhere="reduce_sum summe somme suma"),
    Structural("mean", _OVER_AXES, reductions.mean,
               "arithmetic mean of the elements", many=True, aliases=("average",),
               elsewhere="reduce_mean mittelwert moyenne promedio"),
    Structural("prod", _OVER_AXES, reductions.product,
               "product of the elements", many=True),
    Structural("max", "*a, [axis], [keepdims]", reductions.largest,
               "largest of many, or of an array"),
    Structural("min", "*a, [axis], [keepdims]", reductions.smallest,
               "smallest of many, or of an array"),
    Structural("var", "a, [axis], [ddof], [keepdims]", reductions.variance,
               "mean squared distance from the mean; with ddof=1 that of a sample", many=True),
    Structural("std", "a, [axis], [ddof], [keepdims]", reductions.deviation,
               "square root of var", many=True),
    Structural("norm", "a, [p], [axis], [keepdims]", reductions.norm,
               "Euclidean length, without overflow; with p the p-norm", many=True),
    Structural("logsumexp", _OVER_AXES, reductions.logsumexp,
               "log of the sum of exp, without overflow", many=True),
    Structural("softmax", "a, [axis]", reductions.softmax,
               "exp(a)/sum(exp(a)), without overflow", many=True),
    Structural("log_softmax", "a, [axis]", reductions.log_softmax,
               "log(softmax(a)), where softmax is 0 too", many=True),
    Structural("cumsum", "a, [axis]", reductions.cumulated,
               "sums of the elements up to each"),
    Structural("cumprod", "a, [axis]", reductions.cumulated_product,
               "products of the elements up to each"),
    Structural("diff", "a, [n], [axis]", reductions.differences,
               "differences of neighbours"),
    Structural("dot", "a, b", linear.dot,
               "sum of the products of two vectors, a @ b"),
    Structural("inner", "a, b", linear.inner,
               "sums of products over the last axes"),
    Structural("outer", "a, b", linear.outer,
               "matrix of the products of each element of a and each of b"),
    Structural("cross", "a, b", linear.cross,
               "vector product in three dimensions"),
    Structural("trace", "a", linear.trace,
               "sum of the diagonal of a matrix", elsewhere="tr"),
    Structural("det", "a", linear.det,
               "determinant"),
    Structural("inv", "a", linear.inv,
               "inverse of a matrix"),
    Structural("solve", "a, b", linear.solve,
               "x with a @ x = b"),
    Structural("transpose", "a, [axes]", shapes.transpose,
               "rows and columns exchanged"),
    Structural("reshape", "a, shape", shapes.reshape,
               "the elements of an array in another shape"),
    Structural("ravel", "a", shapes.ravel,
               "the elements of an array in a row", aliases=("flatten",)),
    Structural("concat", "*a, [axis]", shapes.concat,
               "arrays one after the other", aliases=("concatenate",)),
    Structural("diag", "a, [k]", shapes.diag,
               "diagonal of a matrix, or the matrix of a diagonal"),
    Structural("zeros", "shape", shapes.zeros,
               "an array of zeros, to be assigned to"),
    Structural("ones", "shape", shapes.ones,
               "an array of ones"),
    Structural("eye", "n", shapes.eye,
               "unit matrix", aliases=("identity",)),
)  # fmt: skip
"""By name and alias."""


def rows() -> list[Structural]:
    """Each function once."""
    return list({row.name: row for row in STRUCTURAL.values()}.values())
