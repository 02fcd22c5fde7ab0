"""What this processor's vectors do for numpy."""

from __future__ import annotations

from functools import cache


@cache
def is_vectorised(function: str) -> bool:
    """Whether numpy takes this function of many doubles at once, with vectors of 512 bits.

    It then takes a fraction of the time, and its error is another: less than one ulp for cosh,
    where a C library's may be two.
    """
    try:
        from numpy.lib.introspect import opt_func_info
    except ImportError:  # numpy before 2.1
        return False
    chosen = str(opt_func_info(func_name=f"^{function}$", signature="float64"))
    return any(f"'current': '{name}" in chosen for name in ("X86_V4", "AVX512"))
