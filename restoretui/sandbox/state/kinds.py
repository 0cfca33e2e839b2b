"""An enumeration in one byte: a storage class, and for Intelligent-Tiering the access tier.

A million objects keep their kind in a ``bytearray``; everything else about a kind is looked up here.
"""

from typing import NamedTuple

from restoretui.core.rules.oss import OSS
from restoretui.core.rules.rules import ArchiveRule
from restoretui.core.rules.s3 import S3
from restoretui.core.rules.stores import BUILT_IN


class ObjectKind(NamedTuple):
    """What a row of that kind is."""

    storage_class: str
    archive_status: str | None = None
    """``ARCHIVE_ACCESS`` or ``DEEP_ARCHIVE_ACCESS`` for an archived Intelligent-Tiering object."""

    @property
    def scheme(self) -> str:
        """The cloud that has such objects: no class is called the same in both."""
        return "oss" if self.storage_class in _OSS_CLASSES else "s3"

    @property
    def rule(self) -> ArchiveRule | None:
        """How it is restored; None when it can be read as it is."""
        if self.storage_class in _OF_STORES:
            return _OF_STORES[self.storage_class]
        archives = (OSS if self.scheme == "oss" else S3).archives
        return archives.get(self.archive_status or self.storage_class)


_OF_STORES = {
    "ACCELERATED": BUILT_IN["ibm"].rules.archive_named("ACCELERATED"),
    "COLD-TIER": BUILT_IN["minio"].rules.archive_named("COLD-TIER"),
}
"""Classes that only compatible stores have; the second as somebody might name a tier of his own."""
_OSS_CLASSES = OSS.online_classes | OSS.archives.keys()


KINDS: tuple[ObjectKind, ...] = (
    ObjectKind("STANDARD"),
    ObjectKind("STANDARD_IA"),
    ObjectKind("ONEZONE_IA"),
    ObjectKind("REDUCED_REDUNDANCY"),
    ObjectKind("GLACIER_IR"),
    ObjectKind("GLACIER"),
    ObjectKind("DEEP_ARCHIVE"),
    ObjectKind("Standard"),
    ObjectKind("IA"),
    ObjectKind("Archive"),
    ObjectKind("ColdArchive"),
    ObjectKind("DeepColdArchive"),
    ObjectKind("ACCELERATED"),
    ObjectKind("COLD-TIER"),
    # Intelligent-Tiering comes last: its kinds are told by their order.
    ObjectKind("INTELLIGENT_TIERING"),
    ObjectKind("INTELLIGENT_TIERING", "ARCHIVE_ACCESS"),
    ObjectKind("INTELLIGENT_TIERING", "DEEP_ARCHIVE_ACCESS"),
)
RULES: tuple[ArchiveRule | None, ...] = tuple(kind.rule for kind in KINDS)
STANDARD = 0
TIERING = KINDS.index(ObjectKind("INTELLIGENT_TIERING"))

NULL_VERSION = 0x80
"""Set beside the kind when the row is the ``null`` version of a bucket that has, or had, versioning."""
MARKER = 0x7F
"""The kind of a delete marker."""

_NUMBERS = {kind: number for number, kind in enumerate(KINDS)}


def kind_number(storage_class: str, archive_status: str | None = None) -> int:
    """The number of a kind. ValueError when no object can be of it."""
    try:
        return _NUMBERS[ObjectKind(storage_class, archive_status)]
    except KeyError:
        raise ValueError(f"no object is {storage_class} with access tier {archive_status}") from None
