"""Sessions at the prompt, as PyTorch answers them: data/sessions/*.txt, in doctest's form.

A file has sections, each a line of the form ``== title ==`` and a session of its own. What a line
prints must be printed exactly; of an error, its type and the beginning of its message are kept.
"""

import copy
import doctest
import math
import pickle
import re
import warnings
from pathlib import Path

import numpy as np

SESSIONS = Path(__file__).parent / "data" / "sessions"
KEPT_OF_A_MESSAGE = 45


def sections(path):
    """The titles and sessions of a file."""
    parts = re.split(r"^== (.*) ==\n", path.read_text(), flags=re.MULTILINE)
    return list(zip(parts[1::2], parts[2::2], strict=True))


def examples(title, text):
    """A session as doctest's examples, with the names that it may use."""
    return doctest.DocTestParser().get_doctest(text, {}, title, None, 0)


def play(torch, runner, test):
    """Run a session on this library, and leave its modes as they were."""
    test.globs = {"torch": torch, "F": torch.nn.functional, "np": np, "math": math, "copy": copy,
                  "pickle": pickle, "warnings": warnings,
                  "__name__": "__main__"}  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return runner.run(test, out=lambda text: None)
        finally:
            torch.set_grad_enabled(True)
            torch.autograd.set_detect_anomaly(False)
            torch.set_printoptions(profile="default")


def unqualified(message):
    """``torch.autograd.gradcheck.GradcheckError: …`` without the module."""
    return re.sub(r"^(\w+\.)+(?=\w+:)", "", message)


class Beginning(doctest.OutputChecker):
    """``want`` that ends in ``...`` is the beginning of what there must be."""

    def check_output(self, want, got, flags):
        if want.endswith("...\n"):
            return unqualified(got).startswith(want.removesuffix("...\n"))
        return super().check_output(want, got, flags)


class Recorder(doctest.DocTestRunner):
    """Writes a session down again with what is printed now."""

    def __init__(self):
        super().__init__(verbose=False)
        self.lines = []

    def _note(self, example, answer):
        first, *rest = example.source.rstrip("\n").split("\n")
        self.lines += [f">>> {first}", *(f"... {line}" for line in rest)]
        self.lines += [line or "<BLANKLINE>" for line in answer.rstrip("\n").split("\n")
                       if answer]  # fmt: skip

    def report_start(self, out, test, example):
        example.want, example.exc_msg = "", None

    def report_success(self, out, test, example, got):
        self._note(example, got)

    report_failure = report_success

    def report_unexpected_exception(self, out, test, example, exc_info):
        error = exc_info[1]
        message = f"{type(error).__name__}: {error}".split("\n")[0]
        kept = message[: len(type(error).__name__) + 2 + KEPT_OF_A_MESSAGE]
        self._note(example, f"Traceback (most recent call last):\n    ...\n{kept}...")


def recorded(torch, path):
    """The file as this library answers it."""
    text = []
    for title, session in sections(path):
        recorder = Recorder()
        play(torch, recorder, examples(title, session))
        text += [f"== {title} ==", *recorder.lines, ""]
    return "\n".join(text)
