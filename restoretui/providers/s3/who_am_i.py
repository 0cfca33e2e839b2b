"""Whose the keys at hand are, by GetCallerIdentity: asked once for the same keys."""

from typing import TYPE_CHECKING

from restoretui.core.errors import CloudError
from restoretui.core.model import Identity
from restoretui.providers.s3.client.client import S3Client
from restoretui.providers.s3.client.request_builder import S3Request

if TYPE_CHECKING:
    from restoretui.providers.s3.client.late_sdk import LateSdk
    from restoretui.providers.s3.client.signing import Keys


class WhoAmI:
    """Of one provider; its keys' cache asks it, too."""

    def __init__(self, sdk: "LateSdk", calls: S3Client) -> None:
        self._sdk = sdk
        self._calls = calls
        self._known: tuple[Keys, str, str] | None = None
        sdk.vault.whose.ask = self._account

    async def identity(self) -> Identity:
        """GetCallerIdentity; behind a store's endpoint without STS the owner that ListBuckets tells."""
        vault, caller = self._sdk.vault, self._sdk.caller
        keys = await vault.keys()
        if self._known is not None and self._known[0] == keys:
            _, account, arn = self._known
        else:
            account, arn = await self._ask()
            if await vault.keys() == keys:  # else it may be about either
                self._known = keys, account, arn
        return Identity(account=account, arn=arn, profile=caller.profile, region=self._sdk.region)

    async def _account(self) -> str:
        return (await self.identity()).account

    async def _ask(self) -> tuple[str, str]:
        endpoint = self._sdk.caller.endpoint
        try:
            asked = S3Request("GetCallerIdentity", service="sts")
            who = await self._calls.read(asked, self._calls.parsed("GetCallerIdentity", "sts"))
            account, arn = str(who.get("Account", "")), str(who.get("Arn", ""))
        except CloudError:
            if not endpoint:
                raise
            account, arn = "", ""
        if not account and endpoint:
            # Compatible stores rarely have an STS; whoever lists the buckets owns them.
            listed = await self._calls.read(S3Request("ListBuckets"), self._calls.parsed("ListBuckets"))
            account = str(listed.get("Owner", {}).get("ID", ""))
        return account, arn
