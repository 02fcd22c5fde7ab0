"""Facts and models of random expressions: proven or not, and never contradicted."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings

from gradcalc.errors import GradcalcError
from gradcalc.language import parse
from gradcalc.program import Program
from tests.expressions import Case, cases


@given(cases(), cases())
@settings(max_examples=6)
def test_enclosures_and_doubles_agree(one: Case, other: Case) -> None:
    at = {**one.at, **other.at}
    shapes = {name: np.shape(value) for name, value in at.items()}
    try:
        text = f"{one.text}; {other.text}"
        arrays = {name: size for name, size in shapes.items() if size}
        program = Program(parse(text, shapes=arrays, bound=list(at)))
        names = {variable.partition("[")[0] for variable in program.variables}
        x = program.point({name: value for name, value in at.items() if name in names})
    except GradcalcError:
        return
    m, n = len(program.outputs), len(program.variables)
    if not n:
        return
    show = "det,rank,cond,svd,eig,inv" if m == n else "rank,cond,svd"
    found = program.facts(x, show, seconds=20.0)
    assert repr(found)
    assert found.judged is None or found.judged.passed is not False, found.judged.line
    if m <= n:
        try:
            model = program.linearize(x, program.variables[:m], program.variables[m:], seconds=20.0)
        except GradcalcError:  # names that do not fit, a point where there is none
            return
        assert repr(model)
        assert model.verdict is None or model.verdict.passed is not False, model.verdict.line
