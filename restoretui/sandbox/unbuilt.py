"""Wire formats the sandbox names endpoints for but does not speak yet; each says so in its own words."""

import json

from restoretui.sandbox.refusals import Refusal, not_built
from restoretui.sandbox.wire import XML, Call, Reply, elements


class UnbuiltAdapter:
    """SQS and OSS: 501 NotImplemented."""

    def identify(self, call: Call) -> bool:
        target = call.headers.get("x-amz-target", "")
        if target.startswith("AmazonSQS."):
            call.service, call.operation = "sqs", target.partition(".")[2]
        elif call.headers.get("authorization", "").startswith("OSS"):
            call.service, call.operation = "oss", f"{call.method} oss"
        else:
            return False
        return True

    def answer(self, call: Call) -> Reply:
        raise not_built(call.service)

    def refuse(self, call: Call, refusal: Refusal) -> Reply:
        if call.service == "sqs":
            body = json.dumps({"__type": f"com.amazonaws.sqs#{refusal.code}", "message": refusal.message})
            return Reply(refusal.status, body.encode(), content_type="application/x-amz-json-1.0")
        content = elements({"Code": refusal.code, "Message": refusal.message, "RequestId": call.request_id})
        return Reply(refusal.status, f"{XML}<Error>{content}</Error>".encode())
