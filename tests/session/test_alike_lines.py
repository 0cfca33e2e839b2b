"""Lines made by the page are, byte for byte, those made one by one, whatever is in the rows."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from restoretui.commands.output.listed_lines import JsonLines, TableLines, table_line
from restoretui.core.model import END_UNTOLD, LARGEST_SIZE, ObjectRef, State, Tier
from restoretui.core.rules.verdicts import Action
from restoretui.ledger.records import JobRow
from restoretui.session.jsonlines.line import json_line
from restoretui.session.jsonlines.objects import job_fields, row_fields
from restoretui.session.rows.alike import SIZES, RowLines
from restoretui.session.rows.jobs import JobLines
from restoretui.session.rows.listed import ListedPage

KEYS = st.one_of(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=12),
    st.text('aé"\\/*%?{}\n\r\x7f\x1b\u2028\ud800\U0001f600 =', min_size=1, max_size=8),
    st.sampled_from([
        "folder/", "part*", "k?versionId=x", "k?versionId=", "100%s", "%(key)s", "Kq7wZx", "Yw3/Jv9-c.d",
        "730192837465000", "2005-03-18T01:58:31Z", "a\n", "*\n",
    ]),
)  # fmt: skip
LAST = int(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp())
FIRST = int(datetime(1, 1, 1, tzinfo=UTC).timestamp())
INSTANTS = st.one_of(st.none(), st.integers(FIRST, LAST), st.integers(0, 2**31))
ROWS = st.lists(
    st.tuples(
        KEYS,
        st.one_of(st.none(), st.just("null"), st.text(min_size=1, max_size=6), st.just("Vh2mTq")),
        st.one_of(st.none(), st.integers(0, LARGEST_SIZE), st.integers(0, 2000)),
        INSTANTS,
        st.one_of(INSTANTS, st.just(int(END_UNTOLD.timestamp()))),
        st.tuples(
            st.sampled_from(State),
            st.one_of(st.sampled_from(["GLACIER", "STANDARD", "Kq7wZx", '"%s\x1b']), st.text(max_size=5)),
            st.sampled_from([None, "ARCHIVE_ACCESS"]),
            st.sampled_from([None, *Tier]),
            st.sampled_from([None, 7, 730_192_837_465_000]),
        ),
    ),
    max_size=6,
)
Row = tuple[str, str | None, int | None, int | None, int | None, tuple[Any, ...]]


def page_of(rows: list[Row], bucket: str) -> ListedPage:
    keys, versions, sizes, modified, expiries, kinds = (list(column) for column in zip(*rows, strict=True))
    return ListedPage(bucket, keys, versions, sizes, modified, [kind[0] for kind in kinds], expiries, kinds)


@settings(max_examples=400, deadline=None)
@given(rows=ROWS, bucket=st.sampled_from(["b", "Kq7wZx", "ten:b_%s"]), versions=st.booleans(), alike=st.booleans())
@example([("a", None, 1, 0, None, (State.ARCHIVED, "GLACIER", None, None, None))] * 3, "b", False, True)
def test_a_page_of_lines_is_its_lines(rows: list[Row], bucket: str, versions: bool, alike: bool) -> None:
    if not versions:
        rows = [(row[0], None, *row[2:]) for row in rows]
    if alike and rows:
        rows = [(*row[:5], rows[0][5]) for row in rows]
    if not rows:
        return
    page = page_of(rows, bucket)
    one_by_one = [page.row(at) for at in range(len(rows))]
    assert JsonLines("s3", bucket)(page) == [json_line("object", row_fields("s3", row)) for row in one_by_one]
    assert TableLines()(page) == [table_line(row) for row in one_by_one]


def test_a_line_that_makes_more_of_a_value_is_made_one_by_one() -> None:
    """Whoever adds to a line what follows from a size, say, need not know of the quick way."""

    def make(kind: str, values: Mapping[str, Any]) -> str:
        return f"{kind} {values['key']} {values['size']} {'large' if values['size'] > 10**9 else 'small'}"

    lines = RowLines(make, {"size": SIZES})
    made = lines.lines(["x", "x"], ["a", "b"], [None, None], {"size": [5, 10**10]})
    assert made == ["x a 5 small", "x b 10000000000 large"]


def test_kinds_without_end_are_not_kept() -> None:
    lines = RowLines(lambda kind, values: f"{kind}{values['key']}", {})
    assert lines.lines(list(range(3000)), ["k"] * 3000, [None] * 3000, {})[-1] == "2999k"
    assert len(lines._known) <= 1000


class _Run:
    id = 7
    profiles = {"other": 'a "b"'}  # noqa: RUF012


RUN: Any = _Run()
JOBS = st.lists(
    st.builds(
        JobRow,
        st.just(0),
        st.builds(ObjectRef, st.sampled_from(["b", "other"]), KEYS, st.sampled_from([None, "null", "v/1", "a+b"])),
        st.one_of(st.none(), st.integers(0, LARGEST_SIZE)),
        st.sampled_from(State),
        st.sampled_from(["GLACIER", "%s"]),
        st.none(),
        st.sampled_from(Action),
        st.one_of(st.sampled_from(["", "gone", "Rb6nDyW1"]), st.text(max_size=4)),
        st.sampled_from([None, *Tier]),
        st.none(),
        st.none(),
        *[st.one_of(st.none(), st.integers(0, 2**31), st.floats(0, 2**31))] * 2,
        st.one_of(st.integers(0, 2**31), st.floats(0, 2**31)),
        st.one_of(INSTANTS, st.just(int(END_UNTOLD.timestamp()))),
        st.sampled_from(["", "AccessDenied"]),
        st.just(""),
        st.one_of(st.sampled_from(["", "0A1B", "null"]), st.text(max_size=4)),
        st.just(False),
    ),
    max_size=6,
)


@settings(max_examples=200, deadline=None)
@given(rows=JOBS)
def test_lines_of_jobs_are_those_made_one_by_one(rows: list[JobRow]) -> None:
    made = JobLines("s3", RUN)(rows)
    assert made == [json_line("object", job_fields("s3", RUN, row)) for row in rows]
