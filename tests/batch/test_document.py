"""A table that is one JSON value says what its records say line by line; or it is refused whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gradcalc.batch import document, formats, ndjson
from gradcalc.errors import BindingError
from tests.batch.test_odd_input import MANY, RECORDS

PLAIN = b'{"x": 0.125, "y": 2.5, "t": 3}'


def rows(data: bytes, folder: Path, *, keep: bool = False, format: str | None = None) -> Any:
    """The rows as they were read, with their names; or the refusal."""
    file = folder / "points"
    file.write_bytes(data)
    try:
        with file.open("rb") as opened, formats.opened(format, opened, "points") as reader:
            found = []
            for chunk in reader.chunks(range(reader.width), keep):
                kept = [[*map(str, column)] for column in chunk.kept]
                for i, line in enumerate(chunk.lines):
                    row = [column[i] for column in kept]
                    found.append((line, chunk.numbers[i].tobytes(), chunk.unread.get(i), row))
            return reader.names, found
    except BindingError as error:
        return error.message


def is_json(text: bytes) -> bool:
    try:
        json.loads(text.decode())
    except (ValueError, RecursionError):
        return False
    return True


WHOLE = [odd.rstrip(b"\r\n") for odd in RECORDS if is_json(odd) and odd.count(b"\n") < 2]


@pytest.mark.parametrize("keep", [False, True])
def test_an_array_says_what_its_records_say(
    keep: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ndjson, "library", lambda _: None)
    assert len(WHOLE) > 60
    for odd in WHOLE:
        for before, after in ((1, 0), (MANY, MANY)):
            records = [PLAIN] * before + [odd] + [PLAIN] * after
            lines = rows(b"\n".join(records), tmp_path, keep=keep, format="ndjson")
            for between in (b",", b"\n, "):
                array = b" [" + between.join(records) + b"]\n"
                assert repr(rows(array, tmp_path, keep=keep)) == repr(lines), odd


@pytest.mark.parametrize("count", [2, 2 * MANY])
def test_the_same_rows_in_every_form(count: int, tmp_path: Path) -> None:
    table = [[k + 0.1, -k / 3] for k in range(count)]
    records = [dict(zip("xy", row, strict=True)) for row in table]
    columns = {name: [row[j] for row in table] for j, name in enumerate("xy")}
    by_index = {name: dict(enumerate(column)) for name, column in columns.items()}
    by_line = "\n".join(map(json.dumps, records))
    expected = rows(by_line.encode(), tmp_path, format="ndjson")
    assert expected[0] == ("x", "y")
    assert len(expected[1]) == count
    texts = [by_line, by_line.replace("\n", "\r\n"), "\n\n" + by_line, "\ufeff" + by_line]
    for value in (records, columns, by_index):
        texts += [json.dumps(value), json.dumps(value, indent=2), "\ufeff" + json.dumps(value)]
    for text in texts:
        names, found = rows(text.encode(), tmp_path)
        assert names == expected[0], text[:80]
        assert [row[1] for row in found] == [row[1] for row in expected[1]], text[:80]
    for text in (json.dumps(table), json.dumps(table, indent=1), "\n".join(map(json.dumps, table))):
        names, found = rows(text.encode(), tmp_path)
        assert names is None
        assert [row[1] for row in found] == [row[1] for row in expected[1]], text[:80]


def test_rows_come_in_chunks_and_keep_their_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = json.dumps([{"x": k} for k in range(10)]).encode()
    whole = rows(data, tmp_path)
    monkeypatch.setattr(document, "ROWS", 3)
    assert rows(data, tmp_path) == whole
    assert [row[0] for row in whole[1]] == [*range(1, 11)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('{"a": [1, 2]}', ("a",)),  # alone: a column
        ('{"a": [1, 2]}\n{"a": [3, 4]}', ("a[0]", "a[1]")),  # records with arrays
        ('[{"a": [1, 2]}]', ("a[0]", "a[1]")),
        ('{"a": [[1, 2], [3, 4]], "b": [5, 6]}', ("a[0]", "a[1]", "b")),
        ('{"a": [1, 2], "b": 3}', ("a[0]", "a[1]", "b")),  # one record
        ('{\n "x": 1,\n "y": 2\n}', ("x", "y")),
        ("{x},[y]\n1,2", ("{x}", "[y]")),  # no JSON
    ],
)
def test_what_the_names_are(text: str, names: tuple[str, ...], tmp_path: Path) -> None:
    assert rows(text.encode(), tmp_path)[0] == names


@pytest.mark.parametrize("filler", [0, MANY])
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[{"x": 1},FILL {"x": 2}', "points is not JSON: expecting ',' delimiter at line"),
        ('[{"x": 1},FILL {"x": 2},]', "points is not JSON:"),
        ('[{"x": 1},FILL {"x": 2}] 3', "points is not JSON: extra data at line"),
        ("[FILL {'x': 1}]", "points is not JSON:"),
        ('[{"x": 1},FILL {"x": ' + "[" * 100_000, "points is JSON that is too long or too deep"),
        ('[{"x": 1},FILL {"x": ' + "1" * 5000 + "}]", "points is JSON that is too long or too"),
        ('{"x": [1, 2], "y": [3]}', "points: the columns 'x' and 'y' have other rows"),
        ('{"x": {"0": 1}, "y": {"1": 3}}', "points: the columns 'x' and 'y' have other rows"),
        ('{"x": [1], "y": {"0": 3}}', "points: some columns are lists, and some are objects"),
        ('{"x": [1], "y": [2], "x": [3]}', "points gives 'x' twice"),
        ('{"x": [], "y": []}', "points has no rows"),
        ("[]", "points has no rows"),
        ("[1, 2, 3]", "points is a list: is it a row, or a column?"),
    ],
)
def test_what_is_refused_whole(text: str, why: str, filler: int, tmp_path: Path) -> None:
    found = rows(text.replace("FILL", '{"x": 3},' * filler).encode(), tmp_path)
    assert str(found).startswith(why), found[:100]


def test_what_is_no_number_is_told_by_row(tmp_path: Path) -> None:
    _, found = rows(b'{"x": [1, "a", null, true, 5], "y": [1, 2, 3, 4, 5]}', tmp_path)
    assert [row[2] for row in found] == [
        None,
        'x is "a", not a number',
        "x is null, not a number",
        "x is true, not a number",
        None,
    ]
