"""Every reader takes time in proportion to its input: four times the text, four times the time.

Processor time, at sizes at which the square would take seconds. What is too short to be measured is
quick enough.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.shell import Shell

SIZE = 10_000
QUICK = 0.4  # seconds
MOST = 10.0  # times as long, for four times as much: the square takes 16, a busy machine 6

Words = tuple[str, ...]


def put(text: str, name: str = "p.csv") -> str:
    Path(name).write_text(text, "utf-8")
    return name


def check(claim: str, *more: str) -> Words:
    return ("check", "x", "--claim", claim, *(more or ("--at", "1")))


def names(n: int, between: str = ",") -> str:
    return between.join(f"x{k}" for k in range(n // 6))


def batch(text: str, expression: str = "x", *more: str, name: str = "p.csv") -> Words:
    points = put(text, name)
    return ("batch", expression, "--points", points, "--what", "eval", "-o", "/dev/null", *more)


def elements(n: int) -> str:
    count = n // 8
    header = ",".join(f"a[{k}]" for k in range(count))
    return header + "\n" + ",".join("1" * count) + "\n"


READERS: dict[str, Callable[[int], Words]] = {
    "claim: blanks": lambda n: check("1" + " " * n + "2"),
    "claim: nothing": lambda n: check(" " * n),
    "claim: brackets": lambda n: check("[" * n),
    "claim: numbers": lambda n: check("1 " * n),
    "claim: lines": lambda n: check("\n" * n + "1"),
    "claim: digits": lambda n: check("1" * n),
    "claim: calls": lambda n: check("tensor(" * n),
    "claim: a file": lambda n: check(put(" " * n + "1", "claim.txt")),
    "range: blanks": lambda n: check("1", "--range", "x=" + " " * n + "1..2"),
    "range: more": lambda n: check("1", "--range", "-1," + " " * n),
    "range: dots": lambda n: check("1", "--range", "." * n),
    "range: commas": lambda n: check("1", "--range", "," * n + "x=1..2"),
    "at: blanks": lambda n: ("eval", "x", "--at", " " * n + "1"),
    "at: values": lambda n: ("eval", "x", "--at", "1," * n),
    "at: names": lambda n: ("eval", "x", "--at", names(n, "=1,") + "=1"),
    "at: a file": lambda n: ("eval", "x", "--at", "@" + put(" " * n + "1\n"), "--no-check"),
    "at: JSON": lambda n: ("eval", "x", "--at", "@" + put("[" + "1," * n + "1]", "p.json")),
    "at: a table": lambda n: ("eval", "x", "--at", "@" + put(f"{names(n)}\n{'1,' * (n // 6)}\n")),
    "wrt": lambda n: ("grad", "x", "--wrt", names(n), "--at", "1"),
    "wrt: blanks": lambda n: ("grad", "x", "--wrt", " " * n, "--at", "1"),
    "wrt: brackets": lambda n: ("grad", "x", "--wrt", "a[," * n, "--at", "1"),
    "outputs": lambda n: ("grad", "x", "--outputs", names(n), "--at", "1"),
    "param": lambda n: ("grad", "x", "--at", "1", "--param", names(n, "=1,") + "=1", "--no-check"),
    "v": lambda n: ("vjp", "x", "--v", "1," * n, "--at", "1"),
    "u": lambda n: ("jvp", "x", "--u", " " * n + "1", "--at", "1", "--no-check"),
    "gradient": lambda n: ("backward", "x", "--at", "1", "--gradient", "1," * n),
    "what": lambda n: (*batch("x\n1\n"), "--what", "eval," * n),
    "expression: blanks": lambda n: ("eval", " " * n + "x", "--at", "1", "--no-check"),
    "outputs of an expression": lambda n: ("eval", "x," * n + "x", "--at", "1", "--no-check"),
    "script: a long line": lambda n: ("run", put("grad x --at 1 " + "a" * n)),
    "script: quotes": lambda n: ("run", put("grad x --at 1 " + "'a' " * (n // 4))),
    "script: backslashes": lambda n: ("run", put("grad x --at 1 " + "\\a" * (n // 2))),
    "script: lines": lambda n: ("run", put("#\n" * n)),
    "csv: columns": lambda n: batch(f"x,{names(n)}\n1{',1' * (n // 6 + 1)}\n"),
    "csv: an array": lambda n: batch(elements(n), "sum(a)"),
    "csv: kept": lambda n: batch(elements(n), "sum(a)", "--keep"),
    "csv: quotes": lambda n: batch("x\n" + '"\n' * n),
    "csv: blanks": lambda n: batch("x\n" + " " * n + "1\n"),
    "csv: blank lines": lambda n: batch("\n" * n + "x\n1\n"),
    "csv: comments": lambda n: batch("#a\n" * n + "x\n1\n"),
    "csv: bad rows": lambda n: batch("x\n" + "a\n" * (n // 2)),
    "csv: carriage returns": lambda n: batch("x\r" + "1\r" * n),
    "csv: between blanks": lambda n: batch("x y\n" + " " * n + "1 2\n" + "\t " * n + "\n"),
    "ndjson: names": lambda n: batch(
        '{"x":1' + "".join(f',"k{k}":1' for k in range(n // 8)) + "}\n", name="p.ndjson"
    ),
    "ndjson: brackets": lambda n: batch('{"x":' + "[" * n + "}\n", name="p.ndjson"),
    "ndjson: an array": lambda n: batch(
        '{"a":[' + "1," * n + "1]}\n", "sum(a)", name="p.ndjson"
    ),
}  # fmt: skip


@pytest.mark.parametrize("reader", READERS)
def test_four_times_as_much_takes_about_four_times_as_long(
    gradcalc: Shell, reader: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    def seconds(size: int) -> float:
        words = READERS[reader](size)
        gc.collect()
        gc.disable()  # what other tests have left is not counted
        try:
            start = time.process_time()
            assert gradcalc(*words).code in (0, 1, 2, 3, 4, 5)
            return time.process_time() - start
        finally:
            gc.enable()

    seconds(10)  # what is imported
    tries = []
    for _ in range(3):  # another process may take the cache away; a square is one every time
        tries.append((seconds(SIZE), seconds(4 * SIZE)))
        short, long = tries[-1]
        if long < QUICK or long < MOST * short:
            return
    pytest.fail(f"{SIZE:,} and four times as much: {tries}")
