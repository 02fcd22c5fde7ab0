"""The kinds of answer: a row says what any part has to know of one.

The values, and the derivatives of first and second order, as a whole or times a vector. A new kind
is a row here, and what is new about it: nothing else asks which kind it has before it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

OUTPUTS, VARIABLES = "outputs", "variables"


class Vector(NamedTuple):
    """What a derivative is multiplied by: the option ``--letter``, a number for each of ``per``."""

    letter: str
    per: str


V = Vector("v", OUTPUTS)  # from the left: vᵀJ
U = Vector("u", VARIABLES)  # from the right: J u, H u


def _slope(row: str, column: str) -> str:
    return f"d{row}/d{column}"


def _second(row: str, column: str) -> str:
    return f"d²f/d{row}²" if row == column else f"d²f/d{row}d{column}"


class Kind(NamedTuple):
    """A kind of answer about m outputs of n variables.

    ``name`` is also its key in JSON, ``word`` the command. ``axes`` are what the entries are
    indexed by; shown as a matrix, its rows and columns are the outputs, the variables, or the one
    that is so called. ``order`` counts differentiations; at 0 there are no entries but the values.
    ``answer`` is what a point (``engine.point.At``) says of it, given the vector and the sweeps to
    make a Jacobian by. ``of_one`` is what needs an expression with one output. ``heading`` (over a
    table), ``symbol`` (LaTeX) and ``head`` (of a column of a batch) are format strings.
    ``otherwise`` is what to type where it is too large. ``in_code`` is what generated code calls
    the array of entries, and says of it.
    """

    name: str
    word: str
    title: str
    order: int
    axes: tuple[str, ...]
    rows: str
    columns: str
    heading: str
    symbol: str
    answer: Callable[[Any, Any, str], Any]
    named: Callable[[str, str], str] = _slope
    head: str = ""
    vector: Vector | None = None
    of_one: str = ""
    otherwise: str = ""
    in_code: tuple[str, str] = ("y", "{y} = f({x})")

    def shape(self, m: int, n: int) -> tuple[int, ...]:
        """The shape of the entries."""
        return tuple([{OUTPUTS: m, VARIABLES: n}[axis] for axis in self.axes])

    def heads(self, outputs: Sequence[str], variables: Sequence[str]) -> list[str]:
        """The columns of a batch that has an answer in each row."""
        names = {OUTPUTS: outputs, VARIABLES: variables}
        return [
            self.head.format(row=row, column=column, output=outputs[0])
            for row in names.get(self.rows, [""])
            for column in names.get(self.columns, [""])
        ]

    @property
    def is_slope(self) -> bool:
        """Whether each entry is the slope of one output along one variable."""
        return self.order == 1 and self.vector is None

    def place(
        self, index: int, outputs: Sequence[str], variables: Sequence[str]
    ) -> tuple[str, str]:
        """Row and column of the flat entry ``index``, '' where there is only the one."""
        names = {OUTPUTS: outputs, VARIABLES: variables}
        rows, columns = names.get(self.rows, [""]), names.get(self.columns, [""])
        row, column = divmod(index, len(columns))
        return rows[row], columns[column]

    def entry(self, index: int, outputs: Sequence[str], variables: Sequence[str]) -> str:
        """What a mathematician would call the flat entry ``index``: df2/dx1."""
        return self.named(*self.place(index, outputs, variables))


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "eval", "eval", "Values", 0, (), OUTPUTS, "value",
            heading="Value{s}", symbol="f",
            answer=lambda at, vector, mode: None,
            named=lambda row, column: row, head="{row}",
        ),
        Kind(
            "gradient", "grad", "Gradient", 1, (VARIABLES,), OUTPUTS, VARIABLES,
            heading="Gradient of {output}", symbol=r"\nabla {output}",
            answer=lambda at, vector, mode: at.jacobian(mode)[..., 0, :],
            head="d/d{column}", of_one="gradient",
            in_code=("g", "{g}: df by d{x}"),
        ),
        Kind(
            "jacobian", "jacobian", "Jacobian", 1, (OUTPUTS, VARIABLES), OUTPUTS, VARIABLES,
            heading="Jacobian: ∂ row / ∂ column",
            symbol=r"\frac{{\partial({outputs})}}{{\partial({variables})}}",
            answer=lambda at, vector, mode: at.jacobian(mode),
            head="d{row}/d{column}",
            otherwise="jacobian --sparse prints the entries that can be nonzero; "
            "vjp and jvp are vectors",
            in_code=("J", "{J}: d{y} by d{x}, a row for each {y}"),
        ),
        Kind(
            "vjp", "vjp", "Vector-Jacobian product vᵀJ", 1, (VARIABLES,), "vᵀJ", VARIABLES,
            heading="vᵀJ: the gradient of {combination}", symbol=r"v^{{\top}} J",
            answer=lambda at, vector, mode: at.vjp(vector),
            named=lambda row, column: f"d(v·f)/d{column}", head="d/d{column}", vector=V,
            in_code=("g", "{g} = {v}'J: the gradient of the sum of {v}*{y}"),
        ),
        Kind(
            "jvp", "jvp", "Jacobian-vector product J·u", 1, (OUTPUTS,), OUTPUTS, "J·u",
            heading="J·u: the rate of change along u", symbol="J u",
            answer=lambda at, vector, mode: at.jvp(vector),
            named=lambda row, column: f"d{row}·u", head="d{row}/du", vector=U,
            in_code=("w", "{w} = J {u}: how {y} changes along {u}"),
        ),
        Kind(
            "hessian", "hessian", "Hessian", 2, (VARIABLES, VARIABLES), VARIABLES, VARIABLES,
            heading="Hessian of {output} = {value}: ∂² / ∂ row ∂ column", symbol="H",
            answer=lambda at, vector, mode: at.hessian(),
            named=_second, head="d2{output}/d{row}d{column}", of_one="Hessian",
            otherwise="hvp is its product with a vector",
            in_code=("H", "{H}: the second derivatives of f by {x}"),
        ),
        Kind(
            "hvp", "hvp", "Hessian-vector product H·u", 2, (VARIABLES,), "H·u", VARIABLES,
            heading="H·u of {output} = {value}: the rate of change of its gradient along u",
            symbol="H u",
            answer=lambda at, vector, mode: at.hvp(vector),
            named=lambda row, column: f"(Hu)[{column}]", head="d2{output}/d{column}du", vector=U,
            of_one="Hessian",
            in_code=("w", "{w} = H {u}: how the gradient changes along {u}"),
        ),
    )
}  # fmt: skip
BY_WORD = {kind.word: kind for kind in KINDS.values()}
