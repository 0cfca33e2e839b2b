"""Credentials of profiles made by ``aws login``, which the AWS CLI hands out (FACTS 0).

The SDK here is older than these profiles. ``aws configure export-credentials`` knows them, renews them, and assumes a
role on top where the profile says so. Imports the SDK; only ``s3.client.credential_chain`` may import this module.
"""

import asyncio
import json
import math
import os
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aiobotocore.credentials import AioCredentials

from restoretui.core.errors import CredentialsError
from restoretui.providers.processes import LONGEST_S, TooSlow, run
from restoretui.providers.s3.client.sdk_keys import uses_login
from restoretui.providers.wire.refusals import printable
from restoretui.providers.wire.restore_header import parse_instant

SINCE = "2.32.0"
"""The first AWS CLI with ``aws login``."""
METHOD = "login"
_NEEDED = frozenset((
    "PATH", "HOME", "USERPROFILE", "HOMEDRIVE", "HOMEPATH", "SYSTEMROOT", "TMPDIR", "TEMP", "TMP", "LANG", "LC_ALL",
    "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_LOGIN_CACHE_DIRECTORY", "AWS_CA_BUNDLE",
    "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_DATA_PATH", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE",
))  # fmt: skip


class LoginProvider:
    """A provider in the SDK's chain, in front of those that read the profile themselves."""

    METHOD = METHOD
    CANONICAL_NAME = METHOD

    def __init__(self, session: Any) -> None:
        self._session = session

    async def load(self) -> AioCredentials | None:
        """None for every other kind of profile."""
        profile = self._session.get_config_variable("profile") or "default"
        if not uses_login(self._session.full_config.get("profiles", {}), profile):
            return None

        return _read(await asyncio.to_thread(_ask_cli, profile), profile)


class HandedOut(AioCredentials):
    """Keys with an end, in the shape by which ``CredentialCache`` sees to others in time.

    The SDK's own refreshable ones would ask the CLI again at once: what is left of these is little to them.
    """

    def __init__(self, key: str, secret: str, token: str | None, end: datetime | None) -> None:
        super().__init__(key, secret, token, METHOD)  # type: ignore[no-untyped-call]
        self._expiry_time = end

    def _seconds_remaining(self) -> float:
        if self._expiry_time is None:
            return math.inf
        return (self._expiry_time - datetime.now(UTC)).total_seconds()

    def refresh_needed(self, refresh_in: float) -> bool:
        """Less than so many seconds are left."""
        return self._seconds_remaining() < refresh_in


def _environment(env: Mapping[str, str]) -> dict[str, str]:
    """What the AWS CLI needs to find the profile and to reach the network: no key, no token, nobody else's secret."""
    return {name: value for name, value in env.items() if name.upper() in _NEEDED}


def _ask_cli(profile: str) -> bytes:
    again = f"run: aws login --profile {profile}"
    env = _environment(os.environ)
    aws = shutil.which("aws", path=env.get("PATH"))
    if aws is None:
        raise CredentialsError(
            f"profile {profile} is one of `aws login`, whose credentials only the AWS CLI hands out, and none is on "
            "the PATH",
            f"install the AWS CLI {SINCE} or newer, or choose another --profile",
        ).as_wrong()
    command = [aws, "configure", "export-credentials", "--profile", profile, "--format", "process"]
    try:
        ended = run(command, env)
    except TooSlow:
        raise CredentialsError(
            f"the AWS CLI did not hand out the credentials of profile {profile} within {LONGEST_S:g} s", again
        ) from None
    except OSError as error:
        raise CredentialsError(
            f"the AWS CLI, which hands out the credentials of profile {profile}, cannot be run: {error.strerror}",
            f"install the AWS CLI {SINCE} or newer",
        ).as_wrong() from None
    if ended.code:
        raise _refused(profile, ended.err, again)
    return ended.out


def _refused(profile: str, said: str, again: str) -> CredentialsError:
    if "invalid choice" in said.lower() or said.lstrip().startswith("usage:"):
        return CredentialsError(
            f"the AWS CLI here is too old to hand out credentials of profile {profile}, which is one of `aws login`",
            f"install the AWS CLI {SINCE} or newer",
        ).as_wrong()
    return CredentialsError(
        f"the AWS CLI hands out no credentials for profile {profile}: {printable(said, 200) or 'it says nothing'}",
        f"{again}; the AWS CLI has to be {SINCE} or newer",
    )


def _read(out: bytes, profile: str) -> HandedOut:
    try:
        told = json.loads(out)
        key, secret = str(told["AccessKeyId"]), str(told["SecretAccessKey"])
        token, end = told.get("SessionToken"), told.get("Expiration")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise CredentialsError(
            f"what the AWS CLI says of profile {profile} cannot be read: it is no credentials document",
            f"try: aws configure export-credentials --profile {profile} --format process",
        ) from None
    return HandedOut(key, secret, None if token is None else str(token), parse_instant(str(end)) if end else None)
