"""OSS signature version 4 in the Authorization header, checked as OSS checks it (FACTS 4.3)."""

import hmac
from functools import lru_cache
from hashlib import sha256
from urllib.parse import quote

from restoretui.sandbox.state.refusals import ErrorAnswer
from restoretui.sandbox.wire.call_reply import Call

OSS_ACCESS_KEY_ID = "LTAIsandbox0restore1"
OSS_ACCESS_KEY_SECRET = "sandbox-not-a-secret-only-here"  # noqa: S105 - opens nothing

_ALGORITHM = "OSS4-HMAC-SHA256"
_SIGNED = frozenset({"content-type", "content-md5"})


def check_signature(call: Call) -> None:
    """Refuse a request whose signature does not fit it, or that has none of version 4.

    Keys that this sandbox did not give out have secrets nobody here knows: they pass.
    """
    authorization = call.headers.get("Authorization", "")
    if not authorization.startswith(f"{_ALGORITHM} "):
        raise ErrorAnswer(
            400, "InvalidArgument", "Only signature version 4 is taken here.", extra={"EC": "0002-00000204"}
        )
    fields = dict(
        part.strip().partition("=")[::2] for part in authorization.removeprefix(_ALGORITHM).strip().split(",")
    )
    access_key, *scope = fields.get("Credential", "").split("/")
    if len(scope) != 4 or scope[2:] != ["oss", "aliyun_v4_request"]:
        raise ErrorAnswer(400, "InvalidArgument", "The credential's scope is invalid.", extra={"EC": "0002-00000205"})
    if access_key != OSS_ACCESS_KEY_ID:
        return
    canonical = _canonical(call, fields.get("AdditionalHeaders", ""))
    digest = sha256(canonical.encode()).hexdigest()
    to_sign = "\n".join((_ALGORITHM, call.headers.get("x-oss-date", ""), "/".join(scope), digest))
    expected = hmac.new(_signing_key(scope[0], scope[1]), to_sign.encode(), sha256).hexdigest()
    if not hmac.compare_digest(expected, fields.get("Signature", "")):
        raise ErrorAnswer(
            403,
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. Check your key and "
            "signing method.",
            extra={"CanonicalRequest": canonical, "StringToSign": to_sign, "EC": "0002-00000201"},
        )


def _canonical(call: Call, additional: str) -> str:
    path = f"/{call.bucket}/{call.key}" if call.bucket else "/"
    pairs = sorted((quote(name, safe=""), quote(value, safe="")) for name, value in call.query.items())
    query = "&".join(f"{name}={value}" if value else name for name, value in pairs)
    more = set(filter(None, additional.split(";")))
    signed = sorted(
        (name.lower(), value)
        for name, value in call.headers.items()
        if name.lower().startswith("x-oss-") or name.lower() in _SIGNED | more
    )
    lines = "".join(f"{name}:{value.strip()}\n" for name, value in signed)
    content = call.headers.get("x-oss-content-sha256", "UNSIGNED-PAYLOAD")
    return "\n".join((call.method, quote(path, safe="/"), query, lines, additional, content))


@lru_cache(maxsize=32)
def _signing_key(date: str, region: str) -> bytes:
    key = f"aliyun_v4{OSS_ACCESS_KEY_SECRET}".encode()
    for part in (date, region, "oss", "aliyun_v4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
