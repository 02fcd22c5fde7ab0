"""What a command found out, as a value: every format is a function of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from gradcalc.calculus.kinds import OUTPUTS, VARIABLES, Kind
from gradcalc.errors import Exit, GradcalcError, UndefinedError
from gradcalc.render.formats import FORMATS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gradcalc.check.verdict import Verdict


@dataclass(frozen=True)
class Answer:
    """The values and the derivative of one expression at one point.

    ``value`` has shape (m,), one entry per output. ``entries`` has the shape that ``kind`` implies:
    (m, n) for a Jacobian, (n, n) for a Hessian, (n,) or (m,) for a vector, None for plain values.
    ``vector`` is the v or u of a product. ``point`` has the coordinates in the order of
    ``variables``, ``at`` the same by the names that were bound. ``undefined`` says why there is a
    NaN in the answer, where there is one.
    """

    command: str
    kind: Kind
    variables: tuple[str, ...]
    outputs: tuple[str, ...]
    at: dict[str, Any]
    point: NDArray[np.float64]
    value: NDArray[np.float64]
    entries: NDArray[np.float64] | None = None
    vector: NDArray[np.float64] | None = None
    verdict: Verdict | None = None
    notes: tuple[str, ...] = field(default=())
    undefined: UndefinedError | None = None
    lost: GradcalcError | None = None
    """Where digits were lost, for a caret: a remark, no failure."""
    jacobian: NDArray[np.float64] | None = None
    """Beside a small vᵀJ the matrix that it is made of."""
    certified: bool = False
    """Whether the right digits of every entry are to be shown."""
    formulas: Any = None
    """The same as formulas, a ``gradcalc.render.formulas.Sheet``, if they were asked for."""
    facts: Any = None
    """What was asked of the matrix, a ``gradcalc.check.matrices.Facts``."""
    exit: Exit = Exit.DONE

    def _repr_latex_(self) -> str:
        lines = FORMATS["latex"].function(self, digits=6).splitlines()
        return f"$${' '.join(line for line in lines if line[:1] != '%')}$$"

    def _repr_html_(self) -> str:
        return FORMATS["mathml"].function(self, digits=6)

    @cached_property
    def rows(self) -> tuple[str, ...]:
        """The names of the rows of ``matrix``."""
        return self._names(self.kind.rows)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns of ``matrix``."""
        return self._names(self.kind.columns)

    def _names(self, index: str) -> tuple[str, ...]:
        return {OUTPUTS: self.outputs, VARIABLES: self.variables}.get(index, (index,))

    @cached_property
    def matrix(self) -> NDArray[np.float64]:
        """The entries as a matrix of ``rows`` by ``columns``, whatever the kind."""
        entries = self.value if self.entries is None else self.entries
        return entries.reshape(len(self.rows), len(self.columns))
