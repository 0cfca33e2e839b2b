"""Glacier's own API, the part that S3 has to do with: ListProvisionedCapacity, in JSON."""

import json

from restoretui.sandbox.state.bucket import DAY
from restoretui.sandbox.state.cloud import Cloud
from restoretui.sandbox.state.refusals import ErrorAnswer, access_denied
from restoretui.sandbox.wire.call_reply import Call, Reply, iso

VERSION_HEADER = "x-amz-glacier-version"
_TERM_DAYS = 30


class GlacierAdapter:
    """``GET /ACCOUNT/provisioned-capacity``, told by its header."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud

    def identify(self, call: Call) -> bool:
        if call.headers.get(VERSION_HEADER) is None or not call.path.endswith("/provisioned-capacity"):
            return False
        call.service, call.operation = "glacier", "ListProvisionedCapacity"
        return True

    def answer(self, call: Call) -> Reply:
        if not call.access_key:
            raise access_denied("Missing Authentication Token")
        now = self.cloud.now()
        term = {"StartDate": iso(now - DAY), "ExpirationDate": iso(now + (_TERM_DAYS - 1) * DAY)}
        units = [{"CapacityId": f"unit-{number}", **term} for number in range(self.cloud.capacity_units)]
        return Reply(body=json.dumps({"ProvisionedCapacityList": units}).encode(), content_type="application/json")

    def refuse(self, call: Call, refusal: ErrorAnswer) -> Reply:
        body = json.dumps({"code": f"{refusal.code}Exception", "message": refusal.message, "type": "Client"})
        return Reply(refusal.status, body.encode(), content_type="application/json")
