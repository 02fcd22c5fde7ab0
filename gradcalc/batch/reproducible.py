"""The same bits on every machine: what numpy may use of a processor, and what else has a say.

numpy chooses among its loops by the processor it finds: an exponential with vectors of 512 bits
differs from one with 256 in one number of twenty. Held to 256 bits, on all x86-64 processors that
have AVX2 and FMA, the same numpy on the same C library gives the same bits.
"""

from __future__ import annotations

import os
import platform
import sys
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version

from gradcalc.errors import UsageError

VARIABLE = "NPY_DISABLE_CPU_FEATURES"

WIDEST = {
    "x86_64": "X86_V4 AVX512_ICL AVX512_SPR",
    "aarch64": "SVE",
}
"""What numpy is not to use, by machine; in the names of numpy 2.4."""

_EARLIER = "AVX512F AVX512CD AVX512_KNL AVX512_KNM AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL"
_EARLIER += " AVX512_SPR"

PACKAGES = ("gradcalc", "numpy", "scipy", "polars", "pyarrow")
"""What has a say in numbers, or in how they are read and written."""


def machine() -> str:
    """The kind of processor, by the name that Linux has for it."""
    name = platform.machine().lower()
    return {"amd64": "x86_64", "arm64": "aarch64"}.get(name, name)


def setting() -> str:
    """What ``VARIABLE`` has to be for numpy to be held."""
    words = WIDEST.get(machine(), "")
    numpy = tuple(int(part) for part in version("numpy").split(".")[:2])
    return _EARLIER if machine() == "x86_64" and numpy < (2, 4) else words


def pin() -> None:
    """Hold numpy, which must not be loaded yet. Raises UsageError where it cannot be held."""
    if "numpy" not in sys.modules:
        os.environ[VARIABLE] = setting()
    features()


def features() -> str:
    """What numpy uses of the processor. Raises UsageError where it is not what is promised."""
    umath = import_module("numpy._core._multiarray_umath")
    there: dict[str, bool] = umath.__cpu_features__
    used = [name for name in (*umath.__cpu_baseline__, *umath.__cpu_dispatch__) if there[name]]
    if machine() == "x86_64" and not {"X86_V3", "AVX2"} & set(used):
        raise UsageError("--reproducible needs a processor with AVX2 and FMA, and numpy to use it")
    wider = [name for name in used if name.startswith(("X86_V4", "AVX512", "SVE"))]
    if wider:
        raise UsageError(
            f"numpy uses {wider[0]} here: what it computes is not what it would be elsewhere",
            hint=f"before Python starts: export {VARIABLE}='{setting()}'",
        )
    return {"x86_64": "AVX2 and FMA", "aarch64": "ASIMD"}.get(machine(), "")


@cache
def versions(*, reproducible: bool) -> dict[str, str]:
    """What has a say in the bytes of a part: here it is this."""
    found = {"python": ".".join(platform.python_version_tuple()[:2])}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    if reproducible:
        found["machine"] = machine()
        found["C library"] = " ".join(platform.libc_ver()) or platform.system()
        found["processor features"] = features()
    return found
