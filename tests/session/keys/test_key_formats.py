"""Lists in the forms that tools write them: what is printed reads back, what is no object is named by its line."""

import csv
import io
from collections.abc import Sequence
from itertools import count, repeat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restoretui.core.errors import UsageError
from restoretui.core.location import Location
from restoretui.core.model import ObjectRef
from restoretui.providers.s3.batch.manifest_csv import encode_rows
from restoretui.session.export import REPORT_COLUMNS
from restoretui.session.jsonlines.line import json_line, where
from restoretui.session.keys.batch_rows import REPORT_HEADINGS
from restoretui.session.keys.entries import KeysFormat, ListedKey, ListedKeys, NamedKeys
from restoretui.session.keys.formats import Reading, guess
from restoretui.session.keys.key_list import read_named

REFS = st.lists(
    st.builds(
        ObjectRef,
        st.sampled_from(["acme-films", "acme-odd.names", "x_y"]),
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40),
        st.none() | st.text("abcABC019._-+/=~", min_size=1, max_size=20),
    ),
    min_size=1,
    max_size=12,
)  # fmt: skip


def read(form: KeysFormat, data: bytes) -> list[ListedKey]:
    reading = Reading("the list")
    reading.read(form, ((number, [line]) for number, line in enumerate(data.split(b"\n"), 1)))
    return list(reading.entries)


@pytest.mark.parametrize("form", list(KeysFormat))
def test_a_list_without_an_end_is_ended(form: KeysFormat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("restoretui.session.keys.formats.MOST_LINES", 50)
    lines = {
        KeysFormat.URI: b"s3://b/k", KeysFormat.JSONL: b'{"key": "k"}',
        KeysFormat.REPORT: b"bucket,key,,succeeded,200,,Successful",
    }  # fmt: skip
    line = lines.get(form, b"bucket,key")
    reading = Reading("the list")
    with pytest.raises(UsageError, match="the list has more than 50 lines"):
        reading.read(form, zip(count(1), repeat([line]), strict=False))
    assert len(reading.entries) <= 50


def refs(entries: Sequence[ListedKey]) -> list[ObjectRef]:
    return [ObjectRef(entry.bucket, entry.key, entry.version_id) for entry in entries]


@given(REFS)
def test_json_lines_read_back(objects: list[ObjectRef]) -> None:
    lines = [json_line("object", where("s3", ref)) for ref in objects]
    lines += [json_line("missing", where("s3", ObjectRef("b", "gone"))), json_line("bucket", {"bucket": "b"})]
    lines += [json_line("summary", {"objects": len(objects)}), json_line("change", {"run": 1, "state": "planned"})]
    entries = read(KeysFormat.JSONL, "\r\n".join(lines).encode())
    assert refs(entries) == objects
    assert {entry.scheme for entry in entries} == {"s3"}
    assert guess(lines[0].encode(), has_bucket=True) is KeysFormat.JSONL


@given(REFS)
def test_csv_reads_back(objects: list[ObjectRef]) -> None:
    for columns in (
        REPORT_COLUMNS,
        ("bucket", "key", "version_id"),
        ("Location", "size"),
        ("Version Id", "Key", "Bucket"),
    ):
        buffer = io.StringIO()
        table = csv.writer(buffer, lineterminator="\r\n")
        table.writerow(columns)
        for ref in objects:
            fields = {name.replace("_", ""): value for name, value in where("oss", ref).items()}
            table.writerow([fields.get(name.lower().replace(" ", "").replace("_", ""), "") for name in columns])
        assert refs(read(KeysFormat.CSV, buffer.getvalue().encode())) == objects, columns


@given(REFS)
def test_uris_read_back(objects: list[ObjectRef]) -> None:
    lines = [str(Location("s3", ref.bucket, key=ref.key, version_id=ref.version_id)) for ref in objects]
    if any("\n" in line or line.endswith("\r") for line in lines):
        return  # No list of lines can hold those.
    assert refs(read(KeysFormat.URI, "\n".join(lines).encode())) == objects


@given(REFS)
def test_manifests_and_reports_read_back(objects: list[ObjectRef]) -> None:
    for versions in (False, True):
        rows = [(ref.key, ref.version_id or "" if versions else "") for ref in objects]
        data = encode_rows("acme-films", rows, versions=versions)
        expected = [("acme-films", key, version or None) for key, version in rows]
        assert [entry[1:] for entry in read(KeysFormat.MANIFEST, data)] == expected
        tasks = b"".join(line + b",succeeded,,200,Successful\n" for line in data.splitlines() if versions)
        assert [entry[1:] for entry in read(KeysFormat.REPORT, tasks)] == (expected if versions else [])


@pytest.mark.parametrize(
    ("keys", "read_as"),
    [
        (["a+b"], ["a b"]), (["a+b", "c%20d"], ["a+b", "c d"]), (["a%2Bb+c"], ["a+b c"]), (["%C3%BC"], ["ü"]),
    ],
)  # fmt: skip
def test_pluses_are_read_as_their_file_writes_spaces(keys: list[str], read_as: list[str]) -> None:
    data = "\n".join(f"bkt,{key}" for key in keys).encode()
    assert [entry.key for entry in read(KeysFormat.MANIFEST, data)] == read_as


def test_a_report_that_writes_keys_as_they_are_is_read_so() -> None:
    data = b'bkt,"a b+c",,succeeded,,200,Successful\nbkt,d+e,,failed,AccessDenied,403,no\n'
    assert [entry.key for entry in read(KeysFormat.REPORT, data)] == ["a b+c", "d+e"]


@pytest.mark.parametrize(
    ("form", "data", "says"),
    [
        ("uri", b"s3://bkt/a\ns3://bkt/p/\n", "line 2 of the list is no single object: 's3://bkt/p/'"),
        ("uri", b"s3://bkt/a\nkey\n", "line 2 of the list: 'key' is not a location"),
        ("jsonl", b'{"key": "a"}\nnope\n', "line 2 of the list is no JSON object"),
        ("jsonl", b'{"type": "object", "bucket": "bkt", "key": null}\n', "line 1 of the list names no key"),
        ("jsonl", b'[1]\n{"bucket": 7, "key": "a"}\n', "line 1 of the list is no JSON object; likewise bad: line 2"),
        ("jsonl", b"[" * 9999, "line 1 of the list is no JSON object"),
        ("csv", b"a,b\n1,2\n", "line 1 of the list has no heading called location or key"),
        ("csv", b"bucket,key\nbkt,\n", "line 2 of the list names no key"),
        ("csv", b"bucket,key\nno/bucket,a\n", "line 2 of the list: 'no/bucket' cannot be"),
        ("csv", b'key\n"a\n', "of the list is no CSV"),
        ("manifest", b"bkt,a\nbkt\n", "line 2 of the list is not bucket, key and perhaps version id"),
        ("manifest", b"bkt,%FF\n", "line 1 of the list has a key that is not UTF-8"),
        ("manifest", b"bkt,a\nbkt,%FF\nbkt\n", "line 2 of the list has a key that is not UTF-8: '%FF'; likewise bad"),
        ("manifest", b"bkt," + b"%41" * 1025, "line 1 of the list: a key of 1025 bytes is longer"),
        ("report", b"bkt,a\n", "line 1 of the list is not a task of a completion report"),
        ("uri", b"s3://bkt/\xff\n", "line 1 of the list is not UTF-8"),
        ("jsonl", b"x" * 70_000, "line 1 of the list is longer than the 65,536 bytes"),
        ("plain", b"\xff\n" * 30, "likewise bad: lines 2, 3, 4, 5, 6, 7, 8, 9 and 21 more"),
    ],
)  # fmt: skip
def test_what_is_no_object_is_named_by_its_line(form: str, data: bytes, says: str) -> None:
    with pytest.raises(UsageError) as raised:
        read(KeysFormat(form), data)
    assert says in str(raised.value)


LINES = st.lists(
    st.sampled_from([
        b"plain", b"caf\xc3\xa9", b"", b"a\r", b"\xff", b"k" * 1020, b"k" * 2000, b"bkt,a%0Ab", b"bkt,a+b",
        b"bkt,%FF", b"bkt,a%20b,v1", b"bkt,a,,succeeded,,200,Successful", b'bkt,"a b",,failed,,403,no',
        b"s3://bkt/a", b"s3://bkt/p/", b"s3://bkt/a?versionId=1", b'{"key": "a", "bucket": "bkt"}', b"key,bucket",
        b'"two', b'lines",bkt',
    ]),
    max_size=12,
)  # fmt: skip


@given(st.sampled_from(KeysFormat), LINES, st.sampled_from(["", "prefix/"]))
def test_many_lines_at_once_are_read_as_one_by_one(form: KeysFormat, lines: list[bytes], prefix: str) -> None:
    def told(pieces: list[tuple[int, list[bytes]]]) -> object:
        reading = Reading("the list", prefix)
        try:
            reading.read(form, iter(pieces))
        except UsageError as error:
            return str(error)
        return list(reading.entries)

    assert told([(1, lines)]) == told([(number, [line]) for number, line in enumerate(lines, 1)])


def test_of_a_report_only_what_failed_can_be_meant() -> None:
    done, failed = b"bkt,a,,succeeded,,200,Successful", b"bkt,b,v,failed,AccessDenied,403,no"

    def read_failed(*lines: bytes) -> list[ListedKey]:
        reading = Reading("the list", failed_only=True)
        reading.read(KeysFormat.REPORT, iter([(1, list(lines))]))
        return list(reading.entries)

    assert read_failed(done, failed, done) == [ListedKey("s3", "bkt", "b", "v")]
    assert not read_failed(",".join(REPORT_HEADINGS).encode())
    for lines, says in (
        ((done, done), "tells of no task that failed"),
        ((done, b"bkt,c"), "line 2 of the list is not"),
    ):
        with pytest.raises(UsageError, match=says):
            read_failed(*lines)


@pytest.mark.parametrize(
    ("first", "with_bucket", "without"),
    [
        ("archive/a.mov", None, None), ("s3://bkt/key", None, "uri"), ("location,key,size", "csv", "csv"),
        ("bkt,a/b", None, "manifest"), ("bkt,a,v1", None, "manifest"), ("Bucket,Key", None, "csv"),
        ("bkt,a,,succeeded,,200,Successful", None, "report"), ('{"type": "object", "key": "a"}', "jsonl", "jsonl"),
        ('{"location": "s3://bkt/a"}', None, "jsonl"), ("{braces}", None, None), ("", None, None),
    ],
)  # fmt: skip
def test_a_form_is_guessed_only_where_a_line_can_be_no_key(
    first: str, with_bucket: str | None, without: str | None
) -> None:
    assert guess(first.encode(), has_bucket=True) == with_bucket
    assert guess(first.encode(), has_bucket=False) == without


async def test_nul_ends_keys_that_hold_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_bytes(b"a\nb\0c\r\0\0d")
    named = await read_named(str(path), None, nul=True)
    assert [entry.key for entry in named.entries] == ["a\nb", "c\r", "d"]


async def test_an_error_in_the_list_is_said(tmp_path: Path) -> None:
    path = tmp_path / "list.jsonl"
    path.write_text('{"type": "object", "location": "s3://bkt/a"}\n{"type": "error", "reason": "it broke"}\n')
    named = await read_named(str(path), None)
    assert (named.form, named.is_guessed, len(named.entries)) == (KeysFormat.JSONL, True, 1)
    assert "may not be whole: it broke" in named.notes[0]


def test_objects_lie_at_the_first_place_that_holds_them() -> None:
    entries = [
        ListedKey("s3", "a", "p/1"),
        ListedKey("s3", "a", "q"),
        ListedKey("oss", "a", "p/2"),
        ListedKey("", "", "p/3", "v"),
    ]
    named = NamedKeys("x", KeysFormat.JSONL, ListedKeys(entries))
    at, outside = named.placed([Location("s3", "a", "p/"), Location("s3", "a")])
    assert at == [[ObjectRef("a", "p/1"), ObjectRef("a", "p/3", "v")], [ObjectRef("a", "q")]]
    assert outside == 1
    assert named.placed([Location("oss")])[0] == [[ObjectRef("a", "p/2"), ObjectRef("", "p/3", "v")]]
