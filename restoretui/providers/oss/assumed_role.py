"""OSS keys of a RAM role: STS gives them to whoever has keys that may assume it, or a token of an identity provider.

``AssumeRole`` and ``AssumeRoleWithOIDC`` of Alibaba Cloud's STS, version 2015-04-01 (FACTS 4.3): a form, signed by
HMAC-SHA1 where keys sign it, answered with keys as JSON. Everything here blocks: run it in a thread.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from msgspec import Struct

from restoretui.core.clock import SystemClock
from restoretui.core.errors import CloudError, CredentialsError
from restoretui.core.network.endpoints import check_endpoint
from restoretui.providers.oss.key_sources import KeySource, OssKeys, read_keys
from restoretui.providers.wire.refusals import printable

STS = "https://sts.aliyuncs.com"
SESSION = "restoretui"
_LONGEST_TOKEN = 1 << 16
"""Bytes of a token in a file."""


class AssumedRole(Struct, frozen=True):
    """A role, and what may assume it: keys at hand, or those of another source."""

    role: str
    keys: OssKeys | KeySource
    session: str = SESSION
    seconds: int | None = None
    """How long its keys shall last; None: as long as the role says."""
    endpoint: str = STS
    external_id: str = ""

    def __repr__(self) -> str:
        return f"AssumedRole(role={self.role!r})"  # keys are nobody's to see

    def fetch(self) -> OssKeys:
        """New keys of the role; ``CredentialsError`` says why there are none."""
        keys = self.keys if isinstance(self.keys, OssKeys) else self.keys.fetch()
        fields = {"Action": "AssumeRole", "RoleArn": self.role, "RoleSessionName": self.session}
        fields |= {"DurationSeconds": str(self.seconds)} if self.seconds else {}
        fields |= {"ExternalId": self.external_id} if self.external_id else {}
        return _asked(self.endpoint, signed(fields, keys), f"STS, asked for the role {printable(self.role, 120)}")


class WebIdentityRole(Struct, frozen=True):
    """A role for a workload whose identity provider leaves its token in a file, as in ACK's pods (RRSA)."""

    role: str
    provider: str
    token_file: str
    session: str = SESSION
    endpoint: str = STS

    def fetch(self) -> OssKeys:
        """The same, with the token as the file has it now: whoever wrote it renews it."""
        try:
            with Path(self.token_file).expanduser().open("rb") as file:
                token = file.read(_LONGEST_TOKEN).decode("ascii").strip()
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else "it holds no token"
            raise CredentialsError(
                f"the OIDC token in {printable(self.token_file, 120)} cannot be read: {why}", "mend its path"
            ) from None
        fields = {
            "Action": "AssumeRoleWithOIDC", "RoleArn": self.role, "OIDCProviderArn": self.provider,
            "RoleSessionName": self.session, "OIDCToken": token, **_common(),
        }  # fmt: skip
        return _asked(self.endpoint, fields, f"STS, asked for the role {printable(self.role, 120)} by OIDC")


def signed(fields: Mapping[str, str], keys: OssKeys, common: Mapping[str, str] | None = None) -> dict[str, str]:
    """The form with all that stands in every one, and its signature.

    https://www.alibabacloud.com/help/en/sdk/product-overview/rpc-mechanism
    """
    whole = {
        **fields, **(_common() if common is None else common), "AccessKeyId": keys.key_id,
        "SignatureMethod": "HMAC-SHA1", "SignatureVersion": "1.0",
    }  # fmt: skip
    whole |= {"SecurityToken": keys.token} if keys.token else {}
    return whole | {"Signature": signature(whole, keys.secret, "POST")}


def signature(fields: Mapping[str, str], secret: str, method: str) -> str:
    """Of the sorted form, as the RPC interface of Alibaba Cloud has it."""
    query = "&".join(f"{_escaped(name)}={_escaped(value)}" for name, value in sorted(fields.items()))
    text = f"{method}&%2F&{_escaped(query)}"
    return base64.b64encode(hmac.digest(f"{secret}&".encode(), text.encode(), hashlib.sha1)).decode()


def _common() -> dict[str, str]:
    now = datetime.fromtimestamp(SystemClock().wall(), UTC)
    return {
        "Format": "JSON", "Version": "2015-04-01", "Timestamp": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        "SignatureNonce": secrets.token_hex(16),
    }  # fmt: skip


def _escaped(text: str) -> str:
    return quote(text, safe="~")


def _asked(endpoint: str, fields: Mapping[str, str], what: str) -> OssKeys:
    from restoretui.providers.http.single_request import send  # what talks to servers is loaded when one is asked

    url = check_endpoint(endpoint if "://" in endpoint else f"https://{endpoint}", "the STS endpoint of the profile")
    form = "&".join(f"{_escaped(name)}={_escaped(value)}" for name, value in fields.items()).encode()
    try:
        setting = "the STS endpoint of the profile"
        answer = asyncio.run(send("POST", f"{url.rstrip('/')}/", what, setting, _FORM, form))
    except CloudError as error:
        raise CredentialsError(f"{what} gives no keys: {error}", error.hint) from error
    if answer.status != 200:
        raise CredentialsError(f"{what} refuses: {_said(answer.body) or f'HTTP {answer.status}'}", _HINT)
    return read_keys(answer.body, what)


_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_HINT = "may these keys assume it (AliyunSTSAssumeRoleAccess), and does the role trust them?"


def _said(body: bytes) -> str:
    """Code and message of a refusal; empty where it is none of STS."""
    try:
        told = json.loads(body)
        return printable(f"{told['Code']}: {told['Message']}", 240)
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
