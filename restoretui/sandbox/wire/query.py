"""The query protocol of STS and IAM: a form with an ``Action`` goes in, an XML document comes out."""

from collections.abc import Collection
from urllib.parse import parse_qs

from restoretui.sandbox.state.refusals import ErrorAnswer
from restoretui.sandbox.wire.call_reply import Call, Reply, document, elements


def action_of(call: Call, known: Collection[str]) -> str:
    """What is asked for, if it is one of ``known``; else empty."""
    form = call.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    if call.method != "POST" or call.path != "/" or not form:
        return ""
    action = field_of(call, "Action")
    return action if action in known else ""


def field_of(call: Call, name: str) -> str:
    """A field of the form; empty for none."""
    return parse_qs(call.body.decode("utf-8", "replace")).get(name, [""])[0]


def result(call: Call, content: str, namespace: str) -> Reply:
    """An answer of ``content``, XML already."""
    action = call.operation
    whole = (
        f"<{action}Result>{content}</{action}Result>"
        f"<ResponseMetadata>{elements({'RequestId': call.request_id})}</ResponseMetadata>"
    )
    return Reply(body=document(f"{action}Response", whole, namespace), content_type="text/xml")


def refusal_of(call: Call, refusal: ErrorAnswer, namespace: str) -> Reply:
    """A refusal."""
    content = (
        f"<Error><Type>Sender</Type>{elements({'Code': refusal.code, 'Message': refusal.message})}</Error>"
        f"{elements({'RequestId': call.request_id})}"
    )
    return Reply(refusal.status, document("ErrorResponse", content, namespace), content_type="text/xml")
