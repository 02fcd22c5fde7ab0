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
_USUAL = 15
"""Digits of a context that is new."""
_FAMILIAR = 8_000
"""Bits of the constants that are worked out beforehand, in a few milliseconds."""
_THREAD = threading.local()


def context() -> Any:
    """The arithmetic of this thread: ours inside ``exclusive``, ``mpmath.mp`` outside of it."""
    if getattr(_THREAD, "exclusive", False):
        return _own()
    mpmath = loaded("mpmath")  # deferred: heavy

    return mpmath.mp


@cache
def _own() -> Any:
    mpmath = loaded("mpmath")  # deferred: heavy

    own = mpmath.MPContext()
    with own.workprec(_FAMILIAR):
        # an alarm that interrupts mpmath while it remembers pi would make every later pi wrong
        _ = [+constant for constant in (own.pi, own.e, own.ln2, own.ln10)]
    return own


@contextmanager
def exclusive(*, at_once: bool = True) -> Iterator[None]:
    """Calculate in our context, one thread at a time. Blocks may be nested.

    The context is made ``at_once``, or when it is first asked for: not while an alarm may ring.
    """
    with _LOCK:
        before = getattr(_THREAD, "exclusive", False)
        _THREAD.exclusive = True
        digits = context().dps if at_once or _is_made() else _USUAL
        try:
            yield
        finally:
            if _is_made():
                _own().dps = digits  # an alarm may have interrupted whoever changed it
            _THREAD.exclusive = before


def _is_made() -> bool:
    return _own.cache_info().currsize > 0
