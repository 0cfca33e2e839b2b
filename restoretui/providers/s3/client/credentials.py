"""A credential cache: plain keys, or those of the SDK's own chain, asked in a thread and again before they expire."""

import asyncio
import inspect
import math
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from restoretui.core.clock import Clock
from restoretui.core.doing import ONLY, finding_credentials
from restoretui.core.errors import CredentialsError, RestoreTuiError
from restoretui.core.provider import MfaPrompter
from restoretui.providers.s3.client.signing import Keys
from restoretui.providers.s3.plain.settings import PlainSettings
from restoretui.providers.threads import run_in_thread
from restoretui.providers.whose_keys import WhoseKeys
from restoretui.providers.wire.refusals import Caller, sign_in_hint

_FRESH_S = 300.0
"""Keys with less time left than this are renewed before use; those that had little to begin with, at half of it."""
_AGAIN_S = 2.0
"""The chain is asked at most this often, whatever comes of it; machine time."""


class _HeldKeys(NamedTuple):
    """Keys, and when to see to others. Instants are the clock's machine time; infinite for keys without an end."""

    keys: Keys
    source: Any
    until: float
    renew_at: float
    is_endless: bool = False
    """Nothing has to be seen to, whenever it is."""

    def is_fresh(self, now: float) -> bool:
        return now < self.renew_at and not self._ends_within(min(_FRESH_S, self.until - self.renew_at))

    def lasts(self, now: float) -> bool:
        return now < self.until and not self._ends_within(0)

    def seen_to(self, now: float) -> "_HeldKeys":
        """What came of a renewal is the same: the next is due when half of what is left has passed.

        Whoever gives keys of two minutes gives no longer ones for being asked every second.
        """
        return self._replace(renew_at=max(self.until - _FRESH_S, now + (self.until - now) / 2))

    def _ends_within(self, seconds: float) -> bool:
        # By the wall clock: machine time stands still while the machine sleeps.
        return bool(hasattr(self.source, "refresh_needed") and self.source.refresh_needed(seconds))


FarKeys = Callable[[dict[str, Any], Callable[[str], str]], Awaitable[Any]]
"""Asks the whole chain, with the SDK's cache of roles and what asks for MFA codes: ``credential_chain.ask_chain``."""
NearKeys = Callable[[], PlainSettings | None]
"""Reads keys that stand in a plain configuration, if the configuration is still plain."""


class CredentialCache:
    """The credential cache: the current keys.

    Each renewal asks the whole chain anew (environment, profiles, SSO, roles, MFA, processes, containers, EC2), so
    that a login in another window or an edited credentials file is found without a restart. One renewal at a time.
    """

    def __init__(
        self,
        profile: str | None,
        far_keys: FarKeys,
        caller: Caller,
        clock: Clock,
        mfa: MfaPrompter | None,
        near_keys: NearKeys = lambda: None,
    ) -> None:
        """``profile`` is the one that an option named; ``near_keys`` are asked for now and at each renewal first."""
        self._profile = profile
        self._near_keys = near_keys
        self._far_keys = far_keys
        self._caller = caller
        self._clock = clock
        self._mfa = mfa
        self._roles: dict[str, Any] = {}  # the SDK's cache of assumed roles: no second MFA code while one lasts
        self._held = self._near()
        self._rejected = False
        self._asked_at = clock.monotonic() if self._held else float("-inf")
        self._trouble: RestoreTuiError | None = None
        self._one_at_a_time = asyncio.Lock()
        self.whose = WhoseKeys(caller.profile or "default")
        self._is_anothers = False
        """The keys at hand are those of another account than somebody wanted: the next look may find others."""

    async def keys(self) -> Keys:
        """Keys that can be used now. Raises ``CredentialsError``, or ``Unreachable`` when the chain's network is."""
        held = self._held
        if held and held.is_endless and not self._rejected and self.whose.may_sign(held.keys):
            return held.keys  # as for nearly every request
        return (await self._current()).keys

    def seconds_left(self) -> float:
        """How long the current keys serve; infinite where they have no end, or no known one."""
        return math.inf if self._held is None else self._held.until - self._clock.monotonic()

    def reject(self, keys: Keys) -> None:
        """The cloud did not take these keys: ask the chain again before the next use."""
        if self._held and self._held.keys == keys:
            self._rejected = True

    @property
    def are_fixed(self) -> bool:
        """The keys come from the environment of this process, which nobody can change any more: no waiting helps."""
        return self._held is not None and getattr(self._held.source, "method", "") == "env"

    async def _current(self) -> _HeldKeys:
        held = await self._at_hand()
        if not self.whose.may_sign(held.keys):
            try:
                await self.whose.check(held.keys)
            except CredentialsError:
                self._is_anothers = True
                raise
        return held

    async def _at_hand(self) -> _HeldKeys:
        held = self._held
        if held and self._is_good(held):
            return held
        profile = self._caller.profile
        with finding_credentials(f"the credentials of profile {profile}" if profile else "the credentials"):
            async with self._one_at_a_time:
                return await self._renewed()

    def _is_good(self, held: _HeldKeys) -> bool:
        is_anothers = self._is_anothers and ONLY.get()
        return not self._rejected and not is_anothers and held.is_fresh(self._clock.monotonic())

    async def _renewed(self) -> _HeldKeys:
        held = self._held
        now = self._clock.monotonic()
        if held and self._is_good(held):
            return held
        if now - self._asked_at >= _AGAIN_S:
            if self._rejected:
                self._roles.clear()
            self._trouble = None
            loop = asyncio.get_running_loop()
            try:
                self._held = held = await run_in_thread(lambda: self._resolve(loop), "restoretui-credentials")
                self._rejected = self._is_anothers = False
            except RestoreTuiError as error:
                self._trouble = error
                self._held = held = held and held.seen_to(self._clock.monotonic())
            finally:
                self._asked_at = self._clock.monotonic()
        if held and held.lasts(self._clock.monotonic()) and not (self._rejected and self._trouble):
            return held  # renewing early failed, or it is too soon to: these may still do
        raise self._trouble or CredentialsError("the credentials have expired", sign_in_hint(self._caller))

    async def _resolve(self, loop: asyncio.AbstractEventLoop) -> _HeldKeys:
        """Ask the chain; runs on an event loop of its own, in a thread of its own."""
        if near := self._near():
            return near
        from restoretui.providers.s3.client.sdk_keys import sdk_keys, seconds_left

        def ask_chain() -> Awaitable[Any]:
            return self._far_keys(self._roles, lambda text: self._ask_person(text, loop))

        keys, source = await sdk_keys(self._profile, ask_chain, self._caller)
        now = self._clock.monotonic()
        until = now + seconds_left(source)
        is_endless = until == math.inf and not hasattr(source, "refresh_needed")
        return _HeldKeys(keys, source, until, until, is_endless).seen_to(now)

    def _near(self) -> _HeldKeys | None:
        plain = self._near_keys()
        return plain and _HeldKeys(plain.keys, plain, math.inf, math.inf, is_endless=True)

    def _ask_person(self, text: str, loop: asyncio.AbstractEventLoop) -> str:
        if self._mfa is None:
            raise CredentialsError(
                "the role asks for an MFA code, and there is nobody to ask", "run it in a terminal"
            ).as_wrong()
        answer = self._mfa(text)
        if inspect.iscoroutine(answer):
            answer = asyncio.run_coroutine_threadsafe(answer, loop).result()
        code = str(answer).strip()
        if not code:
            raise CredentialsError("no MFA code was given", "try again and type the code of your device")
        return code
