"""Refusals: what an ``<Error>`` document and the headers beside it say.

https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
"""

from collections.abc import Mapping
from xml.etree.ElementTree import ParseError

from restoretui.providers.http.response import HttpResponse
from restoretui.providers.wire.refusals import Refusal, named_region
from restoretui.providers.wire.xml_trees import LONGEST_ERROR, Unreadable, refuse_document_type, tree_of

_FIRST_TOLD = 301
"""Below it the SDK reads an answer as no refusal."""
_TEXTS = frozenset(("Code", "Message", "Region", "Endpoint"))


def plain_error(reply: HttpResponse) -> Mapping[str, str] | None:
    """The fields of a plain ``<Error>``, as the SDK reads them; None for what is not so plain."""
    if reply.status < _FIRST_TOLD or "x-amzn-requestid" in reply.headers:
        return None
    if not reply.body or len(reply.body) > LONGEST_ERROR:
        from http.client import responses  # not before something is refused

        return {"Code": str(reply.status), "Message": responses.get(reply.status, "")}
    try:
        refuse_document_type(reply.body)
        root = tree_of(reply.body)
    except (Unreadable, ParseError, ValueError, LookupError):
        return None
    told = [child for child in root if child.tag in _TEXTS]
    if root.tag != "Error" or len({child.tag for child in root}) < len(root) or any(len(child) for child in root):
        return None
    return {child.tag: child.text or "" for child in told}


def refusal_of(
    operation: str, reply: HttpResponse, error: Mapping[str, object], request_id: str = "", bucket: str = ""
) -> Refusal:
    """An answer that is no, from the fields of its ``<Error>``; ``request_id`` where no header of S3's has one."""
    headers = reply.headers
    message = str(error.get("Message", "") or "")
    return Refusal(
        operation=operation,
        status=reply.status,
        code=str(error.get("Code", "") or reply.status),
        message=message,
        request_id=headers.get("x-amz-request-id") or request_id,
        bucket=bucket,
        region=headers.get("x-amz-bucket-region")
        or str(error.get("Region", "") or "")
        or named_region(message, str(error.get("Endpoint", "") or "")),
        delete_marker=headers.get("x-amz-delete-marker", "").lower() == "true",
    )
