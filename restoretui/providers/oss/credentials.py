"""Credentials of OSS: the environment, ossutil's config file, the Alibaba Cloud CLI's (FACTS 4.3).

The SDK asks for keys inside the event loop with every request, so that they are had beforehand, in a thread, and had
again before they end, and once OSS no longer takes them.
"""

import asyncio
import configparser
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from restoretui.core.clock import Clock
from restoretui.core.doing import finding_credentials
from restoretui.core.errors import CredentialsError, UsageError
from restoretui.core.os_errors import WITHOUT_MARK, byte_order_mark
from restoretui.providers.oss.assumed_role import SESSION, STS, AssumedRole, WebIdentityRole
from restoretui.providers.oss.key_sources import Address, EcsRole, KeySource, OssKeys, Process
from restoretui.providers.whose_keys import WhoseKeys
from restoretui.providers.wire.ini_files import fault_in

_AGAIN_S = 2.0
"""Keys are read at most this often, whatever comes of it; machine time."""
_FRESH_S = 300.0
"""Seconds before their end from which keys are renewed; those that had little to begin with, at half of it."""
_FIRST = ("default", "profile default", "Credentials")
"""The sections ossutil 2 and ossutil 1 write when no profile is named."""
HINT = "set OSS_ACCESS_KEY_ID and OSS_ACCESS_KEY_SECRET, or run: ossutil config"


class FoundKeys(NamedTuple):
    """Credentials and defaults as environment and files name them."""

    keys: OssKeys | None
    region: str = ""
    endpoint: str = ""
    why: str = ""
    """Why there are no keys."""
    source: KeySource | None = None
    """What hands out keys, where none are written down."""
    are_fixed: bool = False
    """They come from the environment of this process, which nobody can change any more."""
    style: str = ""
    """How buckets are addressed: ``cname``, ``path``, ``virtual``, or empty."""


def look_up(profile: str | None, environment: Mapping[str, str] | None = None) -> FoundKeys:
    """Read environment and files; run it in a thread.

    A profile is looked up in ossutil's file, then in the Alibaba Cloud CLI's. Without one, the environment's keys win
    and the files come in that order. ``UsageError`` for a profile that is not there or a file that cannot be read.
    """
    env = os.environ if environment is None else environment
    stated = OssKeys(
        env.get("OSS_ACCESS_KEY_ID", ""), env.get("OSS_ACCESS_KEY_SECRET", ""), env.get("OSS_SESSION_TOKEN") or None
    )
    if profile is None and stated.key_id and stated.secret:
        return FoundKeys(stated, are_fixed=True)
    path = Path(env.get("OSS_CONFIG_FILE") or "~/.ossutilconfig").expanduser()
    sections = _sections(path)
    wanted = _FIRST if profile is None else (f"profile {profile}", profile)
    section = next((sections[name] for name in wanted if name in sections), None)
    if section is not None:
        service = sections.get("AkService", {}).get("ecsak", "") if profile is None else ""
        return _found(section | ({"credentialsuri": service} if service else {}), str(path))
    of_cli = _cli_profile(Path("~/.aliyun/config.json").expanduser(), profile or env.get("ALIBABA_CLOUD_PROFILE"))
    if of_cli is not None:
        return of_cli
    if profile is not None:
        raise UsageError(f"{path} has no profile {profile!r}", "ossutil config list-profiles shows those there are")
    arn, provider, token = (
        env.get(f"ALIBABA_CLOUD_{name}", "") for name in ("ROLE_ARN", "OIDC_PROVIDER_ARN", "OIDC_TOKEN_FILE")
    )
    if arn and provider and token:
        session = env.get("ALIBABA_CLOUD_ROLE_SESSION_NAME") or SESSION
        return FoundKeys(None, source=WebIdentityRole(arn, provider, token, session))
    role = env.get("ALIBABA_CLOUD_ECS_METADATA", "")
    if role and env.get("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "").lower() != "true":
        return FoundKeys(None, source=EcsRole(role))
    return FoundKeys(None, why="there are no OSS credentials")


def _found(section: Mapping[str, str], where: str) -> FoundKeys:
    """What a profile says, with its names written plainly: ``accesskeyid``."""
    mode = section.get("mode", "").replace("-", "").replace("_", "").lower()
    keys = OssKeys(
        section.get("accesskeyid", ""), section.get("accesskeysecret", ""), section.get("ststoken") or None
    )
    command = section.get("credentialprocess") or section.get("processcommand") or ""
    address = section.get("credentialsuri") or section.get("credentialuri") or ""
    role = section.get("ecsrolename") or section.get("ramrolename") or ""
    source: KeySource | None = None
    why = ""
    if mode in ("ramrolearn", "chainableramrolearn", "oidc"):
        source, why = _role_of(section, keys, mode, where)
    elif mode == "ecsramrole":
        source = EcsRole(role)
    elif command and mode in ("", "process", "external", "credentialprocess"):
        source = Process(command)
    elif address and mode in ("", "uri", "credentialsuri", "credentialuri"):
        source = Address(address)
    elif mode not in ("", "ak", "ststoken") or not keys.key_id or not keys.secret:
        named = section.get("mode", "")
        why = f"{where} holds no access key" + (
            f": it gets keys by mode {named}, which is not built" if named else ""
        )
    return FoundKeys(
        None if why or source else keys,
        section.get("region") or section.get("regionid") or "",
        section.get("endpoint", ""),
        why,
        source,
        style=section.get("addressingstyle", "").lower(),
    )


def _role_of(section: Mapping[str, str], keys: OssKeys, mode: str, where: str) -> tuple[KeySource | None, str]:
    """A role that is assumed by the profile's own keys or its token; else why it cannot be."""
    role = section.get("rolearn") or section.get("ramrolearn") or ""
    session = section.get("rolesessionname") or section.get("ramsessionname") or SESSION
    region = section.get("stsregion", "")
    endpoint = section.get("stsendpoint") or (f"https://sts.{region}.aliyuncs.com" if region else STS)
    if not role:
        return None, f"{where} names no role to assume (role-arn)"
    if mode == "oidc":
        provider, file = section.get("oidcproviderarn", ""), section.get("oidctokenfile", "")
        if not provider or not file:
            return None, f"{where} names no OIDC provider or no file with its token"
        return WebIdentityRole(role, provider, file, session, endpoint), ""
    if mode == "chainableramrolearn":
        return None, f"{where} takes its keys from another profile (ChainableRamRoleArn), which is not built"
    if not keys.key_id or not keys.secret:
        return None, f"{where} holds no access key to assume {role} with"
    told = section.get("durationseconds") or section.get("expiredseconds") or section.get("tokentimeout") or ""
    seconds = int(told) if told.isdecimal() and len(told) < 7 and int(told) else None
    return AssumedRole(role, keys, session, seconds, endpoint, section.get("externalid", "")), ""


def _sections(path: Path) -> dict[str, dict[str, str]]:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}", "mend it, or set the OSS_ variables instead"
        ) from None
    fault, hint = fault_in(path, content)
    if fault:
        raise UsageError(fault, f"{hint}, or set the OSS_ variables instead")
    parser = configparser.ConfigParser(interpolation=None, default_section="")
    parser.read_string(content.decode())
    # Names may be written accesskeyid, accessKeyId, access-key-id or access_key_id (FACTS 4.3).
    return {
        name: {key.replace("-", "").replace("_", ""): value for key, value in parser[name].items()}
        for name in parser.sections()
    }


def _cli_profile(path: Path, profile: str | None) -> FoundKeys | None:
    """A profile of the Alibaba Cloud CLI, or its current one; None where there is none."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    hint = "mend it, or set the OSS_ variables instead"
    if mark := byte_order_mark(content):
        raise UsageError(
            f"{path} cannot be read: line 1: the file begins with a byte order mark ({mark})", WITHOUT_MARK
        )
    try:
        document = json.loads(content)
        entries: list[Any] = document["profiles"]
        current = document.get("current") or "default"
        named = [entry for entry in entries if entry.get("name") == (profile or current)]
    except json.JSONDecodeError as error:
        raise UsageError(f"{path} cannot be read: line {error.lineno}: this is not JSON: {error.msg}", hint) from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise UsageError(f"{path} holds no profiles of the Alibaba Cloud CLI", hint) from None
    if len(named) > 1:
        raise UsageError(f"{path} has {len(named)} profiles {(profile or current)!r}", "leave one of them")
    if not named:
        return None
    # Its endpoint is that of other services.
    plain = {
        str(name).replace("_", ""): str(value)
        for name, value in named[0].items()
        if isinstance(value, str | int) and not isinstance(value, bool)
    }
    return _found(
        {name: value for name, value in plain.items() if name != "endpoint"}, f"{path} ({named[0]['name']})"
    )


class KeyRing:
    """A credential cache: the current keys, had again before they end, and once OSS rejected them."""

    def __init__(self, profile: str | None, clock: Clock, found: FoundKeys) -> None:
        self._profile = profile
        self._clock = clock
        self._found = found
        self._keys = found.keys
        self._renew_at: float | None = None
        self._rejected = found.keys is None
        self._trouble: CredentialsError | None = None
        self._read_at = float("-inf")
        self._one_at_a_time = asyncio.Lock()
        self.whose = WhoseKeys(profile or "default")

    @property
    def are_fixed(self) -> bool:
        """They come from this process's environment: no waiting mends them."""
        return self._found.are_fixed

    async def keys(self) -> OssKeys:
        """Keys that can be used now; ``CredentialsError`` when there are none."""
        if self._is_due():
            with finding_credentials("the OSS credentials"):
                async with self._one_at_a_time:
                    await self._renew()
        if self._keys is None or self._is_over(self._keys):
            raise self._trouble or CredentialsError(self._found.why or "the OSS credentials have expired", HINT)
        keys = self._keys
        if not self.whose.may_sign(keys):
            try:
                await self.whose.check(keys)
            except CredentialsError:
                self.reject(keys)  # The next look may find those that are wanted.
                raise
        return keys

    def now(self) -> float:
        """The clock that the end of keys is told by: seconds since the epoch, the machine's."""
        return self._clock.wall()

    def reject(self, keys: OssKeys) -> None:
        """OSS did not take these keys: look again before the next use."""
        if self._keys == keys:
            self._rejected = True

    def _is_due(self) -> bool:
        return self._rejected or (self._renew_at is not None and self._clock.wall() >= self._renew_at)

    def _is_over(self, keys: OssKeys) -> bool:
        return keys.expires_at is not None and self._clock.wall() >= keys.expires_at

    async def _renew(self) -> None:
        if not self._is_due() or self._clock.monotonic() - self._read_at < _AGAIN_S:
            return
        self._trouble = None
        try:
            self._found = found = await asyncio.to_thread(look_up, self._profile)
            if found.source is not None:
                self._take(await asyncio.to_thread(found.source.fetch))
            elif found.keys is not None:
                self._take(found.keys)
            else:
                self._keys = None
                self._trouble = CredentialsError(found.why, HINT).as_wrong()
        except UsageError as error:
            self._trouble = CredentialsError(str(error), error.hint)
        except CredentialsError as error:
            self._trouble = error
        finally:
            self._read_at = self._clock.monotonic()
        if self._trouble is not None and self._rejected:
            self._keys = None  # Those at hand were refused; renewing early, they may still do.

    def _take(self, keys: OssKeys) -> None:
        self._keys, self._rejected, self._renew_at = keys, False, None
        if keys.expires_at is not None:
            now = self._clock.wall()
            # Whoever gives keys of two minutes gives no longer ones for being asked every second.
            self._renew_at = max(keys.expires_at - _FRESH_S, now + (keys.expires_at - now) / 2)
