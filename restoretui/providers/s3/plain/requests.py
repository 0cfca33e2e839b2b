"""Requests that list, look and restore, in the wire's own words: what the SDK would build for a plain configuration.

https://docs.aws.amazon.com/AmazonS3/latest/API/ has each by the operation's name, and
``tests/providers/s3/test_signing.py`` holds each against the SDK's own.
"""

import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple
from urllib.parse import quote

from restoretui import __version__
from restoretui.core.network.endpoints import partition_of
from restoretui.providers.s3.client.signing import Signed

_EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
"""SHA-256 of no body."""
_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_AGENT = f"restoretui/{__version__}"
_BUCKET = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
"""Names that are a label of a host. Others are the SDK's: those with dots, ARNs, and older ones."""
_ALIASES = ("-s3alias", "--ol-s3", "--x-s3", "--xa-s3", "--op-s3", "--table-s3")
"""Endings of names that stand for something else than a bucket."""
_ACCOUNT = re.compile(r"[0-9]{12}")
_GLOBAL = "us-east-1"
"""The Region whose buckets the SDK reaches without naming it."""


class _Shape(NamedTuple):
    """An operation on the wire."""

    method: str
    query: Sequence[tuple[str, str]] = ()
    """What it always says."""
    in_query: Mapping[str, str] = {}
    in_headers: Mapping[str, str] = {}
    end: Sequence[tuple[str, str]] = ()
    """What it always says behind all else."""
    has_key: bool = False
    has_body: bool = False
    service: str = "s3"


_WHOSE = {"ExpectedBucketOwner": "x-amz-expected-bucket-owner"}
_WHO_PAYS = {**_WHOSE, "RequestPayer": "x-amz-request-payer"}
_TOLD = {**_WHO_PAYS, "OptionalObjectAttributes": "x-amz-optional-object-attributes"}
_SHAPES = {
    "GetBucketLifecycleConfiguration": _Shape("GET", [("lifecycle", "")], in_headers=_WHOSE),
    "RestoreObject": _Shape(
        "POST", [("restore", "")], {"VersionId": "versionId"}, _WHO_PAYS, has_key=True, has_body=True
    ),
    "HeadBucket": _Shape("HEAD", in_headers=_WHOSE),
    "HeadObject": _Shape("HEAD", in_query={"VersionId": "versionId"}, in_headers=_WHO_PAYS, has_key=True),
    "ListObjectsV2": _Shape(
        "GET",
        [("list-type", "2")],
        {
            "MaxKeys": "max-keys", "Prefix": "prefix", "Delimiter": "delimiter",
            "ContinuationToken": "continuation-token", "StartAfter": "start-after",
        },
        _TOLD,
        [("encoding-type", "url")],
    ),
    "ListObjectVersions": _Shape(
        "GET",
        [("versions", "")],
        {
            "MaxKeys": "max-keys", "Prefix": "prefix", "Delimiter": "delimiter", "KeyMarker": "key-marker",
            "VersionIdMarker": "version-id-marker",
        },
        _TOLD,
        [("encoding-type", "url")],
    ),
}  # fmt: skip


_CAPACITY = _Shape("GET", service="glacier")
_VERSION = {"x-amz-glacier-version": "2012-06-01"}


class PlainAsk(NamedTuple):
    """A request to build: an operation and its parameters as the SDK names them."""

    service: str
    operation: str
    bucket: str
    params: Mapping[str, Any]
    """Those that differ from request to request as what stands for them in a recipe."""
    everywhere: Mapping[str, str]
    """Of these what the operation takes."""


def plain_request(wanted: PlainAsk, endpoint: str, region: str, *, has_token: bool) -> Signed | None:
    """The request, its signature still to be made by a recipe; None for what is left to the SDK.

    ``endpoint`` is a store's, or empty for AWS's own in ``region``; ``has_token``: the keys are temporary ones.
    """
    if wanted[:2] == ("glacier", "ListProvisionedCapacity") and not wanted.params:
        place = endpoint or f"https://glacier.{region}.{partition_of(region=region).suffix}"
        return _unsigned(_CAPACITY, f"{place}/-/provisioned-capacity", region, dict(_VERSION), has_token=has_token)
    shape = _SHAPES.get(wanted.operation) if wanted.service == "s3" else None
    params = dict(wanted.params)
    if shape is None or not _BUCKET.fullmatch(wanted.bucket) or wanted.bucket.endswith(_ALIASES):
        return None
    key = params.pop("Key", "")
    if bool(key) != shape.has_key:
        return None
    body = _restore_body(params.pop("RestoreRequest", None)) if shape.has_body else b""
    if body is None:
        return None
    params = {name: value for name, value in wanted.everywhere.items() if name in shape.in_headers} | params
    query, headers = list(shape.query), {}
    for name, value in params.items():
        if name in shape.in_query and isinstance(value, str | int):
            query.append((shape.in_query[name], quote(str(value), safe="-_.~")))
        elif name in shape.in_headers and (text := _header(name, value)):
            headers[shape.in_headers[name]] = text
        else:
            return None
    url = _place(wanted.bucket, endpoint, region, f"{key}")
    query += shape.end
    if query:
        url += "?" + "&".join(f"{name}={value}" if value else name for name, value in query)
    headers["X-Amz-Content-SHA256"] = sha256(body).hexdigest() if body else _EMPTY
    return _unsigned(shape, url, region, headers, body, has_token=has_token)


def _unsigned(
    shape: _Shape, url: str, region: str, headers: dict[str, str], body: bytes = b"", *, has_token: bool
) -> Signed:
    """As a recipe takes it apart; all ``headers`` are to be signed."""
    headers["X-Amz-Date"] = ""
    if has_token:
        headers["X-Amz-Security-Token"] = ""
    names = ";".join(sorted({"host", *map(str.lower, headers)}))
    scope = f"Credential=-/00000000/{region}/{shape.service}/aws4_request"
    headers |= {
        "User-Agent": _AGENT,
        "Accept-Encoding": "identity",
        "Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders={names}, Signature={0:064}",
    }
    return Signed(shape.method, url, headers, body)


def _restore_body(asked: Any) -> bytes | None:
    """A copy for some days, by a tier; None for a request that says anything else, or nothing."""
    words = []
    for name, value in asked.items() if isinstance(asked, dict) else ():
        match name, value:
            case "Days", int() if not isinstance(value, bool):
                words.append(f"<Days>{value}</Days>")
            case "GlacierJobParameters", {"Tier": ("Bulk" | "Standard" | "Expedited") as tier, **rest} if not rest:
                words.append(f"<GlacierJobParameters><Tier>{tier}</Tier></GlacierJobParameters>")
            case _:
                return None
    return f'<RestoreRequest xmlns="{_NAMESPACE}">{"".join(words)}</RestoreRequest>'.encode() if words else None


def _header(name: str, value: Any) -> str:
    """A parameter's text; empty for what has to be looked at by the SDK."""
    if name == "ExpectedBucketOwner":
        return value if isinstance(value, str) and _ACCOUNT.fullmatch(value) else ""
    return ",".join(value) if isinstance(value, list) else str(value)


def _place(bucket: str, endpoint: str, region: str, key: str) -> str:
    if endpoint:
        return f"{endpoint}/{bucket}/{key}" if key else f"{endpoint}/{bucket}"
    host = "s3" if region == _GLOBAL else f"s3.{region}"
    return f"https://{bucket}.{host}.{partition_of(region=region).suffix}/{key}"
