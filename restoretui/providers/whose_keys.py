"""Whose the keys at hand are, asked once for each: those of another account than was confirmed sign nothing.

A profile is a name in a file. By the time a run goes on, the file may give it the keys of somebody else: of another
account, who may not even see the objects, or would pay for what nobody agreed to there.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Hashable

from restoretui.core.doing import ONLY, signed_by
from restoretui.core.errors import CloudError, CredentialsError

log = logging.getLogger(__name__)

_UNTOLD = "?"
"""Nobody says whose they are: no account is called so."""


class WhoseKeys:
    """Of one profile's keys. Runs on the event loop."""

    def __init__(self, profile: str) -> None:
        self.ask: Callable[[], Awaitable[str]] | None = None
        """Asks the cloud for the account of the keys at hand; empty where it does not say."""
        self._profile = profile
        self._known: tuple[Hashable, str] | None = None
        self._one_at_a_time = asyncio.Lock()

    def may_sign(self, keys: Hashable) -> bool:
        """Nobody minds whose they are, or they are known to be those that are wanted; else ``check`` tells."""
        wanted = ONLY.get()
        return not wanted or self._known in ((keys, wanted), (keys, _UNTOLD))

    async def check(self, keys: Hashable) -> None:
        """``CredentialsError`` where these are the keys of another account than the one that is wanted.

        Where the cloud does not tell whose they are, they are taken as they are: not every network leads to an STS.
        """
        async with self._one_at_a_time:
            if self._known is None or self._known[0] != keys:
                self._known = keys, await self._asked()
        wanted, whose = ONLY.get(), self._known[1]
        if whose not in (wanted, _UNTOLD):
            raise CredentialsError(
                f"profile {self._profile} is account {whose} by now, and what it is wanted for was confirmed as"
                f" account {wanted}",
                f"give the profile the keys of {wanted} again: it goes on by itself; or cancel the run and plan anew",
            ).as_wrong()

    async def _asked(self) -> str:
        if self.ask is None:
            return _UNTOLD
        try:
            with signed_by(""):
                return await self.ask() or _UNTOLD
        except CredentialsError:
            raise
        except CloudError as error:
            log.info("whose the keys of profile %s are is not told: %s", self._profile, error)
            return _UNTOLD
