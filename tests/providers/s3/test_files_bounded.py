"""What jobs leave in buckets, and the lists of them, read from servers that never come to an end."""

import pytest

from restoretui.core.batch.jobs import Place
from restoretui.core.errors import CloudError, InvalidRequest, MalformedAnswer, ReportUnreadable
from restoretui.core.model import ObjectRef
from restoretui.providers.s3.batch.report_csv import LONGEST_ROW, Foreign, RowReader, read_manifest
from restoretui.providers.s3.client.files import LARGEST_WHOLE, READ_BYTES

WHERE = Place("bkt", "r")
MANIFEST = b'{"Results": [{"Bucket": "bkt", "Key": "rows.csv"}]}'
ROW = b"bkt,k,,succeeded,200,,ok\n"
FOUND = {"headers": {"x-amz-bucket-region": "us-east-1"}}
IDENTITY = (
    b"<GetCallerIdentityResponse><GetCallerIdentityResult><Account>123456789012</Account><Arn>a</Arn>"
    b"</GetCallerIdentityResult></GetCallerIdentityResponse>"
)


@pytest.fixture
async def batch(scripted, open_s3):
    """The jobs of a store whose objects are what ``told`` says: ``batch, server = await batch(told)``."""

    async def start(told):
        def script(asked):
            if asked.method == "HEAD":
                return FOUND
            return {"body": IDENTITY} if b"GetCallerIdentity" in asked.body else told(asked)

        server = await scripted(script)
        return (await open_s3(endpoint_url=server.url, region="us-east-1")).batch(), server

    return start


def piece(content: bytes, of: object, status: int = 206) -> dict:
    headers = {"Content-Range": f"bytes 0-{len(content) - 1}/{of}", "ETag": '"e"', "x-amz-request-id": "R"}
    return {"status": status, "body": content, "headers": headers}


async def rows_of(batch) -> int:
    return sum([len(rows) async for rows in batch.read_report(WHERE, "j")])


@pytest.mark.parametrize("size", [LARGEST_WHOLE + 1, 2**53 - 1, "9" * 5000])
async def test_a_manifest_without_an_end_is_not_read_on(batch, size):
    content = b"[" * min(READ_BYTES, LARGEST_WHOLE)
    jobs, server = await batch(lambda _: piece(content, size))
    with pytest.raises((MalformedAnswer, ReportUnreadable)):
        await rows_of(jobs)
    assert len([asked for asked in server.asked if "manifest.json" in asked.path]) == 1


@pytest.mark.parametrize("nothing", [piece(b"", 100), piece(MANIFEST, 100, status=200)])
async def test_a_manifest_that_does_not_come_on_is_not_waited_for(batch, nothing):
    jobs, server = await batch(
        lambda asked: piece(MANIFEST, 100) if "bytes=0-" in asked.headers["range"] else nothing
    )
    with pytest.raises(MalformedAnswer):
        await rows_of(jobs)
    assert len([asked for asked in server.asked if "manifest.json" in asked.path]) == 2


async def test_a_report_that_grows_while_it_is_read_is_refused(batch, monkeypatch):
    monkeypatch.setattr("restoretui.providers.s3.client.files.READ_BYTES", len(ROW))
    sizes = iter(range(1000, 2**40))
    jobs, server = await batch(
        lambda asked: piece(MANIFEST, len(MANIFEST)) if "manifest" in asked.path else piece(ROW, next(sizes))
    )
    with pytest.raises(ReportUnreadable, match="changes its length"):
        await rows_of(jobs)
    assert len([asked for asked in server.asked if "rows.csv" in asked.path]) == 2


@pytest.mark.parametrize("row", [b"x" * (LONGEST_ROW + 1), b'"' + b"\n" * (LONGEST_ROW + 1)])
def test_a_row_without_an_end_is_refused(row):
    reader = RowReader()
    assert len(reader.feed(ROW)) == 1
    with pytest.raises(Foreign, match="longer than"):
        reader.feed(row)


def test_rows_of_many_lines_come_whole_however_they_are_cut():
    content = (b'bkt,k,,failed,500,Internal,"a\n""b""\n\n"\n' + ROW) * 50
    for size in (1, 7, 64, len(content)):
        reader = RowReader()
        rows = [
            row
            for at in range(0, len(content), size)
            for row in reader.feed(content[at : at + size], final=at + size >= len(content))
        ]
        assert [row.message for row in rows] == ['a\n"b"\n\n', "ok"] * 50


def test_a_manifest_that_is_a_nest_is_refused():
    with pytest.raises(Foreign):
        read_manifest(b"[" * 200_000)


@pytest.mark.parametrize("tokens", ["t", "tuv"])
async def test_a_folder_whose_listing_goes_in_a_circle_ends(batch, tokens):
    def told(asked):
        if "list-type" not in asked.query:
            return {"status": 404, "body": b"<Error><Code>NoSuchKey</Code></Error>"}
        count = len([one for one in server.asked if "list-type" in one.query]) - 1
        more = f"<NextContinuationToken>{tokens[count % len(tokens)]}</NextContinuationToken>"
        return {"body": f"<ListBucketResult><IsTruncated>true</IsTruncated>{more}</ListBucketResult>".encode()}

    jobs, server = await batch(told)
    with pytest.raises(MalformedAnswer, match="named before"):
        await jobs.delete_written(WHERE, "j")
    assert len([one for one in server.asked if "list-type" in one.query]) == len(tokens) + 1
    assert not [one for one in server.asked if one.method == "DELETE"]


async def test_a_folder_of_ever_more_files_ends(batch, monkeypatch):
    monkeypatch.setattr("restoretui.providers.s3.client.files.MOST_PAGES", 3)

    def told(asked):
        more = f"<NextContinuationToken>{len(server.asked)}</NextContinuationToken>"
        return {"body": f"<ListBucketResult><IsTruncated>true</IsTruncated>{more}</ListBucketResult>".encode()}

    jobs, server = await batch(told)
    with pytest.raises(MalformedAnswer, match="goes on after 3 pages"):
        await jobs.delete_written(WHERE, "j")


def a_job(number: object, date: object) -> bytes:
    return (
        f"<JobId>job-1</JobId><Status>Complete</Status><Priority>{number}</Priority><CreationTime>{date}</CreationTime>"
        f"<TerminationDate>{date}</TerminationDate><ProgressSummary><TotalNumberOfTasks>{number}</TotalNumberOfTasks>"
        f"<NumberOfTasksSucceeded>{number}</NumberOfTasksSucceeded><NumberOfTasksFailed>{number}</NumberOfTasksFailed>"
        f"<Timers><ElapsedTimeInActiveSeconds>{number}</ElapsedTimeInActiveSeconds></Timers></ProgressSummary>"
    ).encode()


@pytest.mark.parametrize("number", [-1, 2**53, 2**63, 2**64, "9" * 4000])
async def test_numbers_of_a_job_that_cannot_be_meant_are_none(batch, number):
    jobs, _ = await batch(
        lambda _: {"body": b"<DescribeJobResult><Job>" + a_job(number, "") + b"</Job></DescribeJobResult>"}
    )
    job = await jobs.describe_job("us-east-1", "job-1")
    assert (job.priority, job.total, job.succeeded, job.failed, job.elapsed_s) == (0, 0, 0, 0, 0)


@pytest.mark.parametrize("date", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "yesterday", ""])
async def test_one_absurd_date_spoils_no_other_job(batch, date):
    sound = a_job(3, "2026-01-15T12:00:00Z")
    listed = b"".join(b"<member>" + job + b"</member>" for job in (a_job(3, date), sound))
    jobs, _ = await batch(lambda _: {"body": b"<ListJobsResult><Jobs>" + listed + b"</Jobs></ListJobsResult>"})
    found = [job async for page in jobs.list_jobs("us-east-1") for job in page]
    assert [job.total for job in found] == [3, 3]
    assert found[0].created is None
    assert found[1].created is not None


@pytest.mark.parametrize("number", ["many", "1.5", "9" * 5000])
async def test_what_is_no_number_is_refused_in_one_sentence(batch, number):
    jobs, _ = await batch(
        lambda _: {"body": b"<DescribeJobResult><Job>" + a_job(number, "") + b"</Job></DescribeJobResult>"}
    )
    with pytest.raises(MalformedAnswer) as caught:
        await jobs.describe_job("us-east-1", "job-1")
    assert len(str(caught.value)) < 400


async def test_jobs_listed_in_a_circle_end(batch):
    jobs, server = await batch(
        lambda _: {
            "body": f"<ListJobsResult><NextToken>{'tu'[len(server.asked) % 2]}</NextToken></ListJobsResult>".encode()
        }
    )
    with pytest.raises(MalformedAnswer, match="named before"):
        async for _ in jobs.list_jobs("us-east-1"):
            pass


PORTAL = b"<html><body>Please sign in</body></html>"
PORTALS = [
    {"body": PORTAL, "headers": {"Content-Type": "text/html"}},
    {"body": PORTAL},
    {"status": 302, "headers": {"Location": "http://portal.example/"}},
    {"status": 404, "body": PORTAL, "headers": {"Content-Type": "text/html"}},
    {"status": 403, "body": PORTAL, "headers": {"Content-Type": "text/html"}},
    {"status": 400, "body": PORTAL, "headers": {"Content-Type": "text/html"}},
]


@pytest.mark.parametrize("told", PORTALS)
async def test_beside_a_portal_no_job_is_believed(batch, told):
    jobs, server = await batch(lambda _: told)
    for asking in (
        lambda: jobs.describe_job("us-east-1", "job-1"),
        lambda: jobs.confirm_job("us-east-1", "job-1"),
        lambda: jobs.cancel_job("us-east-1", "job-1"),
        lambda: jobs.set_priority("us-east-1", "job-1", 1),
        lambda: jobs.clone_job("us-east-1", "job-1", "token"),
        lambda: anext(jobs.list_jobs("us-east-1")),
    ):
        server.asked.clear()
        with pytest.raises(MalformedAnswer):
            await asking()
        # The first asks whose account it is, too; nothing is asked twice.
        assert len([one for one in server.asked if b"GetCallerIdentity" not in one.body]) == 1


@pytest.mark.parametrize("named", ["evil.example/", "a@b", "eu-west-1.evil.example", "-x", "x" * 64, "a\tb", "ü"])
async def test_what_cannot_be_a_region_leads_nowhere(scripted, open_s3, named):
    server = await scripted(
        lambda asked: {"headers": {"x-amz-bucket-region": named}} if asked.method == "HEAD" else {}
    )
    s3 = await open_s3(endpoint_url=server.url)
    with pytest.raises(CloudError) as caught:
        await s3.head_object(ObjectRef("bkt", "k"))
    assert isinstance(caught.value, InvalidRequest)
    assert "cannot be a region" in str(caught.value)
    assert len(server.asked) == 1
