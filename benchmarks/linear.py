"""Linear models beside python-control's, which differentiates by differences."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np

import gradcalc
from benchmarks.measure import installed, medians, module
from benchmarks.report import Section, Target, ratio
from gradcalc.engine.program import Program
from gradcalc.linear.facts import Matrix, spectrum
from tests.linear.systems import SYSTEMS, System


def _program(system: System) -> Program:
    columns = [*system.states.split(","), *system.inputs.split(",")]
    return gradcalc.compile(system.equations, params=system.parameters, wrt=columns)


def _rows(system: System, program: Program) -> list[int]:
    """The equations in the order of the states."""
    names = system.states.split(",")
    if program.outputs[0] == "f1":
        return list(range(len(names)))
    return [
        next(k for k, o in enumerate(program.outputs) if o in (f"{n}'", f"d{n}/dt")) for n in names
    ]


def _theirs(system: System, program: Program) -> Any:
    control = module("control")
    states, inputs = system.states.split(","), system.inputs.split(",")
    model = control.nlsys(
        lambda t, x, u, params: program(np.concatenate([x, np.atleast_1d(u)])),
        None, states=states, inputs=inputs,
    )  # fmt: skip
    x, u = [system.at[n] for n in states], [system.at[n] for n in inputs]
    return lambda: control.linearize(model, x, u)


def _digits(ours: Any, exact: Any) -> float:
    """The worst relative error of the entries that are not 0, as decimal digits."""
    errors = [
        abs(float((mpmath.mpf(a) - b) / b))
        for row, true in zip(np.asarray(ours).tolist(), exact, strict=True)
        for a, b in zip(row, true, strict=True)
        if b
    ]
    worst = max(errors)
    return 17.0 if worst < 1e-17 else float(-np.log10(worst))


def suite() -> str:
    section = Section("linear", "Linear models", ["control", "mpmath"])
    rows, least = [], 17.0
    for system in SYSTEMS:
        program = _program(system)
        x = np.array([*system.at.values()])
        place = {name: k for k, name in enumerate(system.at)}
        x = x[[place[name] for name in program.variables]]
        chosen, n = _rows(system, program), len(system.states.split(","))

        def ours(program: Program = program, x: Any = x, chosen: Any = chosen) -> Any:
            return program.jacobian(x)[chosen]

        with mpmath.workdps(50):
            a, b = system.matrices()
            matrix = ours()
            pattern = matrix[:, :n] != 0
            values = spectrum(Matrix(matrix[:, :n], pattern, ("",) * n, ("",) * n))
            true = [*map(complex, mpmath.eig(mpmath.matrix(a), left=False, right=False))]
            size = max(1.0, *map(abs, true))
            off = max(min(abs(v - t) for v in values) for t in true) / size
            digits = min(_digits(matrix[:, :n], a), _digits(matrix[:, n:], b))
            cells = [system.name, f"{digits:.1f}", f"{off:.1g}"]
            least = min(least, digits)
            if installed("control"):
                other = _theirs(system, program)
                theirs = other()
                times = medians({"ours": ours, "theirs": other}, rounds=5)
                worst = min(_digits(theirs.A, a), _digits(theirs.B, b))
                cells += [f"{worst:.1f}", ratio(times["theirs"], times["ours"])]
        rows.append(cells)
    section.targets.append(Target("wrong digits of 16 in A and B, worst", 1.0, 16 - least))
    section.say(
        "Right digits of the worst entry of A and B, against matrices derived by hand in 50 "
        "digits; the error of the worst eigenvalue; python-control's `linearize` on the same "
        "compiled equations, whose derivatives are differences, in the same run."
    )
    theirs = ["python-control's digits", "its time / ours"]
    section.table(["system", "digits", "eigenvalues off by", *theirs], rows)
    return section.text()
