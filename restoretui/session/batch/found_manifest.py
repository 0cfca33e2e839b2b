"""What is known of a manifest that exists once it was read, or begun."""

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct, field

from restoretui.core.batch.jobs import Manifest, ManifestRow
from restoretui.core.inventory.csv_rows import NULL_VERSION
from restoretui.core.model import UNTOLD_CLASS, ObjectRef

SAMPLED = 20
"""Rows that are looked at for a plan."""


class FoundManifest(Struct):
    """A manifest as far as it was read."""

    named: str
    """As it was said."""
    existing: Manifest | None
    """What a job is told of it; None: it lies on this machine, and is written anew."""
    is_inventory: bool
    path: Path | None = None
    """Where it is on this machine."""
    bucket: str = ""
    rows: int = 0
    is_whole: bool = True
    """It was read to its end; else ``rows`` is what its beginning lets expect."""
    with_version: int = 0
    size_bytes: int | None = None
    """Of all objects, where it is an inventory that tells that of each."""
    classes: dict[str, tuple[int, int]] | None = None
    """How many objects are of each storage class, and their bytes, where it is an inventory that tells all that."""
    refs: list[ObjectRef] = field(default_factory=list)
    """Some of them, from its beginning to its end."""
    notes: list[str] = field(default_factory=list)

    @property
    def versions(self) -> bool:
        """Its rows name versions."""
        return self.with_version > 0


class Enough(Exception):
    """As much was read as is wanted."""


class RowTally:
    """Adds up what is read of a manifest, and keeps some rows of all that come."""

    def __init__(self, found: FoundManifest) -> None:
        self._found = found
        self._step = 1
        self._next = 0
        """The row that is kept next; rows that are kept lie ``_step`` apart."""
        self._size: int | None = 0
        self._classes: dict[str, tuple[int, int]] | None = {}
        self.fields: tuple[str, ...] = ()
        self.nulls = 0
        found.refs = []

    async def take(self, rows: Sequence[ManifestRow]) -> None:
        """Count some rows."""
        found, at = self._found, self._next - self._found.rows
        while at < len(rows):
            found.refs.append(ObjectRef(*rows[at]))
            if len(found.refs) >= 2 * SAMPLED:
                found.refs = found.refs[::2]
                self._step *= 2
            self._next = len(found.refs) * self._step
            at = self._next - found.rows
        found.rows += len(rows)
        found.with_version += sum(row.version_id is not None for row in rows)
        if found.is_inventory:
            self.nulls += sum(row.version_id == NULL_VERSION for row in rows)

    def sized(self, sizes: Sequence[int | None], classes: Sequence[str]) -> None:
        """What an inventory says of the sizes and storage classes of some rows."""
        if None in sizes:
            self._size = self._classes = None
        elif self._size is not None:
            self._size += sum(size or 0 for size in sizes)
        if self._classes is None or UNTOLD_CLASS in classes:
            self._classes = None
            return
        for name in set(classes):
            own = [size or 0 for size, of in zip(sizes, classes, strict=True) if of == name]
            objects, size_bytes = self._classes.get(name, (0, 0))
            self._classes[name] = objects + len(own), size_bytes + sum(own)

    def estimate(self, read: int, whole: int) -> None:
        """It was read only so far: how many rows there are is told by how many bytes are left."""
        self._found.is_whole = False
        if self._classes is not None:
            more = whole / max(read, 1)
            self._classes = {
                name: (round(count * more), round(size * more)) for name, (count, size) in self._classes.items()
            }
        self._found.rows = self._found.rows * whole // max(read, 1)
        self._size = None

    def end(self) -> None:
        """What it comes to."""
        found = self._found
        count = len(found.refs)
        found.refs = [found.refs[at * count // SAMPLED] for at in range(SAMPLED)] if count > SAMPLED else found.refs
        if found.is_inventory:
            found.size_bytes = self._size
            found.classes = self._classes or None
        if found.existing is not None:
            found.existing = found.existing._replace(fields=self.fields, versions=found.versions)
