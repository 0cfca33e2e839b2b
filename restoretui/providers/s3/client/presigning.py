"""Signature Version 4 in a URL's query: a link that reads one object, for whoever has it, until it ends.

Of a request the SDK has built only the URL is taken: host, path and version, as that endpoint wants them. The payload
is not signed, and no header but the host's
(docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html). A test compares it with the SDK's own.
"""

import hmac
from collections.abc import Mapping
from hashlib import sha256
from time import gmtime, strftime
from urllib.parse import quote, urlsplit

from restoretui.providers.s3.client.signing import Keys

LONGEST_S = 604_800
"""Seven days, the longest that S3 takes."""
_DATE_FORMAT = "%Y%m%dT%H%M%SZ"
_DEFAULT_PORT = {"http": ":80", "https": ":443"}


def presigned(url: str, region: str, keys: Keys, at: float, seconds: int, more: Mapping[str, str]) -> str:
    """``url`` with ``more`` parameters, signed for GET at ``at`` (seconds since the epoch) for so many seconds."""
    parts = urlsplit(url)
    date = strftime(_DATE_FORMAT, gmtime(int(at)))
    scope = f"{date[:8]}/{region}/s3/aws4_request"
    given = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Credential": f"{keys.access_key}/{scope}",
        "X-Amz-Date": date, "X-Amz-Expires": str(seconds), "X-Amz-SignedHeaders": "host",
        **({"X-Amz-Security-Token": keys.token} if keys.token else {}), **more,
    }  # fmt: skip
    encoded = [f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in given.items()]
    query = "&".join(sorted([*filter(None, parts.query.split("&")), *encoded]))
    host = parts.netloc.removesuffix(_DEFAULT_PORT.get(parts.scheme, ""))
    canonical = "\n".join(["GET", parts.path, query, f"host:{host}", "", "host", "UNSIGNED-PAYLOAD"])
    to_sign = "\n".join(["AWS4-HMAC-SHA256", date, scope, sha256(canonical.encode()).hexdigest()])
    key = f"AWS4{keys.secret_key}".encode()
    for part in (date[:8], region, "s3", "aws4_request", to_sign):
        key = hmac.digest(key, part.encode(), "sha256")
    return f"{parts.scheme}://{parts.netloc}{parts.path}?{query}&X-Amz-Signature={key.hex()}"
