"""Numbers of many digits: mpmath, in a context of our own.

The precision of mpmath belongs to a context, and ``mpmath.mp`` is the user's. Its tables (of pi, of
Bernoulli numbers) are shared by all contexts and are not made for threads. Hence ``exclusive``:
inside the block this thread calculates in our context, and no other thread does.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from gradcalc.functions.loading import loaded

_LOCK = threading.RLock()
_FAMILIAR = 8_000
"""Bits of the constants that are worked out beforehand, in a few milliseconds."""
_THREAD = threading.local()


def context() -> Any:
    """The arithmetic of this thread: ours inside ``exclusive``, ``mpmath.mp`` outside of it."""
    found = getattr(_THREAD, "context", None)
    if found is None:
        mpmath = loaded("mpmath")  # deferred: heavy

        return mpmath.mp
    return found


@cache
def _own() -> Any:
    mpmath = loaded("mpmath")  # deferred: heavy

    own = mpmath.MPContext()
    with own.workprec(_FAMILIAR):
        # an alarm that interrupts mpmath while it remembers pi would make every later pi wrong
        _ = [+constant for constant in (own.pi, own.e, own.ln2, own.ln10)]
    return own


@contextmanager
def exclusive() -> Iterator[None]:
    """Calculate in our context, one thread at a time. Blocks may be nested."""
    with _LOCK:
        own = _own()
        before, digits = getattr(_THREAD, "context", None), own.dps
        _THREAD.context = own
        try:
            yield
        finally:
            _THREAD.context = before
            own.dps = digits  # an alarm may have interrupted whoever changed it
