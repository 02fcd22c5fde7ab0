"""Running generated code: with the compiler or interpreter that is on the machine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from gradcalc.code.language import Array, Language, Signature, Tool
from gradcalc.engine.schedule import Floats

SECONDS = 120.0
"""That a compiler, or a run, may take."""


class FailedError(Exception):
    """The code does not compile, or its run does not end well; ``str`` says what was printed."""


def tool(language: Language) -> Tool | None:
    """What runs the language on this machine."""
    return next((one for one in language.tools if shutil.which(one.program)), None)


def version(one: Tool) -> str:
    """What the tool calls itself: gcc 12.2.0."""
    said = subprocess.run(
        [one.program, *one.version], capture_output=True, text=True, timeout=SECONDS
    )
    found = re.search(r"\d+(\.\d+)+", said.stdout + said.stderr)
    called = one.called or one.program
    return f"{called} {found[0]}" if found else called


def run(
    language: Language,
    one: Tool,
    name: str,
    text: str,
    functions: Sequence[Signature],
    record: Sequence[Array],
    points: Floats,
) -> Floats:
    """What the functions of the file ``text`` of ``name`` answer at points of shape (N, numbers of
    the record): shape (N, numbers of all their outputs). Raises FailedError."""
    sizes = [signature.output.size for signature in functions]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, language.file_name(name)).write_text(text)
        driver = f"driver{language.extension}"
        Path(folder, driver).write_text(language.driver(name, functions, record))
        source = language.file_name(name)
        fed = f"{len(points)}\n" + "\n".join(points.astype(">f8").tobytes().hex(" ", 8).split())
        said = b""
        for words in one.commands:
            command = [
                word.replace("{tool}", one.program).replace("{source}", source) for word in words
            ]
            last = words is one.commands[-1]
            said = _run(command, folder, f"{fed}\n" if last else "")
    try:
        numbers = np.frombuffer(bytes.fromhex(said.decode()), dtype=">f8").astype(float)
        return numbers.reshape(len(points), sum(sizes))
    except ValueError:
        raise FailedError(f"it printed {said[:200]!r}") from None


def _run(command: Sequence[str], folder: str, fed: str) -> bytes:
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            command, input=fed.encode(), capture_output=True, cwd=folder, timeout=SECONDS,
            env=environment, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise FailedError(f"{command[0]} took more than {SECONDS:.0f} s") from None
    if done.returncode:
        told = (done.stderr or done.stdout).decode(errors="replace").strip()
        raise FailedError(f"{command[0]}: {told[:2000]}")
    return done.stdout
