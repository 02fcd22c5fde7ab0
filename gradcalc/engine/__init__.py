"""Graph → numbers: the schedule, the sweeps and the compiled program."""

from gradcalc.engine.program import Program

__all__ = ["Program"]
