"""Compiles the engine's kernel where there is a C compiler.

Without one the wheel is pure, and the engine runs on numpy: that is an ordinary installation, of
which nothing needs to be said.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any
from zlib import crc32

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

MODULE = "gradcalc.engine._kernel"
FLAGS = [
    # What numpy computes is to be computed: no two operations are made one.
    *("-O3", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math"),
]


class Kernel(BuildHookInterface):  # type: ignore[type-arg]
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name != "wheel" or not compiled(Path(self.root)):
            return
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["pure_python"] = False
        build_data["tag"] = f"cp311-abi3-{platform}"
        build_data["artifacts"].append("gradcalc/engine/_kernel.*")


def compiled(root: Path) -> bool:
    """Whether the kernel is now beside its source."""
    from setuptools import Distribution, Extension
    from setuptools.command.build_ext import build_ext

    source = root / "gradcalc" / "engine" / "kernel.c"
    for stale in source.parent.glob("_kernel.*"):
        stale.unlink()
    flags = ["/O2"] if sys.platform == "win32" else FLAGS
    told = [("SOURCE", str(crc32(source.read_bytes()) >> 1))]  # asked for by engine/built.py
    extension = Extension(
        MODULE, [str(source)], py_limited_api=True, extra_compile_args=flags, define_macros=told
    )
    logging.disable()
    with tempfile.TemporaryDirectory() as room, _silence():
        command = build_ext(Distribution({"name": "gradcalc", "ext_modules": [extension]}))
        command.build_lib = command.build_temp = room
        try:
            command.ensure_finalized()
            command.run()
        except Exception:
            return False
        finally:
            logging.disable(logging.NOTSET)
        made = Path(command.get_ext_fullpath(MODULE))
        (source.parent / made.name).write_bytes(made.read_bytes())
    return True


@contextlib.contextmanager
def _silence() -> Any:
    """What a compiler says goes nowhere, whoever writes it."""
    kept = [(number, os.dup(number)) for number in (1, 2)]
    with open(os.devnull, "w") as nowhere:
        for number, _ in kept:
            os.dup2(nowhere.fileno(), number)
        try:
            yield
        finally:
            for number, copy in kept:
                os.dup2(copy, number)
                os.close(copy)
