"""Where OSS keys come from when no file holds them: an ECS instance's role, a program, an address (FACTS 4.3).

Each gives keys with an end; ``KeyRing`` asks again before it. Everything here blocks: run it in a thread.
"""

import http.client
import json
import os
import shlex
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple, Protocol
from urllib.parse import quote, urlsplit

from msgspec import Struct

from restoretui.core.errors import CredentialsError
from restoretui.providers.processes import LONGEST_S, TooSlow, run
from restoretui.providers.wire.refusals import printable
from restoretui.providers.wire.restore_header import parse_instant

METADATA = "http://100.100.100.200"
"""The metadata service of every ECS instance
(https://www.alibabacloud.com/help/en/ecs/user-guide/view-instance-metadata).
"""
_ROLES = "/latest/meta-data/ram/security-credentials/"
_TOKEN_TTL_S = 21_600
_ANSWER_S = 5.0
"""Machine seconds for an answer of a service that is next door."""
_LONGEST_ANSWER = 1 << 16
"""Bytes."""


class OssKeys(NamedTuple):
    """One set of keys."""

    key_id: str
    secret: str
    token: str | None = None
    expires_at: float | None = None
    """Seconds since the epoch; None for keys without an end."""


class KeySource(Protocol):
    """Something that hands out keys."""

    def fetch(self) -> OssKeys:
        """New ones; ``CredentialsError`` says why there are none."""
        ...


class EcsRole(Struct, frozen=True):
    """The role of the ECS instance this runs on; without a name, the one that is attached."""

    name: str = ""
    address: str = METADATA

    def fetch(self) -> OssKeys:
        """Asks the metadata service, blocking, for a thread: for a token, then for the keys (FACTS 4.3)."""
        headers = self._token()
        name = self.name or _get(self.address + _ROLES, headers, "the ECS metadata service").decode().strip()
        if not name or "\n" in name:
            raise CredentialsError("the ECS instance has no RAM role", "attach one in the ECS console").as_wrong()
        what = f"the ECS metadata service, asked for the role {printable(name, 80)}"
        return read_keys(_get(self.address + _ROLES + quote(name), headers, what), what)

    def _token(self) -> dict[str, str]:
        """The session header of the hardened mode; nothing where the service has only the old one."""
        ttl = {"X-aliyun-ecs-metadata-token-ttl-seconds": str(_TOKEN_TTL_S)}
        status, token = _ask(self.address + "/latest/api/token", ttl, "the ECS metadata service", "PUT")
        if status == http.client.OK:
            return {"X-aliyun-ecs-metadata-token": token.decode("latin-1").strip()}
        if os.environ.get("ALIBABA_CLOUD_IMDSV1_DISABLED", "").lower() == "true":
            raise CredentialsError(
                f"the ECS metadata service gives no token ({status}), and its old mode is switched off",
                "look at ALIBABA_CLOUD_IMDSV1_DISABLED",
            )
        return {}


class Process(Struct, frozen=True):
    """A program that prints keys as JSON: ossutil's and the Alibaba Cloud CLI's external credentials."""

    command: str

    def fetch(self) -> OssKeys:
        """Runs the program, blocking, for a thread; killed after ``LONGEST_S`` seconds."""
        try:
            words = shlex.split(self.command)
        except ValueError as error:
            raise CredentialsError(f"the credential process cannot be read: {error}", "mend its quotes") from None
        name = printable(words[0], 120) if words else "nothing"
        try:
            ended = run(words or [""], os.environ)
        except TooSlow:
            raise CredentialsError(
                f"the credential process {name} did not end within {LONGEST_S:g} s", "run it by hand"
            ) from None
        except (OSError, ValueError) as error:
            raise CredentialsError(f"the credential process {name} cannot be run: {error}", "mend its path") from None
        if ended.code:
            said = printable(ended.err, 200) or "it says nothing"
            raise CredentialsError(
                f"the credential process {name} ended with exit code {ended.code}: {said}", "run it by hand"
            )
        return read_keys(ended.out, f"the credential process {name}")


class Address(Struct, frozen=True):
    """A service on this machine or network that answers with keys as JSON."""

    url: str

    def fetch(self) -> OssKeys:
        """One GET, blocking, for a thread. User and password of the URL are in no message."""
        what = f"the credentials service {urlsplit(self.url).netloc.rpartition('@')[2]}"
        return read_keys(_get(self.url, {}, what), what)


def read_keys(document: bytes, what: str) -> OssKeys:
    """Keys out of JSON, however its names are written: ``AccessKeyId`` or ``access_key_id``."""
    try:
        told = json.loads(document)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, Mapping):
        raise CredentialsError(f"what {what} says is no JSON document of keys", "ask it by hand")
    inner = told.get("Credentials")
    fields = {_plain(name): value for name, value in (inner if isinstance(inner, Mapping) else told).items()}
    key_id, secret = fields.get("accesskeyid"), fields.get("accesskeysecret")
    if not isinstance(key_id, str) or not isinstance(secret, str) or not key_id or not secret:
        said = printable(str(fields.get("message") or fields.get("code") or ""), 120)
        raise CredentialsError(f"{what} gives no access key{f': {said}' if said else ''}", "ask it by hand")
    token = next((fields[name] for name in ("securitytoken", "ststoken", "sessiontoken") if fields.get(name)), None)
    return OssKeys(key_id, secret, None if token is None else str(token), _end(fields.get("expiration")))


def _end(told: object) -> float | None:
    if isinstance(told, int | float) and not isinstance(told, bool):
        return float(told)
    instant: datetime | None = parse_instant(str(told)) if told else None
    return None if instant is None else instant.timestamp()


def _plain(name: object) -> str:
    return str(name).replace("_", "").replace("-", "").lower()


def _get(url: str, headers: Mapping[str, str], what: str) -> bytes:
    status, answer = _ask(url, headers, what)
    if status != http.client.OK:
        hint = "is a RAM role of that name attached to the instance?" if _ROLES in url else "ask it by hand"
        raise CredentialsError(f"{what} answers with status {status}", hint)
    return answer


def _ask(url: str, headers: Mapping[str, str], what: str, method: str = "GET") -> tuple[int, bytes]:
    """Status and body, directly and never through a proxy; redirects are answers, too."""
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        raise CredentialsError(f"{what} has to be reached by http:// on this machine or network", "mend its address")
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=_ANSWER_S)
    path = parts._replace(scheme="", netloc="").geturl() or "/"
    try:
        connection.request(method, path, headers=dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.read(_LONGEST_ANSWER)
    except (OSError, http.client.HTTPException, ValueError) as error:
        hint = "is this an ECS instance of Alibaba Cloud?" if parts.hostname in METADATA else "is it running?"
        raise CredentialsError(f"{what} gives no answer: {printable(str(error)) or 'none in time'}", hint) from None
    finally:
        connection.close()
