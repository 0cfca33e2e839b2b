"""Credentials of OSS: from the SDK's environment variables, or a profile of ossutil's config file (FACTS 4.3).

The SDK asks for keys inside the event loop with every request, so that they are read beforehand, in a thread, and
read again once OSS no longer takes them.
"""

import asyncio
import configparser
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from restoretui.core.clock import Clock
from restoretui.core.doing import finding_credentials
from restoretui.core.errors import CredentialsError, UsageError
from restoretui.core.ini_files import fault_in

_AGAIN_S = 2.0
"""Keys are read at most this often, whatever comes of it; machine time."""
_FIRST = ("default", "Credentials")
"""The sections ossutil 2 and ossutil 1 write when no profile is named."""
HINT = "set OSS_ACCESS_KEY_ID and OSS_ACCESS_KEY_SECRET, or run: ossutil config"


class OssKeys(NamedTuple):
    """One set of keys."""

    key_id: str
    secret: str
    token: str | None = None


class FoundKeys(NamedTuple):
    """Credentials and defaults as environment and file name them."""

    keys: OssKeys | None
    region: str = ""
    endpoint: str = ""
    why: str = ""
    """Why there are no keys."""


def look_up(profile: str | None, environment: Mapping[str, str] | None = None) -> FoundKeys:
    """Read environment and file; reads a file, so call it in a thread.

    A profile is looked up in the file. Without one, the environment's keys win and the file is the second choice.
    ``UsageError`` for a profile that is not there or a file that cannot be read.
    """
    env = os.environ if environment is None else environment
    stated = OssKeys(
        env.get("OSS_ACCESS_KEY_ID", ""), env.get("OSS_ACCESS_KEY_SECRET", ""), env.get("OSS_SESSION_TOKEN") or None
    )
    if profile is None and stated.key_id and stated.secret:
        return FoundKeys(stated)
    path = Path(env.get("OSS_CONFIG_FILE") or "~/.ossutilconfig").expanduser()
    sections = _sections(path)
    wanted = _FIRST if profile is None else (f"profile {profile}", profile)
    section = next((sections[name] for name in wanted if name in sections), None)
    if section is None:
        if profile is not None:
            raise UsageError(
                f"{path} has no profile {profile!r}", "ossutil config list-profiles shows those there are"
            )
        return FoundKeys(None, why="there are no OSS credentials")
    keys = OssKeys(
        section.get("accesskeyid", ""), section.get("accesskeysecret", ""), section.get("ststoken") or None
    )
    why = ""
    if not keys.key_id or not keys.secret:
        mode = section.get("mode", "")
        why = f"{path} holds no access key" + (f": it gets keys by mode {mode}, which is not built" if mode else "")
    return FoundKeys(None if why else keys, section.get("region", ""), section.get("endpoint", ""), why)


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


class KeyRing:
    """A credential cache: the current keys, read again once OSS rejected them."""

    def __init__(self, profile: str | None, clock: Clock, found: FoundKeys) -> None:
        self._profile = profile
        self._clock = clock
        self._found = found
        self._rejected = found.keys is None
        self._read_at = float("-inf")
        self._one_at_a_time = asyncio.Lock()

    async def keys(self) -> OssKeys:
        """Keys that can be used now; ``CredentialsError`` when there are none."""
        if self._rejected:
            with finding_credentials("the OSS credentials"):
                async with self._one_at_a_time:
                    await self._renew()
        if self._found.keys is None:
            raise CredentialsError(self._found.why, HINT).as_wrong()
        return self._found.keys

    def reject(self, keys: OssKeys) -> None:
        """OSS did not take these keys: look again before the next use."""
        if self._found.keys == keys:
            self._rejected = True

    async def _renew(self) -> None:
        if not self._rejected or self._clock.monotonic() - self._read_at < _AGAIN_S:
            return
        try:
            self._found = await asyncio.to_thread(look_up, self._profile)
        except UsageError as error:
            raise CredentialsError(str(error), error.hint) from None
        finally:
            self._read_at = self._clock.monotonic()
        self._rejected = self._found.keys is None
