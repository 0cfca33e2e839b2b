"""From what a person names to one inventory: its manifest, checked, and where its files are (FACTS 8.1)."""

from hashlib import md5
from typing import NamedTuple

from restoretui.core.errors import AccessDenied, InventoryUnreadable, ObjectNotFound, UsageError
from restoretui.core.inventory.manifest import CHECKSUM, DATED, MANIFEST, Inventory, read_manifest
from restoretui.core.location import parse_location
from restoretui.session.clouds import Clouds
from restoretui.session.inventory.files import CloudFiles, Files, LocalFiles, whole

_DEEPEST = 6
_OF_FILES = frozenset({"data", "hive", "files"})
"""Folders beside those of dates."""
_MOST_NAMED = 5
_NAME_ONE = "name its manifest.json, or the folder with its dates"


class FoundInventory(NamedTuple):
    """One inventory that can be read."""

    inventory: Inventory
    files: Files
    """Where its rows are."""
    called: str
    """Its manifest, as people write it."""
    source: str
    """The same with its checksum: what tells it from any other."""
    is_checked: bool
    """A checksum beside the manifest says that it is whole."""


async def find_inventory(clouds: Clouds, named: str, bucket: str, *, needs_class: bool = True) -> FoundInventory:
    """The inventory of ``bucket`` that ``named`` is: a manifest, or a folder of which the newest whole one is taken.

    Of any bucket where ``bucket`` is empty; ``needs_class``: it has to tell storage classes.

    ``UsageError`` where it is another bucket's or none is there, ``InventoryUnreadable`` where it is not whole.
    """
    files, path = _place(clouds, named)
    manifest = path if path.endswith("/" + MANIFEST) or path == MANIFEST else await _in_folder(files, path, bucket)
    try:
        data = await whole(files, manifest)
    except ObjectNotFound:
        raise UsageError(f"there is no {files.called(manifest)}", _NAME_ONE) from None
    called, digest = files.called(manifest), md5(data, usedforsecurity=False).hexdigest()
    is_checked = await _check(files, manifest, digest)
    inventory = read_manifest(data, called, needs_class=needs_class)
    if bucket and inventory.bucket != bucket:
        raise UsageError(
            f"{called} is the inventory of the bucket {inventory.bucket[:80]!r}, and not of {bucket!r}",
            f"name an inventory of {bucket}",
        )
    if isinstance(files, LocalFiles):
        files.beside = manifest.removesuffix(MANIFEST) or "./"
    elif "://" in named and parse_location(named).bucket != inventory.written_to:
        # A copy in another bucket: what it names is in the bucket that it was written to, unless it was copied, too.
        files = CloudFiles(clouds[parse_location(named).scheme], inventory.written_to)
    return FoundInventory(inventory, files, called, f"{called}#{digest}", is_checked)


def _place(clouds: Clouds, named: str) -> tuple[Files, str]:
    if "://" not in named:
        if named.endswith(CHECKSUM):
            return LocalFiles(), named.removesuffix(CHECKSUM) + MANIFEST
        if named.endswith((".csv", ".csv.gz", ".parquet", ".orc")):
            raise UsageError(
                f"{named} holds rows, and which column is which stands in the manifest.json beside it",
                "name that manifest.json",
            )
        return LocalFiles(), named if named.endswith((MANIFEST, "/")) else named + "/"
    place = parse_location(named)
    if not place.bucket:
        raise UsageError(f"{place} names no bucket", _NAME_ONE)
    files = CloudFiles(clouds[place.scheme], place.bucket)
    if place.key is None:
        return files, place.prefix
    key = place.key.removesuffix(CHECKSUM) + MANIFEST if place.key.endswith("/" + CHECKSUM) else place.key
    return files, key if key.endswith(MANIFEST) else key + "/"


async def _in_folder(files: Files, folder: str, bucket: str) -> str:
    """The manifest of the newest whole inventory in a folder, or in the one folder that can be meant below it."""
    for _ in range(_DEEPEST):
        folders, names = await files.names(folder)
        if MANIFEST in names:
            return folder + MANIFEST
        dated = sorted(filter(DATED.fullmatch, folders), reverse=True)
        for date in dated:
            there = (await files.names(f"{folder}{date}/")).files
            # The checksum is written last: without it, the inventory is not whole yet.
            if MANIFEST in there and CHECKSUM in there:
                return f"{folder}{date}/{MANIFEST}"
        if dated:
            raise InventoryUnreadable(
                f"no inventory in {files.called(folder)} is whole: of {len(dated)} none has its {CHECKSUM}",
                "the cloud writes that last: ask again in a while",
            )
        further = [bucket] if bucket in folders else [name for name in folders if name not in _OF_FILES]
        if not further:
            raise UsageError(f"there is no inventory in {files.called(folder)}", _NAME_ONE)
        if len(further) > 1:
            named = ", ".join(sorted(further)[:_MOST_NAMED]) + (", …" if len(further) > _MOST_NAMED else "")
            raise UsageError(f"several folders lie in {files.called(folder)}: {named}", "name the one that is meant")
        folder = f"{folder}{further[0]}/"
    raise UsageError(f"there is no inventory down to {files.called(folder)}", _NAME_ONE)


async def _check(files: Files, manifest: str, digest: str) -> bool:
    """Hold the manifest to the checksum beside it; False where there is none to be had."""
    try:
        told = await whole(files, manifest.removesuffix(MANIFEST) + CHECKSUM)
    except (ObjectNotFound, AccessDenied):
        return False
    if told.decode("ascii", "replace").strip().lower() != digest:
        raise InventoryUnreadable(
            f"{files.called(manifest)} is not what its checksum says: half-written or changed",
            "fetch it again, or take another inventory",
        )
    return True
