"""Inventory configurations: what a bucket says of where its own inventories are written (FACTS 8.1, 8.2).

``ListBucketInventoryConfigurations`` of S3 and ``ListBucketInventory`` of OSS tell the same, in the same XML but for
the name of the destination.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from restoretui.core.location import Location


class InventoryRule(NamedTuple):
    """One that is switched on."""

    name: str
    written_to: str
    """The bucket."""
    below: str
    """The prefix there, as configured: the source bucket's name and that of the rule come behind it."""
    prefix: str = ""
    """What the keys that are listed begin with; empty: all of them."""
    versions: bool = False
    """Every version is listed, not only the current ones."""

    def covers(self, place: Location, *, versions: bool) -> bool:
        """All that is below a place is listed by it."""
        return place.prefix.startswith(self.prefix) and (self.versions or not versions)

    def folders(self, bucket: str) -> list[str]:
        """Where its folders of dates lie.

        Whether a slash at the end of a configured prefix is doubled is documented nowhere, so that both are named.
        """
        plain = self.below.rstrip("/")
        stems = [f"{plain}/" if plain else ""]
        if self.below not in (plain, *stems):
            stems.append(self.below)
        if self.below.endswith("/"):
            stems.append(f"{self.below}/")
        return [f"{stem}{bucket}/{self.name}/" for stem in stems]


class TellsInventories(Protocol):
    """A provider whose buckets say where inventories of them are written."""

    async def inventory_rules(self, bucket: str) -> Sequence[InventoryRule]:
        """Those that are switched on; none where there are none."""
        ...


def read_rules(told: Iterable[Mapping[str, Any]], destination: str) -> list[InventoryRule]:
    """Those of an answer that are switched on and say where they write; ``destination`` is what the cloud calls that.

    In the form of the SDK's parser: text, or true and false. Passed over is what lacks its destination, and what
    lists only some classes, sizes or dates, as OSS can: what is not in it may be there all the same.
    """
    found = []
    for one in told:
        place = (one.get("Destination") or {}).get(destination) or {}
        bucket = str(place.get("Bucket") or "").rpartition(":")[2]
        name = str(one.get("Id") or "")
        if bucket and name and str(one.get("IsEnabled")).lower() == "true":
            listed = {key: value for key, value in (one.get("Filter") or {}).items() if value}
            prefix, versions = str(listed.pop("Prefix", "")), one.get("IncludedObjectVersions") == "All"
            if not listed:
                found.append(InventoryRule(name, bucket, str(place.get("Prefix") or ""), prefix, versions))
    return found
