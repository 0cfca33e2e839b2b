"""Detects answers that are not the cloud's: a captive portal, a proxy or a wrong endpoint answers 200, too.

What tells is never one thing that is missing (compatible stores leave out request ids, lengths and dates), and never
``text/html`` alone, which is the type of every page in a web archive. An answer is disbelieved

- when it is a web page, by its type or by its body, and bears no mark of a store: no header of a store's own
  (``MARKS``; each store of FACTS 5 sends some), no XML of S3's, and no ETag of the kind that stores give to what was
  uploaded (an MD5 in hex, with ``-N`` behind it for N parts). ETag and Last-Modified as such prove nothing: a portal
  that serves its page from a file has both (nginx: modification time and length in hex).
- when it redirects without any of these: S3 says where a bucket lives in a header or in an ``<Error>``;
- when a HEAD of an object tells nothing of one: neither a mark, nor ETag, nor Last-Modified;
- when it is a 403 with a body that is no XML, or a web page: a firewall's refusal;
- when a restore request is answered by anything but 200 or 202 without an error in it (``why_not_accepted``).

A page that comes with 429 or 5xx is a proxy's own, in front of a store that is busy or away: that is what it says.
"""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from restoretui.providers.wire.refusals import printable

MARKS = (
    "x-amz-", "x-amzn-", "x-oss-", "x-obs-", "x-cos-", "x-clv-", "x-ibm-", "x-rgw-", "x-minio-", "x-scal-",
    "x-tigris-", "x-ncp-", "x-tos-", "x-goog-", "x-wasabi-", "x-bz-", "x-trans-id", "x-ntap-",
)  # fmt: skip
"""How header names of S3, OSS and compatible stores begin, and of nobody else."""
_UPLOADED = re.compile(r'\s*(?:W/)?"?[0-9a-fA-F]{32}(?:-[0-9]{1,5})?"?\s*')
_PROLOG = re.compile(rb"(?:\xef\xbb\xbf)?(?:\s++|<\?(?:[^?]|\?(?!>))*+\?>|<!--(?:[^-]|-(?!->))*+-->)*+", re.DOTALL)
_NAME = re.compile(rb"<(?:[\w.-]{1,64}:)?(!?[\w.-]{1,64})[\s/>]")
_OF_PAGES = frozenset({"html", "!doctype", "head", "body", "script"})


def root_of(body: bytes) -> str:
    """The local name of a document's first element, as it is spelled; ``!DOCTYPE`` before one; empty for no XML."""
    start = _PROLOG.match(body)
    name = _NAME.match(body, start.end() if start else 0)
    return name[1].decode("ascii", "replace") if name else ""


def why_foreign(operation: str, status: int, headers: Mapping[str, str], body: bytes) -> str:
    """What shows that an answer is not the cloud's, as the end of a sentence; empty when nothing does.

    ``headers`` are found by lower-case name.
    """
    kind = headers.get("content-type")
    is_page = kind is not None and "html" in kind.lower()
    if status == 403 and body and (why := _why_not_a_stores(headers, body)):
        return why
    if not is_page and status < 300 and ("etag" in headers or operation != "HeadObject"):
        return ""  # as for nearly every answer
    redirects = 300 <= status < 400 and status != 304
    tells = operation != "HeadObject" or status >= 300 or "last-modified" in headers
    if tells and not is_page and not redirects:
        return ""
    if status == 429 or status >= 500 or is_marked(headers):
        return ""
    root = root_of(body).lower()
    if redirects:
        return "" if root == "error" else f"it redirects{_target(headers)}, as a sign-in page or a proxy does"
    if is_page:
        is_told = bool(root) and root not in _OF_PAGES
        is_told = is_told or _UPLOADED.fullmatch(headers.get("etag", "")) is not None
        # What has neither body nor type is called text/html by some servers' frameworks.
        is_told = is_told or (status == 202 and not body.strip())
        return "" if is_told else f"it is a web page (status {status}), as a sign-in page or a proxy sends"
    return "it tells nothing of an object: no ETag, no date, no header of a store"


def _why_not_a_stores(headers: Mapping[str, str], body: bytes) -> str:
    """Of a 403 with a body: a firewall's, unless it is an ``<Error>``, or tells nothing and comes from a store."""
    root = root_of(body).lower()
    if (root and root not in _OF_PAGES) or (not root and is_marked(headers)):
        return ""
    what = "a web page" if root else "no XML"
    return f"it is {what} (status 403): something between here and the store refuses, a firewall or a proxy, say"


def why_not_accepted(status: int, body: bytes, accepting: tuple[int, ...] = (200, 202)) -> str:
    """Why a 2xx answer to a restore request does not accept it; empty when it does, or is an error (``is_error``).

    Documented are 200 and 202, both without a body; a document named after the operation passes, too.
    """
    if status not in accepting:
        return f"it has status {status}, which says neither yes nor no"
    if not body.strip():
        return ""
    root = root_of(body).lower()
    if root in _OF_PAGES:
        return "it is a web page"
    if not root:
        return "its body is not XML"
    if root == "error" or ("restore" in root and b"<error" not in body.lower()):
        return ""
    return f"it is a <{printable(root_of(body))}> document"


def is_error(body: bytes) -> bool:
    """An ``<Error>`` document, whatever stands before it."""
    return root_of(body).lower() == "error"


def is_marked(headers: Mapping[str, str], marks: tuple[str, ...] = MARKS) -> bool:
    """Whether any header is one that only a store sends."""
    return any(name.lower().startswith(marks) for name in headers)


def _target(headers: Mapping[str, str]) -> str:
    try:
        host = urlsplit(headers.get("location", "")).netloc.rpartition("@")[2]
    except ValueError:
        host = ""
    return f" to {printable(host, 100)}" if host else ""
