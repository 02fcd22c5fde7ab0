"""What is written is what is read: every format, quickly and carefully, with polars or not."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import math
import re
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gradcalc.batch import blocks, columnar, formats, separated, spelling
from gradcalc.batch.chunk import Chunk, Floats, Table, joined
from gradcalc.batch.names import EXTENSIONS, by_extension
from gradcalc.errors import BindingError, GradcalcError

has_polars = columnar.find_spec("polars") is not None
NEEDS_POLARS = pytest.mark.skipif(not has_polars, reason="polars is not installed")


@pytest.fixture(params=["plain", pytest.param("polars", marks=NEEDS_POLARS)])
def library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Text by way of polars, or without it, however long it is."""
    import gradcalc.batch.ndjson

    found = columnar.required("a test") if request.param == "polars" else None
    for module in (separated, spelling, gradcalc.batch.ndjson):
        monkeypatch.setattr(module, "library", lambda _: found)
    name: str = request.param
    return name


EVERY = [
    pytest.param(name, marks=NEEDS_POLARS if name in ("parquet", "arrow") else ())
    for name in EXTENSIONS
]


def table(results: Any, *kept: Any) -> Table:
    numbers = np.array(results, float)
    return Table(kept, numbers, not np.isfinite(numbers).all())


def written(format: str, names: Sequence[str], *tables: Table) -> bytes:
    file = io.BytesIO()
    formats.written(format, names, iter(tables), file, True)
    return file.getvalue()


def read(format: str, data: bytes, folder: Path, wanted: Sequence[int] | None = None,
         keep: bool = False) -> tuple[tuple[str, ...] | None, Chunk]:  # fmt: skip
    path = folder / f"points.{format}"
    path.write_bytes(data)
    with path.open("rb") as file, formats.opened(format, file, "points") as reader:
        wanted = range(reader.width) if wanted is None else wanted
        chunks = list(reader.chunks(wanted, keep))
    return reader.names, joined(chunks) if chunks else Chunk(np.empty((0, len(wanted))), [])


def doubles() -> st.SearchStrategy[float]:
    bits = st.integers(0, 2**64 - 1).map(lambda n: struct.unpack("d", struct.pack("Q", n))[0])
    anything = st.one_of(st.floats(allow_nan=False), bits, st.integers(-9, 9).map(float))
    return anything.filter(lambda x: not math.isnan(x))


@pytest.mark.parametrize("format", EVERY)
@given(rows=st.lists(st.tuples(doubles(), doubles()), min_size=1, max_size=40))
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_every_double_survives(
    format: str, library: str, tmp_path: Path, rows: list[tuple[float, float]]
) -> None:
    if format == "ndjson":  # strict: no infinities
        rows = [tuple(x if math.isfinite(x) else 0.0 for x in row) for row in rows]  # type: ignore[misc]
    names, chunk = read(format, written(format, ["a", "df1/dx1"], table(rows)), tmp_path)
    assert names == (("a", "df1/dx1") if format != "npy" else None)
    assert chunk.numbers.tobytes() == np.array(rows).tobytes()
    assert not chunk.unread


@NEEDS_POLARS
@given(st.lists(doubles(), min_size=1, max_size=200))
@settings(max_examples=50, deadline=None)
def test_polars_and_python_spell_every_double_alike(numbers: list[float]) -> None:
    rows = table([[x] for x in [*numbers, 1e-5, -1.5e-5, 1e-7, 1e15, 1e16, 5e-324, 0.0001]])
    plain = "".join(spelling.spelled(f"{x!r}\n") for x in rows.results[:, 0].tolist())
    quick = io.BytesIO()
    varying = np.ones(1, bool)
    spelling._write_by_polars(columnar.required("a test"), rows, varying, quick, ",")
    assert quick.getvalue().decode() == plain


@pytest.mark.parametrize("format", EVERY)
def test_rows_in_their_order_whatever_the_chunks(
    format: str, library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "BLOCK", 1 << 12)
    x = np.random.default_rng(0).standard_normal((20_000, 2))
    data = written(format, ["x1", "x2"], *(table(part) for part in np.array_split(x, 7)))
    _, chunk = read(format, data, tmp_path)
    assert np.array_equal(chunk.numbers, x)
    first = {"csv": 2, "tsv": 2}.get(format, 1)
    assert list(chunk.lines) == list(range(first, first + len(x)))


@pytest.mark.parametrize("format", [p for p in EVERY if p.values != ("ndjson",)])
def test_no_rows(format: str, tmp_path: Path) -> None:
    names, chunk = read(format, written(format, ["x1", "x2"]), tmp_path)
    assert len(chunk) == 0
    assert names in (("x1", "x2"), None)


def test_not_a_number_in_each_format(library: str) -> None:
    rows = table([[1.0, math.nan], [math.inf, -math.inf]])
    assert written("csv", ["a", "b"], rows) == b"a,b\n1.0,nan\ninf,-inf\n"
    assert written("tsv", ["a", "b"], rows) == b"a\tb\n1.0\tnan\ninf\t-inf\n"
    assert written("ndjson", ["a", "b"], rows) == b'{"a":1.0,"b":null}\n{"a":null,"b":null}\n'


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize(("rows", "columns"), [(1, 9), (5, 40), (600, 9), (600, 1)])
@pytest.mark.parametrize("constant", [0.0, 0.5, 0.95, 1.0])
def test_columns_that_are_constant(
    library: str, rows: int, columns: int, constant: float, gaps: bool
) -> None:
    rng = np.random.default_rng(0)
    numbers = rng.choice([1e-5, -1.25e-5, 1e-7, 1e300, 0.1, 3.0], (rows, columns))
    if gaps:
        numbers[rng.random((rows, columns)) < 0.2] = math.nan
    special = [0.0, -0.0, 1.0, 1e-5] + gaps * [math.nan, math.inf, -math.inf]
    still = rng.random(columns) < constant
    numbers[:, still] = rng.choice(special, columns)[still]
    plain = "".join(
        ",".join(spelling.spelled(repr(x)) for x in row) + "\n" for row in numbers.tolist()
    )
    names = [f"f{j}" for j in range(columns)]
    found = written("csv", names, table(numbers))
    assert found.decode() == ",".join(names) + "\n" + plain


def test_text_that_was_kept(library: str) -> None:
    names = np.array(["NaN & sons", 'b,"c"', ""], object)
    rows = table([[1.0], [math.nan], [0.1]], names)
    assert written("csv", ["name", "f1"], rows) in (
        b'name,f1\nNaN & sons,1.0\n"b,""c""",nan\n"",0.1\n',
        b'name,f1\nNaN & sons,1.0\n"b,""c""",nan\n,0.1\n',
    )
    records = written("ndjson", ["name", "f1"], rows).decode().splitlines()
    assert [json.loads(record) for record in records] == [
        {"name": "NaN & sons", "f1": 1.0},
        {"name": 'b,"c"', "f1": None},
        {"name": "", "f1": 0.1},
    ]


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        (b"x1,x2\n1,2\n3\n", 3, "1 field instead of 2"),
        (b"x1,x2\n1,2\n3,4,5\n", 3, "3 fields instead of 2"),
        (b"x1,x2\n1\n3,4,5\n", 2, "1 field instead of 2"),
        (b"x1,x2\n\n\n1,abc\n3,4\n", 4, "x2 is 'abc', not a number"),
        (b"x1,x2\n1,\n", 2, "x2 is empty"),
        (b"x1,x2\n1,1_000\n", 2, "x2 is '1_000', not a number"),
        (b"x1,x2\n1,0x10\n", 2, "x2 is '0x10', not a number"),
        (b"1,2\n1,true\n", 2, "field 2 is 'true', not a number"),
        ('x1,x2\n1,"2\n3"\n5,١\n'.encode(), 2, "x2 is '2\\n3', not a number"),
        (b'x1,x2\n"1","2"\n1,#\n', 3, "x2 is '#', not a number"),
    ],
)
def test_what_is_wrong_with_a_line(
    library: str, tmp_path: Path, text: bytes, line: int, why: str
) -> None:
    _, chunk = read("csv", text, tmp_path)
    row, reason = next(iter(chunk.unread.items()))
    assert (chunk.lines[row], reason) == (line, why)
    assert np.isnan(chunk.numbers[row]).all()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b'{"x1": 1, "x2": 2}\n{"x1": 1}\n', "no x2"),
        (b'{"x1": 1, "x2": 2}\n{"x1": 1, "x2": "3"}\n', 'x2 is "3", not a number'),
        (b'{"x1": 1, "x2": 2}\n{"x1": 1, "x2": null}\n', "x2 is null, not a number"),
        (b'{"x1": 1, "x2": 2}\n{"x1": 1, "x2": true}\n', "x2 is true, not a number"),
        (b'{"x1": 1, "x2": 2}\n{"x1": 1, "x2": [3]}\n', "no x2"),
        (b'{"x1": 1, "x2": 2}\n{"x1": 1, "x2": 3\n', "not a JSON object"),
        (b"[1, 2]\n[1]\n", "1 numbers instead of 2"),
        (b"[1, 2]\n3\n", "not a JSON list"),
    ],
)
def test_what_is_wrong_with_a_record(library: str, tmp_path: Path, text: bytes, why: str) -> None:
    _, chunk = read("ndjson", text, tmp_path)
    assert chunk.unread == {1: why}
    assert chunk.numbers[0].tolist() == [1.0, 2.0]


def test_a_bad_line_among_many(library: str, tmp_path: Path) -> None:
    lines = [b"x1,x2"] + [b"%d,0.5" % i for i in range(5000)]
    lines[4321] = b"4320"
    _, chunk = read("csv", b"\n".join(lines), tmp_path)
    assert [(chunk.lines[row], why) for row, why in chunk.unread.items()] == [
        (4322, "1 field instead of 2")
    ]
    assert len(chunk) == 5000
    assert np.nansum(chunk.numbers[:, 0]) == sum(range(5000)) - 4320


@pytest.mark.parametrize(
    "text",
    [
        b"x1,x2\n1,2\n3,4\n",
        b"x1,x2\r\n1,2\r\n3,4\r\n",
        b"\xef\xbb\xbfx1,x2\n1,2\n3,4",
        b'"x1", x2 \n"1", 2\n3 ,4.0\n\n',
        b"# x1,x2\n+1,2.\n.3e1,4\n",
    ],
)
def test_spellings_of_the_same_points(library: str, tmp_path: Path, text: bytes) -> None:
    names, chunk = read("csv", text, tmp_path)
    assert names == ("x1", "x2")
    assert chunk.numbers.tolist() == [[1, 2], [3, 4]]


def test_columns_by_choice(library: str, tmp_path: Path) -> None:
    text = b'id,x1,note,x2\n7,1,"a,b",2\n8,3,"two\nlines",4\n9,5,,6\n'
    _, chunk = read("csv", text, tmp_path, wanted=(3, 1), keep=True)
    assert chunk.numbers.tolist() == [[2, 1], [4, 3], [6, 5]]
    assert [list(column) for column in chunk.kept] == [
        ["7", "8", "9"], [1, 3, 5], ["a,b", "two\nlines", ""], [2, 4, 6],
    ]  # fmt: skip
    assert list(chunk.lines) == [2, 3, 5]


@pytest.mark.parametrize(
    "array",
    [
        np.asfortranarray(np.arange(12.0).reshape(6, 2)),
        np.arange(12).reshape(6, 2),
        np.arange(12, dtype=">f4").reshape(6, 2),
        np.array([(2 * i, 2 * i + 1) for i in range(6)], [("x1", "f8"), ("x2", "i4")]),
    ],
)
def test_arrays_of_every_kind(array: Any, tmp_path: Path) -> None:
    file = io.BytesIO()
    np.save(file, array)
    names, chunk = read("npy", file.getvalue(), tmp_path)
    assert names == array.dtype.names
    assert chunk.numbers.tolist() == np.arange(12.0).reshape(6, 2).tolist()


def test_an_array_that_is_cut_short(tmp_path: Path) -> None:
    file = io.BytesIO()
    np.save(file, np.ones((100, 2)))
    with pytest.raises(BindingError, match="ends before"):
        read("npy", file.getvalue()[:-8], tmp_path)


@NEEDS_POLARS
def test_parquet_keeps_its_types(tmp_path: Path) -> None:
    polars = columnar.required("a test")
    frame = polars.DataFrame({"id": [1, None], "x1": [2, 3], "when": ["a", "b"]})
    file = io.BytesIO()
    frame.write_parquet(file)
    names, chunk = read("parquet", file.getvalue(), tmp_path, wanted=(1,), keep=True)
    out = io.BytesIO(written("parquet", [*names, "f1"], Table(chunk.kept, chunk.numbers, False)))  # type: ignore[misc]
    assert polars.read_parquet(out).drop("f1").equals(frame)


@pytest.mark.parametrize("format", EVERY)
def test_what_is_no_such_file(format: str, tmp_path: Path) -> None:
    with pytest.raises(GradcalcError):
        read(format, b"" if format in ("csv", "tsv", "ndjson") else b"x1,x2\n1,2\n", tmp_path)


@pytest.mark.parametrize("format", ["csv", "tsv", "ndjson"])
@pytest.mark.parametrize(
    ("data", "what", "hint"),
    [
        (gzip.compress(b"x1,x2\n1,2\n", mtime=0), "compressed (gzip)", "gunzip -c"),
        (bz2.compress(b"x1,x2\n1,2\n"), "compressed (bzip2)", "bunzip2 -c"),
        (lzma.compress(b"x1,x2\n1,2\n"), "compressed (xz)", "xz -dc"),
        (b"PK\x03\x04 a spreadsheet", "an archive or a spreadsheet", "save it as CSV"),
        (b"PAR1\x15\x04", "a Parquet file", "--input-format parquet"),
        (b"\x93NUMPY\x01\x00", "an NPY file", "--input-format npy"),
        ("x1,x2\n1,2\n".encode("utf-16"), "in UTF-16", "iconv"),
    ],
)
def test_what_is_no_text(format: str, data: bytes, what: str, hint: str, tmp_path: Path) -> None:
    with pytest.raises(BindingError, match=re.escape(f"points is {what}")) as raised:
        read(format, data, tmp_path)
    assert hint in (raised.value.hint or "")


def test_a_header_that_begins_like_another_format(library: str, tmp_path: Path) -> None:
    for name in ("PAR1", "BZh9", "PK"):
        names, chunk = read("csv", f"{name},x2\n1,2\n".encode(), tmp_path)
        assert names == (name, "x2")
        assert chunk.numbers.tolist() == [[1, 2]]


def test_without_polars(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columnar, "find_spec", lambda _: None)
    with pytest.raises(GradcalcError, match="Parquet needs polars") as raised:
        formats.opened("parquet", io.BytesIO(b"PAR1"), "points").__enter__()
    assert raised.value.hint == "pip install polars"


@pytest.mark.parametrize(
    ("path", "format"),
    [("a.CSV", "csv"), ("b.jsonl", "ndjson"), ("c.pq", "parquet"), ("d.tab", "tsv"), ("e", None)],
)
def test_the_format_of_a_name(path: str, format: str | None) -> None:
    assert by_extension(path) == format


class Slow(io.RawIOBase):
    """A pipe: gives what it likes, a few bytes at a time."""

    def __init__(self, data: bytes) -> None:
        self._parts: Iterator[bytes] = iter(data[i : i + 7] for i in range(0, len(data), 7))

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return next(self._parts, b"")


def test_lines_in_pieces() -> None:
    data = b'1,"two\nlines",3\n' * 50 + b"4,5,6"
    file: BinaryIO = Slow(data)  # type: ignore[assignment]
    found = list(blocks.Blocks(file).lines(quotes=True))
    assert b"".join(found) == data
    assert all(block.count(b'"') % 2 == 0 for block in found)


def test_pieces_of_a_chunk() -> None:
    numbers: Floats = np.arange(10.0).reshape(5, 2)
    chunk = Chunk(numbers, range(2, 7), {3: "why"}, (np.arange(5),))
    pieces = list(chunk.pieces(2))
    assert [len(piece) for piece in pieces] == [2, 2, 1]
    assert [piece.unread for piece in pieces] == [{}, {1: "why"}, {}]
    whole = joined(pieces)
    assert whole.unread == chunk.unread
    assert whole.lines == list(chunk.lines)
    assert np.array_equal(whole.numbers, numbers)


# --- archives of arrays, and streams --------------------------------------------------------------


def archive(save: Any = np.savez, **arrays: Any) -> bytes:
    file = io.BytesIO()
    save(file, **arrays)
    return file.getvalue()


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_the_arrays_of_an_archive_stand_side_by_side(save: Any, tmp_path: Path) -> None:
    t, a = np.arange(60_000.0), np.asfortranarray(np.arange(120_000).reshape(2, -1).T)
    names, chunk = read("npz", archive(save, t=t, a=a), tmp_path)
    assert names == ("t", "a[0]", "a[1]")
    assert np.array_equal(chunk.numbers, np.column_stack([t, a]))


def test_an_archive_of_one_array_is_that_array(tmp_path: Path) -> None:
    names, chunk = read("npz", archive(arr_0=np.eye(3)), tmp_path)
    assert names is None
    assert chunk.numbers.tolist() == np.eye(3).tolist()


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (archive(a=np.ones(3), b=np.ones(2)), "no arrays of one length: a has 3, b has 2"),
        (archive(), "no arrays of one length: it is empty"),
        (archive(a=np.ones(3))[:80], "no NPZ file"),
        (archive(a=np.ones((2, 2, 2))), "not rows of numbers"),
    ],
)
def test_an_archive_that_has_no_rows_is_refused(data: bytes, why: str, tmp_path: Path) -> None:
    with pytest.raises(BindingError, match=why):
        read("npz", data, tmp_path)


@NEEDS_POLARS
@pytest.mark.parametrize("save", ["write_ipc", "write_ipc_stream"])
def test_a_file_and_a_stream_of_arrow(save: str, tmp_path: Path) -> None:
    frame = columnar.required("a test").DataFrame({"x": [1.5, 2.0], "y": [3, None]})
    file = io.BytesIO()
    getattr(frame, save)(file)
    names, chunk = read("arrow", file.getvalue(), tmp_path)
    assert names == ("x", "y")
    assert chunk.unread == {1: "y is null"}
    assert chunk.numbers[0].tolist() == [1.5, 3.0]
    with pytest.raises(BindingError, match="Arrow file"):
        read("arrow", file.getvalue()[:70], tmp_path)
