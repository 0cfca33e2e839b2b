"""Stores that speak S3's protocol and archive by rules of their own, as data (FACTS 5).

A store is known by its name in the config, or by the end of its endpoint's host. What it is travels as text
(``spec``) with every place and run, so that a later start goes on by the same rules, whatever the config says then.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, urlencode

from msgspec import Struct
from msgspec.structs import replace

from restoretui.core.bounds import Bounds, shown
from restoretui.core.errors import UsageError
from restoretui.core.model import Tier
from restoretui.core.network.endpoints import host_of
from restoretui.core.rules.rules import ArchiveRule, CloudRules, RestoreWindow
from restoretui.core.rules.s3 import S3


class Store(Struct, frozen=True):
    """How one kind of store differs from AWS."""

    name: str
    classes: tuple[str, ...] = ()
    """Those that need a restore. Empty: every class that is not ``online``, since an operator names them freely."""
    online: tuple[str, ...] = tuple(sorted(S3.online_classes))
    tiers: bool = False
    """It takes a tier. Without, none is sent, and one speed stands under all of them."""
    days: bool = True
    """Copies end after some days. Without, none are sent and objects come back for good."""
    max_days: int | None = None
    shortest: timedelta = timedelta(minutes=1)
    longest: timedelta = timedelta(hours=24)
    within: bool = True
    """The documentation says only "within ``longest``"."""
    lists_status: bool | None = None
    """Whether listings tell of restores; None where that has to be found out."""
    lists_class: bool | None = None
    """Whether a listing that names no class of an object means ``STANDARD``; None where that has to be found out."""
    undated_for_good: bool | None = None
    """What no restore in progress without a date means: restored for good, or archived. None: not known, but the
    former where no days are sent."""
    shortens: bool = True
    """Fewer days than a copy has left let it end sooner."""
    max_rate: float | None = None
    """Restore requests a second, where the store documents a limit."""
    hosts: tuple[str, ...] = ()
    """Ends of its endpoints' hosts."""
    untested: bool = False
    """Known from documentation of its own protocol alone; nobody reports restores through S3's (FACTS 5)."""

    @property
    def spec(self) -> str:
        """All of it in one line of text; ``read_spec`` reads it."""
        told = {
            "store": self.name,
            "classes": ",".join(self.classes),
            "online": ",".join(self.online),
            "tiers": str(int(self.tiers)),
            "days": str(int(self.days)),
            "minutes": f"{self.shortest / _MINUTE:g}-{self.longest / _MINUTE:g}",
            "within": str(int(self.within)),
        }
        if self.max_days is not None:
            told["max_days"] = str(self.max_days)
        if self.lists_status is not None:
            told["lists_status"] = str(int(self.lists_status))
        if self.lists_class is not None:
            told["lists_class"] = str(int(self.lists_class))
        if self.undated_for_good is not None:
            told["undated_for_good"] = str(int(self.undated_for_good))
        if not self.shortens:
            told["shortens"] = "0"
        if self.max_rate is not None:
            told["max_rate"] = f"{self.max_rate:g}"
        return urlencode(told)

    @property
    def rules(self) -> CloudRules:
        """Its tables. No jobs of S3 Batch Operations, and no class that tells only by HEAD."""
        window = RestoreWindow(self.shortest, self.longest, self.within)
        rule = ArchiveRule(
            "", dict.fromkeys(Tier, window), takes_days=self.days, max_days=self.max_days, takes_tier=self.tiers
        )
        return CloudRules(
            scheme="s3",
            store=self.name,
            archives={name: replace(rule, archive=name) for name in self.classes},
            other_archives=None if self.classes else rule,
            online_classes=frozenset(self.online),
            # Midnight is AWS's own; of the others some count from the request, and none documents it (FACTS 5).
            expiry_at_midnight=False,
            shortens=self.shortens,
            class_stays=False,
            lists_status=self.lists_status,
            lists_class=self.lists_class,
            undated_for_good=self.undated_for_good if self.days else self.undated_for_good is not False,
        )


_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)

BUILT_IN: Mapping[str, Store] = {
    store.name: store
    for store in (
        # "Minutes to 24 hours", longer the more parts an upload had; takes no tier; STANDARD while restored.
        Store("scaleway", ("GLACIER",), hosts=(".scw.cloud",)),
        # Object-level Cold Archive; what its class is called could not be confirmed, so none is named here. The days
        # are paid for up front, and a later request cannot shorten them.
        Store("ovhcloud", longest=timedelta(hours=48), shortens=False, hosts=(".cloud.ovh.net", ".cloud.ovh.us")),
        # The tier has to be the bucket policy's own, so none is sent: GLACIER within 12 hours, ACCELERATED within 2.
        Store("ibm", ("GLACIER", "ACCELERATED"), longest=timedelta(hours=12), hosts=(".appdomain.cloud",)),
        # Classes are named by whoever set up tiering; a first restore is answered 200.
        Store("minio"),
        # Cloud restore: classes as above; days may be left out, which brings the object back for good, as one of
        # restore_storage_class.
        Store("ceph", undated_for_good=True),
        # Tape. "No restore in progress" without a date: never asked for, or over.
        Store("ibm-deep-archive", ("GLACIER",), max_days=30, undated_for_good=False),
        # Days above 30 are cut to 30 without a word; recent versions tell of restores in their listings.
        Store("noobaa", ("GLACIER", "DEEP_ARCHIVE"), max_days=30, lists_status=True),
        # Tape through ScoutFS: a restore is a staging, days do not count, staged files end in 2050.
        Store("versitygw", ("GLACIER",), undated_for_good=False),
        # A Cloud Storage Pool passes the tier on to what is behind it.
        Store("storagegrid", ("GLACIER",), tiers=True),
        # Classes are the names of cold locations; of the tiers only Standard is built.
        Store("scality", lists_status=True),
        # A day where none is asked for; days are always asked for.
        Store("tigris", ("GLACIER",), hosts=(".tigris.dev", "t3.storage.dev")),
        # RestoreObject has Days and nothing else. What its archive class is called could not be found out.
        Store("ncloud", hosts=(".ncloudstorage.com", ".gov-ncloudstorage.com")),
        # COLD is called GLACIER by S3's names; a repeat must end later than the copy there is.
        Store("huawei", ("GLACIER", "DEEP_ARCHIVE"), max_days=30, shortens=False, hosts=(".myhuaweicloud.com",)),
        # Its own API takes the tier in an element that S3 has not, so none is sent; 24-48 h is Deep Archive's Bulk.
        Store(
            "cos",
            ("ARCHIVE", "DEEP_ARCHIVE"),
            longest=timedelta(hours=48),
            max_rate=100,
            hosts=(".myqcloud.com",),
            untested=True,
        ),
        # What its archive classes are called through S3 could not be found out.
        Store("tos", longest=timedelta(hours=48), hosts=(".volces.com",), untested=True),
    )
}
"""By name, each as FACTS 5 has it."""


def told_names(own: Iterable[str] = ()) -> str:
    """The stores known by name, and ``own`` ones of the config, for people."""
    untested = {name for name, store in BUILT_IN.items() if store.untested}
    return ", ".join(f"{name} (untested)" if name in untested else name for name in sorted({*BUILT_IN, *own}))


@lru_cache(64)
def read_spec(spec: str) -> Store:
    """What ``Store.spec`` wrote; ValueError for anything else."""
    told = dict(parse_qsl(spec, keep_blank_values=True, strict_parsing=True))
    shortest, longest = (timedelta(minutes=float(part)) for part in told["minutes"].split("-"))
    return Store(
        name=told["store"],
        classes=_names(told["classes"]),
        online=_names(told["online"]),
        tiers=told["tiers"] == "1",
        days=told["days"] == "1",
        max_days=int(told["max_days"]) if "max_days" in told else None,
        shortest=shortest,
        longest=longest,
        within=told["within"] == "1",
        lists_status=told["lists_status"] == "1" if "lists_status" in told else None,
        lists_class=told["lists_class"] == "1" if "lists_class" in told else None,
        undated_for_good=told["undated_for_good"] == "1" if "undated_for_good" in told else None,
        shortens=told.get("shortens", "1") == "1",
        max_rate=float(told["max_rate"]) if "max_rate" in told else None,
    )


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for name in text.split(",") if name)


def known_by(endpoint: str) -> Store | None:
    """The built-in store that such an endpoint belongs to."""
    host = host_of(endpoint)
    return next((store for store in BUILT_IN.values() if host.endswith(store.hosts or ("\0",))), None)


_BOUNDS = {
    "max_days": Bounds(1, 36_500, whole=True),
    "shortest_hours": Bounds(0.001, 8_760),
    "longest_hours": Bounds(0.001, 8_760),
    "max_rate": Bounds(0.1, 100_000, unit="restore requests a second"),
}
"""Fields that are numbers."""
_FIELDS = {
    "classes": list, "online": list, "tiers": bool, "days": bool, "lists_status": bool,
    "lists_class": bool, "undated_for_good": bool, "shortens": bool,
    **dict.fromkeys(_BOUNDS, float),
}  # fmt: skip
CONNECTION_FIELDS = ("endpoint_url", "region", "profile", "path_style")
"""What a section of the config may hold besides: how to reach the store."""


def make_store(name: str, section: Mapping[str, Any]) -> Store:
    """A store as the config has it: a built-in one of that name, or of ``like``, with what the section changes.

    ``UsageError`` names the value that cannot be meant.
    """
    like = section.get("like", name if name in BUILT_IN else None)
    if like is not None and like not in BUILT_IN:
        raise UsageError(f"[stores.{name}]: like = {like!r} is none of {told_names()}")
    store = replace(BUILT_IN[like] if like else Store(name), name=name, hosts=())
    changes: dict[str, Any] = {}
    for field, value in section.items():
        if field == "like" or field in CONNECTION_FIELDS:
            continue
        changes |= _changed(name, field, value)
    made = replace(store, **changes)
    if made.shortest > made.longest:
        shortest, longest = (made.shortest / _HOUR, made.longest / _HOUR)
        raise UsageError(
            f"[stores.{name}]: shortest_hours = {shortest:g} is above longest_hours = {longest:g}",
            "say both, the shorter time first",
        )
    return made


def _changed(name: str, field: str, value: Any) -> dict[str, Any]:
    wanted = _FIELDS.get(field)
    if wanted is None:
        known = ", ".join(sorted({*_FIELDS, *CONNECTION_FIELDS, "like"}))
        raise UsageError(f"[stores.{name}]: unknown {field!r}", f"known are {known}")
    if wanted is list:
        if not isinstance(value, list) or not all(isinstance(entry, str) and "," not in entry for entry in value):
            raise UsageError(f"[stores.{name}]: {field} must be a list of storage classes, not {shown(value)}")
        return {field: tuple(value)}
    if wanted is bool:
        if not isinstance(value, bool):
            raise UsageError(f"[stores.{name}]: {field} must be true or false, not {shown(value)}")
        return {field: value}
    number = _BOUNDS[field].check(f"[stores.{name}]: {field}", value)
    if field == "shortest_hours":
        return {"shortest": timedelta(hours=number), "within": False}
    if field == "longest_hours":
        return {"longest": timedelta(hours=number)}
    return {field: number}
