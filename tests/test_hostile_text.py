"""Any Unicode and any bytes: parsers refuse or read them, and what is written can be read back exactly."""

import asyncio
import csv
import io
import json
import re
import unicodedata
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restoretui.core.errors import CloudError, LocationError
from restoretui.core.location import parse_location
from restoretui.core.model import ObjectRef, State, Tier
from restoretui.core.rules.verdicts import Action
from restoretui.ledger.records import JobRow
from restoretui.providers.oss.pages import read_buckets, read_document, read_listing
from restoretui.providers.s3.batch.report_csv import Foreign, RowReader, read_manifest
from restoretui.providers.s3.restore_refusals import refused
from restoretui.providers.wire.listings.listing_xml import ErrorInside, Unreadable, read_page
from restoretui.providers.wire.refusals import ACTIONS, Caller, Refusal, error_for, printable
from restoretui.session.export import export_chunks
from restoretui.session.jsonlines.line import json_line
from restoretui.wording.safe import file_name

NASTY = "\x00\x07\x1b\x7f\x9b\r\n\t\"',;=+-@\u2028\u202e\u200b\ufeff\ud800\U000e0041[]{}<>&%"
anything = st.text(st.one_of(st.characters(), st.sampled_from(NASTY)), max_size=80)
valid = st.text(
    st.one_of(st.characters(blacklist_categories=["Cs"]), st.sampled_from(NASTY.replace("\ud800", ""))), max_size=80
)
"""What can come from a cloud: its answers are UTF-8."""
documents = st.one_of(
    st.binary(max_size=200),
    st.builds(
        lambda root, inside: f"<{root}>{inside}</{root}>".encode("utf-8", "surrogatepass"),
        st.sampled_from(["ListBucketResult", "ListVersionsResult", "ListAllMyBucketsResult", "Error"]),
        st.text(st.sampled_from("<>/&;#x0aKeyContentsSize12 \x00\ud800"), max_size=60),
    ),
)


@given(anything)
def test_any_text_is_a_location_or_is_refused_in_a_sentence(text: str) -> None:
    for candidate in (text, f"s3://{text}", f"oss://bucket-name/{text}"):
        with suppress(LocationError):
            place = parse_location(candidate)
            assert parse_location(str(place)) == place


@given(documents)
def test_any_bytes_are_an_answer_or_are_refused(body: bytes) -> None:
    for read in (
        lambda: read_listing(body, versions=False),
        lambda: read_listing(body, versions=True),
        lambda: read_buckets(body),
        lambda: read_document(body, "Error"),
        lambda: read_manifest(body),
        lambda: read_page(body, lambda _body: {}),
        lambda: RowReader().feed(body, final=True),
    ):
        with suppress(Unreadable, ErrorInside, Foreign):
            read()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-32"])
def test_no_entity_is_ever_expanded(encoding: str) -> None:
    bomb = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><ListBucketResult>&a;</ListBucketResult>'
    with pytest.raises(Unreadable):
        read_listing(bomb.encode(encoding), versions=False)
    with pytest.raises(Unreadable):
        read_page(bomb.encode(encoding), lambda _body: {})


@given(
    st.sampled_from(sorted(ACTIONS)), st.sampled_from([301, 400, 401, 403, 404, 405, 409, 412, 429, 500, 503, 599]),
    anything, anything, anything,
)  # fmt: skip
def test_any_refusal_is_one_printable_sentence(op: str, status: int, code: str, message: str, bucket: str) -> None:
    refusal = Refusal(op, status, code, message, "id", "bucket-name", "")
    assert str(error_for(refusal, Caller())).strip()
    shown = printable(message)
    assert len(shown) <= 300
    assert not any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in shown)
    with suppress(CloudError):  # what is about the moment and not about the object
        assert not re.search(r"[\x00-\x1f\x7f-\x9f]", refused(refusal, Caller()).message)


def job(key: str, reason: str, code: str, version: str) -> JobRow:
    return JobRow(
        1, ObjectRef("bucket-name", key, version or None), 5, State.FAILED, "GLACIER", None, Action.START, reason,
        Tier.BULK, 3, 1.0, 2.0, None, 3.0, None, code, reason, code, False,
    )  # fmt: skip


async def exported(rows: list[JobRow], form: Any) -> str:
    async def done() -> None: ...

    view = SimpleNamespace(wait=done, aclose=done, rows=lambda at, most: rows[at : at + most])

    async def open_view(_run: int, _query: Any) -> Any:
        return view

    ledger: Any = SimpleNamespace(runs=SimpleNamespace(view=open_view))
    run: Any = SimpleNamespace(id=1, cloud=SimpleNamespace(scheme="s3"), profiles={})
    return "".join([chunk async for chunk in export_chunks(ledger, run, form)])


texts = st.lists(st.tuples(valid, valid, valid, valid), min_size=1, max_size=8)


@given(texts)
def test_csv_is_read_back_as_it_was(found: list[tuple[str, str, str, str]]) -> None:
    text = asyncio.run(exported([job(*fields) for fields in found], "csv"))
    text.encode()
    back = list(csv.DictReader(io.StringIO(text, newline="")))
    told = [(row["key"], row["reason"], row["code"], row["version_id"]) for row in back]
    assert told == found


@given(texts)
def test_json_lines_are_ascii_and_read_back_as_they_were(found: list[tuple[str, str, str, str]]) -> None:
    lines = asyncio.run(exported([job(*fields) for fields in found], "json")).splitlines()
    assert all(line.isascii() and line.isprintable() for line in lines)
    told = [json.loads(line) for line in lines]
    assert [tuple(row.get(name, "") for name in ("key", "reason", "code", "version_id")) for row in told] == found


@given(anything)
def test_any_text_is_one_json_line(text: str) -> None:
    line = json_line("object", {"key": text})
    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line)["key"] == text


@given(anything)
def test_a_name_offered_for_a_file_stays_in_its_folder(text: str) -> None:
    name = file_name("job", text)
    assert Path(name).name == name
    assert name.isascii()
    assert len(name) < 120
