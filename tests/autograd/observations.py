"""What a behaviour test sees: the same test runs on PyTorch, to record it, and on ours, to compare.

``see("x.grad", x.grad, [6, 9])`` states the value in the test itself. Recording, it also writes
down what PyTorch gave; testing, it also compares with what PyTorch gave. ``see.raises`` does the
same for an error: its type, and the part of its message that PyTorch keeps between releases.
"""

from __future__ import annotations

import json
import math
import warnings
from pathlib import Path

DATA = Path(__file__).parent / "data"
BEHAVIOURS = DATA / "behaviours.json"


def plain(value):
    """An observation as JSON has it: numbers, lists, None, strings; non-finite numbers as words."""
    if hasattr(value, "detach"):
        return plain(value.detach().tolist())
    if isinstance(value, tuple | list):
        return [plain(part) for part in value]
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, complex):
        return [plain(value.real), plain(value.imag)]
    if hasattr(value, "next_functions"):
        return value.name()
    value = float(value)
    return value if math.isfinite(value) else str(value)


def agree(one, other):
    """Equal, numbers up to rounding."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(agree, one, other))
    numbers = (int, float)
    if isinstance(one, numbers) and isinstance(other, numbers):
        return math.isclose(one, other, rel_tol=1e-6, abs_tol=1e-12)
    return one == other


class See:
    """``recorded`` is what PyTorch gave, by name; None means that this run is the recording."""

    def __init__(self, torch, recorded):
        self.torch = torch
        self.recording = recorded is None
        self.record = {} if recorded is None else recorded
        self.seen = set()

    def leaf(self, *values):
        """A double leaf that requires grad: ``leaf(2, 3)`` a vector, ``leaf(2)`` a number."""
        data = [float(v) for v in values] if len(values) > 1 else float(values[0])
        return self.torch.tensor(data, dtype=self.torch.float64, requires_grad=True)

    def const(self, *values):
        """The same, untracked."""
        return self.leaf(*values).detach()

    def __call__(self, name, value, expected):
        found = plain(value)
        assert agree(found, plain(expected)), f"{name}: {found}, expected {plain(expected)}"
        self._note(name, found)

    def raises(self, name, kind, part, call):
        """``call`` raises ``kind`` with ``part`` in its message."""
        error = _error_of(call)
        assert error is not None, f"{name}: nothing was raised"
        assert type(error).__name__ == kind, f"{name}: {type(error).__name__}: {error}"
        assert part in str(error), f"{name}: {error}"
        if self.recording:
            self._note(name, [kind, str(error)])
            return
        theirs = self.record[name][1]  # the rest of a message is each library's own
        assert part in theirs
        self._note(name, [kind, theirs])

    def warns(self, name, part, call):
        """``call`` gives a UserWarning with ``part`` in it; returns what the call returned."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            value = call()
        messages = [str(w.message) for w in caught if issubclass(w.category, UserWarning)]
        assert any(part in message for message in messages), f"{name}: {messages}"
        self._note(name, part)
        return value

    def silent(self, name, call):
        """``call`` gives no warning."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            value = call()
        assert not caught, f"{name}: {[str(w.message) for w in caught]}"
        self._note(name, "silent")
        return value

    def _note(self, name, found):
        assert name not in self.seen, f"two observations are called {name}"
        self.seen.add(name)
        if self.recording:
            self.record[name] = found
        else:
            assert name in self.record, f"{name} was not recorded; run record_pytorch.py"
            assert agree(found, self.record[name]), (
                f"{name}: {found}; PyTorch gave {self.record[name]}"
            )


def _error_of(call):
    try:
        call()
    except Exception as error:
        return error
    return None


def load(path):
    return json.loads(path.read_text())
