"""Signature version 4, checked as S3 and STS check it, so that a client which signs by itself is held to it.

Only requests under a key that this sandbox gave out are checked: other keys have secrets that nobody here knows.
"""

import hmac
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from urllib.parse import parse_qsl, quote, unquote_to_bytes

from restoretui.sandbox.state.refusals import ErrorAnswer

ACCESS_KEY_ID = "AKIASANDBOX0RESTORE1"
SECRET_ACCESS_KEY = "sandbox/not-a-secret/only-for-127.0.0.1x"  # noqa: S105 - opens nothing
ROLE_ACCESS_KEY_ID = "ASIASANDBOX0RESTORE1"
"""Of the temporary credentials that AssumeRole gives; their secret is the same."""
OTHER_ACCESS_KEY_ID = "AKIASANDBOX0ANOTHER1"
"""Of a user of another account (``state.cloud.OTHER_ACCOUNT``); the secret is the same."""
SESSION_TOKEN = "sandbox-session"  # noqa: S105 - opens nothing

_ALGORITHM = "AWS4-HMAC-SHA256"
_UNRESERVED = "-_.~"


def check_signature(method: str, target: str, headers: Mapping[str, str], body: bytes) -> None:
    """Refuse a request whose ``Authorization`` header, or presigned query, does not fit it. Unsigned ones pass."""
    authorization = headers.get("Authorization", "")
    presigned = _presigned(target)
    if authorization.startswith(f"{_ALGORITHM} "):
        fields = dict(
            part.strip().partition("=")[::2] for part in authorization.removeprefix(_ALGORITHM).strip().split(",")
        )
        sent_at, token = headers.get("x-amz-date", ""), headers.get("x-amz-security-token")
    elif presigned.get("Algorithm") == _ALGORITHM:
        fields = presigned
        sent_at, token = presigned.get("Date", ""), presigned.get("Security-Token")
    else:
        return
    access_key, *scope = fields.get("Credential", "").split("/")
    if access_key not in (ACCESS_KEY_ID, ROLE_ACCESS_KEY_ID, OTHER_ACCESS_KEY_ID) or len(scope) != 4:
        return
    stated = headers.get("x-amz-content-sha256") if fields is not presigned else "UNSIGNED-PAYLOAD"
    content = sha256(body).hexdigest()
    if stated is not None and len(stated) == 64 and stated != content:
        raise ErrorAnswer(
            400,
            "XAmzContentSHA256Mismatch",
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        )
    if access_key == ROLE_ACCESS_KEY_ID and token != SESSION_TOKEN:
        raise ErrorAnswer(400, "InvalidToken", "The provided token is malformed or otherwise invalid.")
    canonical = _canonical(method, target, headers, fields.get("SignedHeaders", ""), stated or content)
    to_sign = "\n".join((_ALGORITHM, sent_at, "/".join(scope), sha256(canonical.encode()).hexdigest()))
    expected = hmac.new(_signing_key(*scope[:3]), to_sign.encode(), sha256).hexdigest()
    if not hmac.compare_digest(expected, fields.get("Signature", "")):
        raise ErrorAnswer(
            403,
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. Check your key and "
            "signing method.",
            extra={"CanonicalRequest": canonical, "StringToSign": to_sign},
        )


def _presigned(target: str) -> dict[str, str]:
    """What a presigned URL says of its signature."""
    query = parse_qsl(target.partition("?")[2], keep_blank_values=True, errors="surrogateescape")
    return {name.removeprefix("X-Amz-"): value for name, value in query if name.startswith("X-Amz-")}


def _canonical(method: str, target: str, headers: Mapping[str, str], signed: str, content: str) -> str:
    path, _, query = target.partition("?")
    # S3 encodes each byte of the path once, whatever the client left plain.
    path = quote(unquote_to_bytes(path), safe=f"/{_UNRESERVED}")
    pairs = sorted(
        (quote(name, safe=_UNRESERVED), quote(value, safe=_UNRESERVED))
        for name, value in parse_qsl(query, keep_blank_values=True, errors="surrogateescape")
        if name != "X-Amz-Signature"
    )
    lines = "".join(f"{name}:{' '.join(headers.get(name, '').split())}\n" for name in signed.split(";"))
    return "\n".join((method, path, "&".join(f"{name}={value}" for name, value in pairs), lines, signed, content))


@lru_cache(maxsize=32)
def _signing_key(date: str, region: str, service: str) -> bytes:
    key = f"AWS4{SECRET_ACCESS_KEY}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
