"""Presigned links: the very URL that the SDK's own query signer makes, and one that a server of S3 takes."""

from datetime import UTC, datetime
from types import SimpleNamespace
from urllib.parse import quote

import pytest
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from restoretui.providers.s3.client import presigning
from restoretui.providers.s3.client.signing import Keys

AT = datetime(2026, 1, 15, 12, tzinfo=UTC)


@pytest.mark.parametrize("token", [None, "FwoG/+=="])
@pytest.mark.parametrize("key", ["plain.mov", "a b/é漢+%&=?#'\"", "\x1b\n", "~-_.!*()"])
@pytest.mark.parametrize(
    "base", ["https://b.s3.eu-central-1.amazonaws.com/", "http://127.0.0.1:9000/b/", "https://h:443/"]
)
def test_it_is_what_the_sdk_signs(monkeypatch: pytest.MonkeyPatch, token: str | None, key: str, base: str) -> None:
    keys = Keys("AKID", "secret/+", token)
    url = base + quote(key, safe="/-_.~") + "?versionId=v%201"
    ours = presigning.presigned(url, "eu-central-1", keys, AT.timestamp(), 3600, {})
    stopped = SimpleNamespace(
        datetime=SimpleNamespace(utcnow=lambda: AT.replace(tzinfo=None), now=lambda _zone=None: AT)
    )
    monkeypatch.setattr(
        "botocore.auth.get_current_datetime", lambda *_args, **_named: AT.replace(tzinfo=None), raising=False
    )
    monkeypatch.setattr("botocore.auth.datetime", stopped, raising=False)
    request = AWSRequest("GET", url)
    S3SigV4QueryAuth(Credentials("AKID", "secret/+", token), "s3", "eu-central-1", 3600).add_auth(request)
    theirs = request.url
    assert sorted(ours.partition("?")[2].split("&")) == sorted(theirs.partition("?")[2].split("&"))
    assert ours.partition("?")[0] == theirs.partition("?")[0]


def test_the_payer_is_signed_for() -> None:
    link = presigning.presigned("https://h/k", "r", Keys("A", "s", None), 0, 60, {"x-amz-request-payer": "requester"})
    assert "&x-amz-request-payer=requester&X-Amz-Signature=" in link
