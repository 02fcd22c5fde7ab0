"""Programs under test: a derivative from a Python function, or from any command.

The user names what is imported or run. What it prints on standard output besides does not mix with
the verdict.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from inspect import Parameter, signature
from typing import Any

import numpy as np

from gradcalc.claims.claim import Tested
from gradcalc.engine.schedule import Floats
from gradcalc.errors import BindingError, UsageError
from gradcalc.graph.graph import Graph
from gradcalc.language.tracing import trace

PATIENCE = 60.0
"""Seconds that a command has for all points."""

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|inf|nan)", re.I)
_POSITIONAL = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)


def function(spec: str) -> Callable[[Floats], Any]:
    """The function ``module:name``, of one array; one of several numbers gets them one by one.

    Raises UsageError when it cannot be had.
    """
    module, _, name = spec.partition(":")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        with contextlib.redirect_stdout(sys.stderr):
            found: Any = import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except Exception as error:
        raise UsageError(f"{spec} cannot be had: {type(error).__name__}: {error}") from None
    if not callable(found):
        raise UsageError(f"{spec} is no function")
    call: Callable[..., Any] = found
    return (lambda x: call(*x)) if len(parameters(found)) > 1 else call


def parameters(f: Callable[..., Any]) -> list[str]:
    """The names of what it must be given, in order."""
    try:
        found = signature(f).parameters.values()
    except (TypeError, ValueError):
        return []
    return [p.name for p in found if p.kind in _POSITIONAL and p.default is Parameter.empty]


def traced(spec: str, count: int | None) -> Graph:
    """The graph of ``module:name``, a function of an array of ``count`` numbers or of several."""
    f = function(spec)
    names = parameters(_found(spec))
    if len(names) < 2:
        names = [f"x{i}" for i in range(count or 0)]
    if not names:
        raise UsageError(f"{spec} takes an array of how many numbers?", hint="--at 1,2 says two")
    try:
        with contextlib.redirect_stdout(sys.stderr):
            graph = trace(f, len(names))
    except UsageError:
        raise
    except Exception as error:
        raise UsageError(f"{spec} cannot be traced: {type(error).__name__}: {error}") from None
    graph.variables = names
    graph.names |= dict(zip(graph.inputs, names, strict=True))
    return graph


def _found(spec: str) -> Any:
    module, _, name = spec.partition(":")
    found: Any = sys.modules[module]
    for part in name.split("."):
        found = getattr(found, part)
    return found


def by_function(spec: str, points: Floats, shape: tuple[int, int]) -> Tested:
    """What the function returns at each point. Raises UsageError where it raises something."""
    f = function(spec)
    found = []
    for x in points:
        try:
            with contextlib.redirect_stdout(sys.stderr):
                value = np.asarray(f(x.copy()), dtype=float)
        except Exception as error:
            raise UsageError(f"{spec} at {x.tolist()}: {type(error).__name__}: {error}") from None
        found.append(_shaped(value, shape, f"{spec} returns"))
    return Tested(np.reshape(found, (len(points), *shape)))


def by_command(command: str, points: Floats, shape: tuple[int, int]) -> Tested:
    """What the command prints for the points, which it gets on its standard input: a line each,
    numbers with blanks between. It prints a line for each (a list of lists, or bare numbers row by
    row), or a line for each row.

    Raises UsageError when it cannot be run or fails, BindingError when its lines do not fit.
    """
    lines = "".join(" ".join(map(repr, x)) + "\n" for x in points.tolist())
    try:
        words = shlex.split(command)
        ran = subprocess.run(
            words, input=lines.encode(), stdout=subprocess.PIPE, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        raise UsageError(f"--claim-from: no end after {PATIENCE:g} seconds") from None
    except (OSError, ValueError, IndexError) as error:
        reason = getattr(error, "strerror", None) or str(error) or "no command"
        raise UsageError(f"--claim-from: {reason.lower()}") from None
    if ran.returncode:
        raise UsageError(f"--claim-from: the command ended with {ran.returncode}")
    printed = [line for line in ran.stdout.decode("utf-8", "replace").splitlines() if line.strip()]
    rows, columns = shape
    per_row = len(printed) == len(points) * rows and rows > 1
    if len(printed) != len(points) and not per_row:
        raise BindingError(
            f"the command prints {len(printed)} lines for {len(points)} points",
            hint="a line for each point: [[4,3],[2,6]], or the numbers row by row",
        )
    width = (1, columns) if per_row else shape
    numbers = [_shaped(_numbers(line), width, "the command prints") for line in printed]
    return Tested(np.reshape(numbers, (len(points), *shape)))


def _numbers(line: str) -> Floats:
    try:
        return np.asarray(json.loads(line), dtype=float)
    except (ValueError, TypeError, RecursionError):
        return np.array([float(word) for word in _NUMBER.findall(line)])


def _shaped(value: Floats, shape: tuple[int, int], what: str) -> Floats:
    if value.shape == shape or (value.ndim < 2 and value.size == shape[0] * shape[1]):
        return value.reshape(shape)
    if 1 in shape and value.size == max(shape):
        return value.reshape(shape)
    raise BindingError(
        f"{what} shape {value.shape}, and {shape[0]} by {shape[1]} is wanted",
        hint="a row for each output, a column for each variable",
    )


def vector(product: Floats, jacobian: Floats, close: float) -> list[float] | None:
    """The v for which ``product`` is vᵀJ at each point, shapes (N, n) and (N, m, n); None if there
    is none."""
    m = jacobian.shape[1]
    for v in (np.ones(m), *np.eye(m)):
        if np.allclose(np.einsum("i,kij->kj", v, jacobian), product, rtol=close, atol=0):
            return [float(x) for x in v]
    flat = np.concatenate(list(jacobian.swapaxes(1, 2)))
    if np.linalg.matrix_rank(flat) < m or len(flat) <= m:
        return None
    best, *_ = np.linalg.lstsq(flat, product.ravel(), rcond=None)
    if np.allclose(flat @ best, product.ravel(), rtol=close, atol=0):
        return [float(f"{x:.6g}") for x in best]
    return None
