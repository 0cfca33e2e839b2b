"""A facade over providers of several accounts: each request goes by the one that its bucket is reached by.

What is asked of no bucket goes by the first. Whatever is not listed here is not there at all, so that a method added
tomorrow is not sent with somebody's credentials by being forgotten.
"""

from collections.abc import Callable, Mapping
from typing import Any, cast

from msgspec.structs import replace

from restoretui.core.model import ObjectDetail
from restoretui.core.provider import Capabilities, Provider
from restoretui.core.then.contents import CopyTarget

BY_REF = frozenset(
    {"head_object", "restore_object", "clean_restored_object", "presigned_get", "remove_marker", "check_listings"}
)
"""What a provider does with the object that is named first."""
BY_BUCKET = frozenset(
    {
        "bucket_region",
        "list_page",
        "restores_page",
        "readable_archives",
        "expirations",
        "inventory_rules",
        "read_piece",
        "history_page",
    }
)
"""What it does with the bucket that is named first."""
OF_FIRST = frozenset(
    {"identity", "list_buckets", "check_literal", "events", "batch", "endpoint", "region", "profile", "scheme"}
)
"""What is about no bucket, or leads to what is only built for one account."""


def by_account(first: Provider, others: Mapping[str, Provider]) -> Provider:
    """One provider of them all; ``others`` by bucket. Closes none of them."""
    return cast("Provider", _ByAccount(first, others))


class _ByAccount:
    def __init__(self, first: Provider, others: Mapping[str, Provider]) -> None:
        self._first = first
        self._others = others
        for name in BY_REF:
            setattr(self, name, self._routed(name, lambda ref: ref.bucket))
        for name in BY_BUCKET:
            setattr(self, name, self._routed(name, lambda bucket: bucket))

    def __getattr__(self, name: str) -> Any:
        if name in OF_FIRST:
            return getattr(self._first, name)
        raise AttributeError(name)

    @property
    def capabilities(self) -> Capabilities:
        """What all of them can do; capacity for Expedited is owned by an account, so nothing is said of it."""
        told = [one.capabilities for one in (self._first, *self._others.values())]
        least = {
            name: all(values) if isinstance(values[0], bool) else min(values)
            for name in Capabilities.__struct_fields__
            if (values := [getattr(one, name) for one in told])
        }
        return replace(Capabilities(**least), capacity=False)

    def contents(self) -> "_ContentsByAccount":
        """What handles contents, of each account."""
        return _ContentsByAccount(self._of)

    async def aclose(self) -> None:
        """Nothing: each is closed by whoever opened it."""

    def _of(self, bucket: str) -> Any:
        return self._others.get(bucket, self._first)

    def _routed(self, name: str, bucket_of: Callable[[Any], str]) -> Callable[..., Any]:
        def ask(about: Any, *args: Any, **named: Any) -> Any:
            return getattr(self._of(bucket_of(about)), name)(about, *args, **named)

        return ask


class _ContentsByAccount:
    """``core.then.contents.Contents`` by the bucket that each of its methods names first, or writes to."""

    def __init__(self, provider_of: Callable[[str], Any]) -> None:
        self._provider_of = provider_of
        self._made: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)

        def ask(about: Any, *args: Any, **named: Any) -> Any:
            if isinstance(about, ObjectDetail) and args and isinstance(args[0], CopyTarget):
                about_bucket = args[0].bucket  # Whoever writes a copy reads the object, too: it is one signature.
            elif isinstance(about, ObjectDetail):
                about_bucket = about.ref.bucket
            elif isinstance(about, str):
                about_bucket = about
            else:
                about_bucket = about.bucket
            if about_bucket not in self._made:
                self._made[about_bucket] = self._provider_of(about_bucket).contents()
            return getattr(self._made[about_bucket], name)(about, *args, **named)

        return ask
