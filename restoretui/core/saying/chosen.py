"""What a command is about, as its arguments name it."""

from msgspec import Struct

from restoretui.core.rules.commands import options


class Chosen(Struct, frozen=True):
    """What a command is about, as its arguments name it."""

    locations: tuple[str, ...]
    keys_from: str = ""
    keys_format: str | None = None
    """How that list is written; None: plain, or as its first line tells."""
    keys_nul: bool = False
    version_id: str | None = None
    versions: bool = False
    where: str = ""
    """A filter (``core.filter``)."""
    from_inventory: str = ""
    as_of: str = ""
    """An instant, as the option reads it; so is ``deleted_since``."""
    deleted_since: str = ""

    def words(self) -> list[str]:
        """Locations first."""
        return [
            *self.locations,
            *options(("--keys-from", self.keys_from), ("--keys-format", self.keys_format)),
            *(["-0"] if self.keys_nul else []),
            *options(
                ("--version-id", self.version_id),
                ("--where", self.where),
                ("--from-inventory", self.from_inventory),
                ("--as-of", self.as_of),
                ("--deleted-since", self.deleted_since),
            ),
            *(["--versions"] if self.versions else []),
        ]
