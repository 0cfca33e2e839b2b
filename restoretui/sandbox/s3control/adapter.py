"""S3 Control's wire format: REST with XML, the account in the host name or a header (FACTS 2.6)."""

from urllib.parse import parse_qsl

from restoretui.sandbox.s3.access import account_of
from restoretui.sandbox.s3control.describe import describe_job, list_entry
from restoretui.sandbox.s3control.job import STATUSES, Job
from restoretui.sandbox.s3control.job_board import JobBoard
from restoretui.sandbox.s3control.request import bad_request, parse_order, read_priority, tags_of
from restoretui.sandbox.state.cloud import Cloud
from restoretui.sandbox.state.refusals import ErrorAnswer, access_denied, not_built
from restoretui.sandbox.wire.call_reply import XML, Call, Reply, document, elements

NAMESPACE = "http://awss3control.amazonaws.com/doc/2018-08-20/"
_ROOT = "/v20180820/jobs"
_OPERATIONS = {
    ("POST", False, ""): "CreateJob",
    ("GET", False, ""): "ListJobs",
    ("GET", True, ""): "DescribeJob",
    ("POST", True, "status"): "UpdateJobStatus",
    ("POST", True, "priority"): "UpdateJobPriority",
    ("GET", True, "tagging"): "GetJobTagging",
    ("PUT", True, "tagging"): "PutJobTagging",
    ("DELETE", True, "tagging"): "DeleteJobTagging",
}
_PAGE = 1000


class S3ControlAdapter:
    """Everything below ``/v20180820/``."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.board = JobBoard(cloud)

    def identify(self, call: Call) -> bool:
        if not call.path.startswith("/v20180820/"):
            return False
        call.service = "s3control"
        rest = call.path.removeprefix(_ROOT)
        job_id, _, what = rest.removeprefix("/").partition("/")
        known = call.path.startswith(_ROOT) and (call.method, bool(job_id), what) in _OPERATIONS
        call.operation = _OPERATIONS[call.method, bool(job_id), what] if known else f"{call.method} {call.path}"
        call.key = job_id if known else ""
        return True

    def answer(self, call: Call) -> Reply:
        """Jobs of the caller's account, in the Region that the request is signed for."""
        if not call.access_key:
            raise access_denied()
        account = call.headers.get("x-amz-account-id") or call.headers.get("host", "").partition(".")[0]
        if account != account_of(call.access_key):
            raise access_denied(f"The account {account} is not the caller's")
        match call.operation:
            case "CreateJob":
                job = self.board.create(parse_order(call.body, account), call.region)
                return _result(call, elements({"JobId": job.id}))
            case "ListJobs":
                return self._list(call)
            case "DescribeJob":
                job = self._find(call)
                arn = f"arn:aws:s3:{call.region}:{account}:job/{job.id}"
                return _result(call, f"<Job>{describe_job(job, arn, self.cloud.now())}</Job>")
            case "UpdateJobStatus":
                return self._update_status(call)
            case "UpdateJobPriority":
                job = self._find(call)
                self.board.update_priority(job, read_priority(call.query.get("priority")))
                return _result(call, elements({"JobId": job.id, "Priority": str(job.priority)}))
            case "GetJobTagging" | "PutJobTagging" | "DeleteJobTagging":
                return self._tagging(call)
            case _:
                raise not_built(call.operation)

    def refuse(self, call: Call, refusal: ErrorAnswer) -> Reply:
        """The error wrapped in an ``ErrorResponse``, as this service has it and S3 does not."""
        content = elements({"Code": refusal.code, "Message": refusal.message})
        request = elements({"RequestId": call.request_id, "HostId": "sandbox"})
        return Reply(
            refusal.status, f"{XML}<ErrorResponse><Error>{content}</Error>{request}</ErrorResponse>".encode()
        )

    def _find(self, call: Call) -> Job:
        return self.board.find(call.key, call.region, account_of(call.access_key))

    def _list(self, call: Call) -> Reply:
        wanted = {value for name, value in parse_qsl(call.query_string) if name == "jobStatuses"}
        if unknown := wanted - STATUSES:
            raise bad_request(f"Invalid job status: {', '.join(sorted(unknown))}")
        most, start = call.query.get("maxResults", str(_PAGE)), call.query.get("nextToken", "0")
        if not most.isdecimal() or not 1 <= int(most) <= _PAGE:
            raise bad_request("maxResults must be between 1 and 1000")
        if not start.isdecimal():
            raise ErrorAnswer(400, "InvalidNextTokenException", "The next token is invalid")
        jobs = [
            job
            for job in self.board.listed(call.region, account_of(call.access_key))
            if not wanted or job.status in wanted
        ]
        end = int(start) + int(most)
        entries = "".join(f"<member>{list_entry(job)}</member>" for job in jobs[int(start) : end])
        token = elements({"NextToken": str(end)}) if end < len(jobs) else ""
        return _result(call, f"{token}<Jobs>{entries}</Jobs>")

    def _update_status(self, call: Call) -> Reply:
        job = self._find(call)
        wanted = call.query.get("requestedJobStatus", "")
        if wanted not in ("Ready", "Cancelled"):
            raise bad_request(f"Invalid requested status: {wanted}")
        self.board.update_status(job, wanted, call.query.get("statusUpdateReason", ""))
        return _result(call, elements({"JobId": job.id, "Status": job.status, "StatusUpdateReason": job.reason}))

    def _tagging(self, call: Call) -> Reply:
        job = self._find(call)
        if call.method == "PUT":
            job.tags = dict(tags_of(call.body))
        elif call.method == "DELETE":
            job.tags = {}
        else:
            tags = "".join(
                f"<member>{elements({'Key': key, 'Value': value})}</member>" for key, value in job.tags.items()
            )
            return _result(call, f"<Tags>{tags}</Tags>")
        return _result(call, "")


def _result(call: Call, content: str) -> Reply:
    return Reply(body=document(f"{call.operation}Result", content, NAMESPACE))
