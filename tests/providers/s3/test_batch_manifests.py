"""Manifests as they are written, and completion reports as they are found."""

import csv
import io
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restoretui.core.batch.jobs import ReportRow
from restoretui.providers.s3.batch.manifest_csv import ManifestParts, encode_rows
from restoretui.providers.s3.batch.report_csv import Foreign, RowReader, read_manifest

KEYS = st.text(st.characters(blacklist_categories=["Cs"]), min_size=1, max_size=40)


@given(st.lists(st.tuples(KEYS, st.sampled_from(["", "v.1_-x"])), min_size=1, max_size=30), st.booleans())
def test_rows_read_back_as_they_were(rows: list[tuple[str, str]], versions: bool) -> None:
    text = encode_rows("b", rows, versions=versions).decode("ascii")
    read = list(csv.reader(io.StringIO(text)))
    assert [unquote(row[1], errors="strict") for row in read] == [key for key, _ in rows]
    if versions:
        assert [row[2] for row in read] == [version for _, version in rows]
    assert {row[0] for row in read} == {"b"}
    assert not set(text) & set(' "+\r')


def test_slashes_stay_and_the_rest_is_encoded() -> None:
    assert encode_rows("b", [("a b/c+d,\n", "")], versions=False) == b"b,a%20b/c%2Bd%2C%0A\n"


def test_parts_are_as_large_as_asked() -> None:
    parts = ManifestParts("b", versions=False, part_bytes=100)
    made = [part for number in range(100) for part in parts.add([(f"key-{number:04d}", "")])]
    rest = parts.rest()
    assert all(100 <= len(part) < 120 for part in made)
    assert b"".join([*made, rest]).count(b"\n") == parts.rows == 100


def test_the_swapped_columns_are_told_by_their_content() -> None:
    documented = b'b,k,,failed,AccessDenied,403,"no"\n'
    found = b'b,k,v,failed,403,AccessDenied,"no"\nb,k%20x,,succeeded,200,,Successful\n'
    rows = RowReader().feed(documented + found, final=True)
    assert rows[0] == ReportRow("b", "k", None, False, 403, "AccessDenied", "no")
    assert rows[1] == ReportRow("b", "k", "v", False, 403, "AccessDenied", "no")
    assert rows[2] == ReportRow("b", "k%20x", None, True, 200, "", "Successful")


@given(st.integers(1, 9), KEYS, st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\r\x00")))
def test_any_cut_gives_the_same_rows(step: int, key: str, message: str) -> None:
    quoted_key = '"' + key.replace("\r", "").replace("\x00", "").replace('"', '""') + '"'
    line = f'b,{quoted_key},,failed,409,Code,"{message.replace(chr(34), chr(34) * 2)}"\n'
    content = (line * 3).encode()
    reader = RowReader()
    rows = [row for at in range(0, len(content), step) for row in reader.feed(content[at : at + step])]
    rows += reader.feed(b"", final=True)
    assert rows == RowReader().feed(content, final=True)
    assert [row.message for row in rows] == [message] * 3


@pytest.mark.parametrize(
    "content", [b"a,b,c\n", b"b,k,,maybe,200,,x\n", b"\xff\xfe\n", b'b,k,,failed,403,X,"half', b"b,k,,failed,4"]
)
def test_foreign_and_half_written_reports_are_refused_in_a_sentence(content: bytes) -> None:
    with pytest.raises(Foreign, match=r"completion report"):
        RowReader().feed(content, final=True)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"Results": [{}]}', b'{"Results": 3}'])
def test_foreign_report_manifests(content: bytes) -> None:
    with pytest.raises(Foreign):
        read_manifest(content)


def test_a_task_says_what_the_cloud_said() -> None:
    said = (
        "User: arn:aws:sts::1:assumed-role/batch/x is not authorized to perform: s3:RestoreObject on resource: "
        "k with an explicit deny in a service control policy (Service: Amazon S3; Status Code: 403)"
    )
    (row,) = RowReader().feed(f'b,k,,failed,403,AccessDenied,"{said}"\n'.encode(), final=True)
    assert row.reason.startswith("s3:RestoreObject is forbidden by an explicit deny in a service control policy;")
