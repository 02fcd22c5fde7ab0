"""Line by line what PyTorch 2.13 prints: the sessions of data/sessions, recorded there."""

import importlib.util
from pathlib import Path

import pytest


def _sessions():
    path = Path(__file__).with_name("sessions.py")
    spec = importlib.util.spec_from_file_location("autograd_sessions", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


sessions = _sessions()
ALL = [
    (f"{path.stem}: {title}", text)
    for path in sorted(sessions.SESSIONS.glob("*.txt"))
    for title, text in sessions.sections(path)
]


@pytest.mark.parametrize(("title", "text"), ALL, ids=[title for title, _ in ALL])
def test_a_session_prints_what_pytorch_prints(torch, title, text):
    runner = sessions.doctest.DocTestRunner(checker=sessions.Beginning(), verbose=False)
    report = []
    runner.report_failure = lambda out, test, example, got: report.append(
        f">>> {example.source}PyTorch: {example.want}here: {got}"
    )
    runner.report_unexpected_exception = lambda out, test, example, exc_info: report.append(
        f">>> {example.source}PyTorch: {example.want}here: {exc_info[1]!r}"
    )
    sessions.play(torch, runner, sessions.examples(title, text))
    assert not report, "\n".join(report)
