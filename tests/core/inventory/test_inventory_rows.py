"""An inventory's manifest and rows: read by name, decoded as the format has it, and refused in one sentence."""

import gzip
import json
import zlib
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus, unquote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restoretui.core.errors import InventoryUnreadable, RestoreTuiError, UsageError
from restoretui.core.inventory.columns import InventoryColumn
from restoretui.core.inventory.csv_rows import InventoryRows, PlusIsBlank, PlusSign, WantedRows
from restoretui.core.inventory.gunzipped import Gunzipped
from restoretui.core.inventory.manifest import Format, Inventory, KeyWriting, read_manifest
from restoretui.core.inventory.typed_rows import TypedRows
from restoretui.core.rows import Rows

SCHEMA = "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag, StorageClass"
MANIFEST: dict[str, Any] = {
    "sourceBucket": "b",
    "destinationBucket": "arn:aws-cn:s3:::inv",
    "version": "2016-11-30",
    "creationTimestamp": "1768435200000",
    "fileFormat": "CSV",
    "fileSchema": SCHEMA,
    "files": [{"key": "b/all/data/1.csv.gz", "size": 10, "MD5checksum": "0" * 32}],
}


def manifest(**changes: Any) -> Inventory:
    told = {name: value for name, value in {**MANIFEST, **changes}.items() if value is not None}
    return read_manifest(json.dumps(told).encode(), "m.json")


def test_a_manifest_is_read_as_documented() -> None:
    found = manifest()
    assert (found.bucket, found.written_to, found.format, found.keys) == ("b", "inv", Format.CSV, KeyWriting.FORM)
    assert found.made_at == datetime(2026, 1, 15, tzinfo=UTC)
    assert found.has_versions
    assert found.columns[6] is InventoryColumn.MODIFIED
    assert [(file.key, file.md5) for file in found.files] == [("b/all/data/1.csv.gz", "0" * 32)]


def test_oss_writes_seconds_bare_names_and_cut_checksums() -> None:
    files = [{"key": "d.csv.gz", "size": 1, "MD5checksum": "F77449179760C3B13F1E76110****"}]
    found = manifest(version="2019-09-01", creationTimestamp="1768435200", destinationBucket="inv", files=files)
    assert (found.made_at.year, found.written_to, found.files[0].md5, found.keys) == (2026, "inv", "", KeyWriting.URL)


@pytest.mark.parametrize(
    ("kept", "schema"),
    [
        ("Parquet", ("message s3.inventory { required binary bucket (UTF8); required binary key (UTF8);"
                    " optional int64 size; optional int64 last_modified_date (TIMESTAMP_MILLIS);"
                    " optional binary storage_class (STRING);}")),
        ("ORC", "struct<bucket:string,key:string,size:bigint,last_modified_date:timestamp,storage_class:string>"),
    ],
)  # fmt: skip
def test_schemas_of_other_formats_name_the_same_columns(kept: str, schema: str) -> None:
    assert manifest(fileFormat=kept, fileSchema=schema).columns == (
        InventoryColumn.BUCKET, InventoryColumn.KEY, InventoryColumn.SIZE, InventoryColumn.MODIFIED,
        InventoryColumn.CLASS,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"fileSchema": "Bucket, Key, Size"}, UsageError, "has no column StorageClass"),
        ({"fileSchema": "Bucket, StorageClass"}, UsageError, "has no column Key"),
        ({"sourceBucket": None}, InventoryUnreadable, "lacks 'sourceBucket'"),
        ({"sourceBucket": 7}, InventoryUnreadable, "is no text"),
        ({"creationTimestamp": "soon"}, InventoryUnreadable, "no manifest"),
        ({"creationTimestamp": "9" * 400}, InventoryUnreadable, "no manifest"),
        ({"fileFormat": "TSV"}, InventoryUnreadable, "TSV"),
        ({"files": [{}]}, InventoryUnreadable, "lacks 'key'"),
        ({"files": 3}, InventoryUnreadable, "its files are no list"),
        ({"files": ["x"]}, InventoryUnreadable, "one of its files is no JSON object"),
        ({"files": [{"key": "x"}, {"key": "y"}, {"key": "x"}]}, InventoryUnreadable, "names the file 'x' twice"),
        ({"files": [{"key": "x\0"}]}, InventoryUnreadable, "as no cloud would call it"),
        ({"files": [{"key": "\ud800"}]}, InventoryUnreadable, "as no cloud would call it"),
        ({"files": [{"key": "x" * 5000}]}, InventoryUnreadable, "'x{80}', as no cloud"),
        ({"fileSchema": "Bucket, Key, key, StorageClass"}, InventoryUnreadable, "names the column key twice"),
    ],
)
def test_what_is_no_manifest_is_said_in_a_sentence(
    changes: dict[str, Any], error: type[RestoreTuiError], words: str
) -> None:
    with pytest.raises(error, match=words):
        manifest(**changes)


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b"[" * 100_000, b"\xff", b"<html>"])
def test_what_is_no_json_is_no_manifest(data: bytes) -> None:
    with pytest.raises(InventoryUnreadable, match="is no manifest"):
        read_manifest(data, "m.json")


def line(*values: str) -> str:
    return ",".join(f'"{value}"' for value in values) + "\n"


def read(text: str, *, versions: bool = False, prefix: str = "", **changes: Any) -> Rows:
    return InventoryRows(manifest(**changes), WantedRows(versions, prefix), "rows").read(text)


DATE = "2024-04-22T01:11:06.000Z"
OLD = line("b", "k", "v1", "false", "false", "5", DATE, "e1", "DEEP_ARCHIVE")
NEW = line("b", "k", "", "true", "false", "7", DATE, "e2", "GLACIER")
GONE = line("b", "gone", "v9", "true", "true", "", DATE, "", "")


def test_current_rows_are_taken_and_markers_are_none() -> None:
    rows = read(OLD + NEW + GONE)
    assert [(row.key, row.version_id, row.size, row.storage_class) for row in rows] == [("k", None, 7, "GLACIER")]
    assert (rows[0].modified, rows[0].etag, rows[0].in_progress) == (1713748266, "e2", None)


def test_every_version_has_its_id_and_the_null_version_is_called_so() -> None:
    rows = read(OLD + NEW + GONE, versions=True)
    assert [(row.key, row.version_id, row.is_latest) for row in rows] == [("k", "v1", False), ("k", "null", True)]


def test_a_prefix_keeps_what_is_below_it() -> None:
    assert [row.key for row in read(NEW + NEW.replace('"k"', '"a/k"'), prefix="a/")] == ["a/k"]


@pytest.mark.parametrize(
    "text",
    [
        NEW.replace('"', ""),
        NEW.replace("\n", "\r\n"),
        "\n" + NEW + "\n",
        NEW.replace('"e2"', '"""e2"""'),
        NEW.rstrip("\n"),
    ],
)
def test_rows_that_are_written_otherwise_are_the_same(text: str) -> None:
    assert list(read(text)) == list(read(NEW))


def test_absurd_values_are_not_told() -> None:
    rows = read(line("b", "k", "", "true", "false", "9" * 30, "0000-00-00", "", "GLACIER"))
    assert (rows[0].size, rows[0].modified) == (None, None)
    for date in ("0001-01-01T00:00:00.000+14:00", "9999-12-31T23:59:59.000-14:00", "99999-01-01T00:00:00Z"):
        assert [row.modified for row in read(NEW + NEW.replace(DATE, date))] == [1713748266, None], date
    assert TypedRows(manifest(), WantedRows(), "f").read(
        {InventoryColumn.KEY: ["k"], InventoryColumn.SIZE: [-1], InventoryColumn.MODIFIED: [-(10**12)],
         InventoryColumn.CLASS: ["GLACIER"]}
    )[0].modified is None  # fmt: skip


def test_flags_may_be_written_large() -> None:
    upper = (OLD + NEW + GONE).replace("true", "True").replace("false", "FALSE")
    for versions in (False, True):
        assert list(read(upper, versions=versions)) == list(read(OLD + NEW + GONE, versions=versions))


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        (line("other", "k", "", "true", "false", "1", DATE, "", "GLACIER"), UsageError, "'other', and not of 'b'"),
        (line("b", "k"), InventoryUnreadable, "2 columns, and its schema 9"),
        (NEW + line("b", "k"), InventoryUnreadable, "row 2 has 2 columns, and its schema 9"),
        (line("b", "", "", "true", "false", "1", DATE, "", "GLACIER"), InventoryUnreadable, "cannot be a key"),
        (line("b", "%ff", "", "true", "false", "1", DATE, "", "GLACIER"), InventoryUnreadable, "not UTF-8"),
        (line("b", "k", "", "true", "false", "many", DATE, "", "GLACIER"), InventoryUnreadable, "no number"),
    ],
)
def test_rows_that_cannot_be_are_refused(text: str, error: type[RestoreTuiError], words: str) -> None:
    with pytest.raises(error, match=words):
        read(text)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30), min_size=1, max_size=30))
def test_keys_come_back_as_they_were(keys: list[str]) -> None:
    text = "".join(NEW.replace('"k"', f'"{quote_plus(key, safe="/")}"') for key in keys)
    assert [row.key for row in read(text)] == keys


@given(st.lists(st.text(max_size=40), max_size=20), st.integers(1, 50), st.booleans())
def test_lines_come_whole_out_of_any_pieces(words: list[str], size: int, twice: bool) -> None:
    text = "".join(f'"{word.encode("utf-8", "replace").decode()}"\n'.replace('""', '"') for word in words)
    text = "".join(part for part in text.splitlines(keepends=True) if part.count('"') == 2)
    data = gzip.compress(text.encode()) + (gzip.compress(text.encode()) if twice else b"")
    lines = Gunzipped("f")
    found: list[str] = []
    for at in range(0, len(data), size):
        found += lines.feed(data[at : at + size])
    found.append(lines.end())
    assert all(block.endswith("\n") for block in found[:-1])
    assert "".join(found) == text * (2 if twice else 1)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (gzip.compress(NEW.encode() * 1000)[:-20], "cut off"),
        (gzip.compress(NEW.encode())[:12] + b"\0" * 30, "damaged"),
        (gzip.compress(b"\xff\xfe\n"), "not UTF-8"),
        (zlib.compress(b"x", wbits=31) + b"more", "damaged"),
        (gzip.compress(b"x" * (1 << 20)), "no end"),
    ],
    ids=["cut", "holes", "charset", "more", "endless"],
)
def test_a_broken_stream_is_said_in_a_sentence(data: bytes, words: str) -> None:
    lines = Gunzipped("f")
    with pytest.raises(InventoryUnreadable, match=words):  # noqa: PT012  the end tells, or a piece does
        for _ in lines.feed(data):
            pass
        lines.end()


def test_a_mark_of_the_byte_order_is_no_part_of_the_first_row() -> None:
    lines = Gunzipped("f")
    assert "".join([*lines.feed(gzip.compress(("\ufeff" + NEW).encode())), lines.end()]) == NEW


def test_what_is_packed_a_thousandfold_is_unpacked_as_it_is_taken() -> None:
    bomb = gzip.compress(NEW.encode() * 300_000)[:-8] + b"damaged."
    blocks = Gunzipped("f").feed(bomb)
    assert all(len(next(blocks)) < 1 << 19 for _ in range(10)), "which its end, unpacked at once, would not allow"
    with pytest.raises(InventoryUnreadable, match="damaged"):
        for _ in blocks:
            pass


def oss(*keys: str) -> str:
    return "".join(line("b", key, "7", DATE, "IA", "e") for key in keys)


OSS: dict[str, Any] = {
    "version": "2019-09-01",
    "fileSchema": "Bucket, Key, Size, LastModifiedDate, StorageClass, ETag",
}


@pytest.mark.parametrize(
    ("keys", "names"),
    [
        (("a+b", "c%20d"), ["a+b", "c d"]),
        (("a+b", "c%2Bd"), ["a b", "c+d"]),
        (("c%2bd", "a+b"), ["c+d", "a b"]),
        (("x%2Fy", "z"), ["x/y", "z"]),
    ],
)
def test_a_plus_is_itself_unless_some_key_writes_one_otherwise(keys: tuple[str, ...], names: list[str]) -> None:
    assert read(oss(*keys), **OSS).keys == names
    assert read(oss(*keys), fileSchema=OSS["fileSchema"]).keys == [unquote_plus(key) for key in keys], (
        "S3's are said to be as in a form"
    )


def test_what_was_read_as_it_is_and_was_a_blank_is_read_anew() -> None:
    plus = PlusSign(is_blank=False)
    first = InventoryRows(manifest(**OSS), WantedRows(), "1", plus)
    assert first.read(oss("a+b")).keys == ["a+b"]
    with pytest.raises(PlusIsBlank):
        InventoryRows(manifest(**OSS), WantedRows(), "2", plus).read(oss("c%2Bd"))
