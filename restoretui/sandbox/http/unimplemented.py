"""Stubs (501 NotImplemented) of wire formats the sandbox names endpoints for but does not speak."""

import json

from restoretui.sandbox.state.refusals import Refusal, not_built
from restoretui.sandbox.wire.call_reply import Call, Reply


class UnimplementedAdapter:
    """SQS: 501 NotImplemented."""

    def identify(self, call: Call) -> bool:
        target = call.headers.get("x-amz-target", "")
        if not target.startswith("AmazonSQS."):
            return False
        call.service, call.operation = "sqs", target.partition(".")[2]
        return True

    def answer(self, call: Call) -> Reply:
        raise not_built(call.service)

    def refuse(self, call: Call, refusal: Refusal) -> Reply:
        body = json.dumps({"__type": f"com.amazonaws.sqs#{refusal.code}", "message": refusal.message})
        return Reply(refusal.status, body.encode(), content_type="application/x-amz-json-1.0")
