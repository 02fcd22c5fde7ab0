"""Odd input is read as it is, or refused: the same in a small file and in a large one.

A small file takes the careful path, a large one polars, or numpy where polars is not installed. Of
every odd line all of them say the same: its numbers to the bit, its text, or what is wrong with it.
"""

from __future__ import annotations

import datetime
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradcalc.batch.ndjson
from gradcalc.batch import columnar, formats, separated
from gradcalc.errors import BindingError, GradcalcError
from tests.batch.test_formats import NEEDS_POLARS, has_polars

MANY = 300
"""Plain lines before and after the odd one."""


def listed(what: str) -> list[str]:
    text = (Path(__file__).parent / f"odd_{what}.txt").read_text("utf-8")
    return text.removesuffix("\n").split("\n")


FIELDS = listed("fields")
FIELDS += [
    "",
    " ",
    " 1",
    "1 ",
    "\t1",
    "1\t",
    '" 1"',
    '"1" ',
    ' "1"',
    "1,0",
    "1 2",
    "1e 5",
    "1\0",
    '"1,2"',
]
FIELDS += [
    "\ufeff1",
    "1\u00a0",
    "\u00a01",
    "\u20071",
    "1\x0b",
    "\x0c1",
    "1\x1c",
    "1\x85",
    "1\u2028",
]
FIELDS += ["1\r", "\r1", "a\rb", '"1\n"', '"1\r\n"', "0." + "0" * 400 + "1", "1" * 400, "1" * 5000]

LINES = [
    *[f"{field},7,t\n".encode() for field in FIELDS],
    *[f"7,{field},t\n".encode() for field in FIELDS],
    *[f"7,8,{field}\n".encode() for field in FIELDS],
    *[b"7,8," + text + b"\n" for text in (b"\xe9", b"\xff\xfe", b"a\0b", b"#", b"# c", b'"#"')],
    *[b"\n", b" \n", b"  ,  ,\n", b",,\n", b",,,\n", b"1\n", b"1,2,3,4\n", b"\r\n", b"1,2,3\r\n"],
    *[b"1,2,t\r3,4,t\n", b"1,2,t\r\r\n", b"\r1,2,t\n", b"1,2,t\n\r3,4,t\n", b"#1,2,t\n"],
    *[b"# note\n", b" # 1,2\n", b"1,2,t", b"\0\n", b"1,2,t\x1a\n", b"1,2,t\n\x1a"],
    *[b"\xef\xbb\xbf1,2,t\n", b"1;2;t\n", b"1\t2\tt\n", b"1 2 t\n"],
]  # fmt: skip

VALUES = listed("values")
VALUES += ["1" * 400, "1" * 5000, "0." + "0" * 400 + "1", "1\u00a0", "\t1", "1 "]

RECORDS = [
    *[f'{{"x": {value}, "y": 7, "t": 0}}\n'.encode() for value in VALUES],
    *[f'{{"x": 7, "y": {value}, "t": 0}}\n'.encode() for value in VALUES],
    *[f'{{"x": 7, "y": 8, "t": {value}}}\n'.encode() for value in VALUES],
    *[f"{text}\n".encode() for text in listed("records")],
    *[b'{"x":1,"y":7,"t":0}\r\n', b'{"x":1,"y":7,"\xe9":1}\n', b'{"x":1,"y":7,"t":"\xe9"}\n'],
    *[b'\xef\xbb\xbf{"x":1,"y":7,"t":0}\n', b'{"x":1,"y":7,"t":' + b"[" * 2000 + b"\n", b"\0\n"],
    *[b'{"x":1,"y":7,"t":0}', b'{"x":1,\n"y":7,"t":0}\n'],
]  # fmt: skip

Path_ = Callable[[int], Any]
PATHS: list[Path_] = [lambda _: None]
if has_polars:
    PATHS.append(lambda _: columnar.required("a test"))


def outcome(
    format: str,
    data: bytes,
    path: Path_,
    keep: bool,
    folder: Path,
    before: int = 0,
    after: int = 0,
) -> Any:
    """The rows with their lines, or the refusal and the line that it names; the first ``before``
    rows and the last ``after`` are left out, and the lines are counted without the first."""
    file = folder / f"points.{format}"
    file.write_bytes(data)
    with pytest.MonkeyPatch.context() as patched:
        for module in (separated, gradcalc.batch.ndjson):
            patched.setattr(module, "library", path)
        try:
            with file.open("rb") as opened, formats.opened(format, opened, "points") as reader:
                rows = [(c, i) for c in reader.chunks((0, 1), keep) for i in range(len(c.lines))]
        except BindingError as error:
            return re.sub(r"line (\d+)", lambda m: f"line {int(m[1]) - before}", error.message)
    return [
        (
            chunk.lines[i] - before,
            chunk.numbers[i].tobytes(),
            chunk.unread.get(i),
            [str(column[i]) for column in chunk.kept],
        )
        for chunk, i in rows[before : len(rows) - after]
    ]


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize(
    ("format", "header", "plain", "odd_lines"),
    [
        ("csv", b"x,y,t\n", b"0.125,2.5,text\n", LINES),
        ("ndjson", b"", b'{"x": 0.125, "y": 2.5, "t": 3}\n', RECORDS),
    ],
    ids=["csv", "ndjson"],
)
def test_small_files_and_large_ones_say_the_same(
    format: str, header: bytes, plain: bytes, odd_lines: list[bytes], keep: bool, tmp_path: Path
) -> None:
    first = header + plain
    for odd in odd_lines[keep::2]:  # half of them each
        expected = outcome(format, first + odd, PATHS[0], keep, tmp_path, 1)
        after = MANY if odd.endswith(b"\n") else 0
        large = first + plain * (MANY - 1) + odd + plain * after
        for path in PATHS:
            small = outcome(format, first + odd, path, keep, tmp_path, 1)
            assert repr(small) == repr(expected), odd
            found = outcome(format, large, path, keep, tmp_path, MANY, after)
            assert repr(found) == repr(expected), odd


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("rows", [3, 40_000])
def test_lines_may_end_in_any_way(end: bytes, rows: int, tmp_path: Path) -> None:
    for path in PATHS:
        lines = [b"x,y,t", *[b'%d,1,"a\r\nb"' % k for k in range(rows)]]
        found = outcome("csv", end.join(lines) + end, path, False, tmp_path)
        assert len(found) == rows
        assert np.frombuffer(found[-1][1])[0] == rows - 1
        assert found[1][0] - found[0][0] == 2  # the text has a line end of its own


def test_line_ends_that_are_mixed_lose_no_row(tmp_path: Path) -> None:
    data = b"x,y\r1,2\r\n3,4\n5,6\r7,8\r\r\n9,10"
    for path in PATHS:
        found = outcome("csv", data, path, False, tmp_path)
        assert [np.frombuffer(row[1])[0] for row in found] == [1, 3, 5, 7, 9]
        assert [row[0] for row in found] == [2, 3, 4, 5, 7]


def test_a_carriage_return_may_end_a_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gradcalc.batch.blocks.BLOCK", 4)
    found = outcome("csv", b"x,y\r\n1,2\r\n3,4\r\n", PATHS[0], False, tmp_path)
    assert [row[0] for row in found] == [2, 3]


@pytest.mark.parametrize("text", [b"\xe9", b"a\0b", b"\x01", "é\u202e".encode()])
def test_text_is_kept_as_it_is_or_not_at_all(text: bytes, tmp_path: Path) -> None:
    for path in PATHS:
        found = outcome("csv", b"x,y,t\n1,2," + text + b"\n", path, True, tmp_path)
        try:
            text.decode()
        except UnicodeDecodeError:
            assert found == "points, line 2: not text in UTF-8, and --keep is to keep it"
        else:
            assert found[0][3][2] == text.decode()


# --- arrays ---------------------------------------------------------------------------------------


def npy(array: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


@pytest.mark.parametrize("rows", [3, 120_000])
@pytest.mark.parametrize(
    "type_",
    [
        [("x", "f8", (2,)), ("y", "f8")],
        [("x", "c16"), ("y", "f8")],
        [("x", "U4"), ("y", "f8")],
        [("x", "S4"), ("y", "f8")],
        [("x", "?"), ("y", "f8")],
        [("x", "M8[s]"), ("y", "f8")],
        [("x", "m8[s]"), ("y", "f8")],
        [("x", "V4"), ("y", "f8")],
        [("x", [("a", "f8")]), ("y", "f8")],
    ],
)
def test_fields_that_are_not_numbers_are_refused_where_they_are_wanted(
    type_: Any, rows: int, tmp_path: Path
) -> None:
    data = npy(np.zeros(rows, type_))
    for wanted, keep in (((0, 1), False), ((1, 0), True)):
        with pytest.raises(BindingError, match="column 'x' of points is of"):
            read_npy(data, wanted, keep, tmp_path)
    assert read_npy(data, (1,), False, tmp_path) == rows


def read_npy(data: bytes, wanted: tuple[int, ...], keep: bool, folder: Path) -> int:
    (folder / "points.npy").write_bytes(data)
    with (folder / "points.npy").open("rb") as file, formats.opened("npy", file, "points") as array:
        return sum(len(chunk) for chunk in array.chunks(wanted, keep))


@pytest.mark.parametrize("rows", [3, 120_000])
@pytest.mark.parametrize("kind", ["c16", "U4", "?", "M8[s]", "S3"])
def test_arrays_that_are_not_of_numbers_are_refused(kind: str, rows: int, tmp_path: Path) -> None:
    with pytest.raises(BindingError, match="points is of"):
        read_npy(npy(np.zeros((rows, 2), kind)), (0, 1), False, tmp_path)


def header(text: str, version: bytes = b"\x01\x00") -> bytes:
    line = text.encode() + b"\n"
    size = len(line).to_bytes(2 if version[0] == 1 else 4, "little")
    return b"\x93NUMPY" + version + size + line


@pytest.mark.parametrize(
    "data",
    [
        header("{'descr': '<f8', 'fortran_order': False, 'shape': (-1, 2), }") + bytes(16),
        header("{'descr': '<f8', 'fortran_order': False, 'shape': (2, -1), }") + bytes(16),
        header("{'descr': '<f8', 'fortran_order': False, 'shape': (3, 0), }"),
        header("{'descr': '<f8', 'fortran_order': False, 'shape': (), }") + bytes(8),
        header("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2, 1), }") + bytes(16),
        header("{'descr': '|V0', 'fortran_order': False, 'shape': (3,), }"),
        header("{'descr': '|S0', 'fortran_order': False, 'shape': (3, 2), }"),
        header("{'descr': [], 'fortran_order': False, 'shape': (3,), }"),
        header("{'descr': '|O', 'fortran_order': False, 'shape': (3, 2), }") + bytes(48),
        header("{'descr': '<f8', 'fortran_order': False, 'shape': (10**9, 2), }"),
        header("{'descr': '<f8', 'fortran_order': False, 'shape': (True, 2), }") + bytes(64),
        header("{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2), }") + bytes(8),
        header("{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2), }") + bytes(40),
        header("{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2), }", b"\x09\x00"),
        header("{'descr': '<f9', 'fortran_order': False, 'shape': (2, 2), }"),
        header("(" * 500),
        b"\x93NUMPY",
    ],
)
def test_headers_of_arrays_that_say_what_cannot_be(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(BindingError, match="points"):
        read_npy(data, (0, 1), False, tmp_path)


def test_names_of_fields_are_utf8(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="format 3.0"):
        data = npy(np.zeros(3, [("θ", "f8"), ("y", "f8")]))
    (tmp_path / "points.npy").write_bytes(data)
    with (tmp_path / "points.npy").open("rb") as file, formats.opened("npy", file, "p") as array:
        assert array.names == ("θ", "y")


# --- Parquet --------------------------------------------------------------------------------------


def parquet(rows: int, **columns: Any) -> bytes:
    polars = columnar.required("a test")
    file = io.BytesIO()
    data = {"x": np.arange(float(rows)), **columns}
    polars.DataFrame(data).write_parquet(file, row_group_size=10_000)
    return file.getvalue()


def read_parquet(path: Path, wanted: tuple[int, ...] = (0,)) -> list[float]:
    with path.open("rb") as file, formats.opened("parquet", file, "points") as frame:
        return [x for chunk in frame.chunks(wanted, False) for x in chunk.numbers[:, 0].tolist()]


@NEEDS_POLARS
@pytest.mark.parametrize("rows", [3, 60_000])
@pytest.mark.parametrize("name", ["br[1].parquet", "st*r.parquet", "qu?.parquet", "~x.parquet"])
def test_a_path_is_no_glob(name: str, rows: int, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    for other in ("br1.parquet", "star.parquet", "qua.parquet", "x.parquet"):
        Path(other).write_bytes(parquet(rows + 1))
    Path(name).write_bytes(parquet(rows))
    assert read_parquet(Path(name)) == list(range(rows))


@NEEDS_POLARS
def test_a_folder_is_no_column(tmp_path: Path) -> None:
    (tmp_path / "x=9").mkdir()
    (tmp_path / "x=9" / "p.parquet").write_bytes(parquet(3))
    assert read_parquet(tmp_path / "x=9" / "p.parquet") == [0, 1, 2]


@NEEDS_POLARS
@pytest.mark.parametrize("rows", [3, 60_000])
@pytest.mark.parametrize(
    "value", [True, "1", datetime.date(2020, 1, 1), [1.0], datetime.timedelta(1), b"1"]
)
def test_columns_that_are_not_numbers(value: Any, rows: int, tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    path.write_bytes(parquet(rows, y=[value] * rows))
    with pytest.raises(BindingError, match="column 'y' is of"):
        read_parquet(path, (0, 1))
    assert len(read_parquet(path)) == rows


@NEEDS_POLARS
@pytest.mark.parametrize("rows", [2000, 60_000])
def test_damage_is_told(rows: int, tmp_path: Path) -> None:
    whole = parquet(rows, y=np.random.default_rng(0).random(rows))
    path = tmp_path / "p.parquet"
    for part in (0.0, 0.1, 0.5, 0.9, 0.999):
        at = int(part * len(whole)) + 8
        for damaged in (whole[:at] + bytes(64) + whole[at + 64 :], whole[:at]):
            path.write_bytes(damaged)
            found = parquet_or_why(path)
            assert found == rows or str(found).startswith("points is")


def parquet_or_why(path: Path) -> int | str:
    try:
        return len(read_parquet(path, (1, 0)))  # some bytes say nothing
    except GradcalcError as error:
        return error.message
