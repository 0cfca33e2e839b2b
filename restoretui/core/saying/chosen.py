"""What a command is about, as its arguments name it."""

from dataclasses import dataclass

from restoretui.core.rules.commands import options


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a command is about, as its arguments name it."""

    locations: tuple[str, ...]
    keys_from: str = ""
    version_id: str | None = None
    versions: bool = False
    where: str = ""
    """A filter (``core.filter``)."""

    def words(self) -> list[str]:
        """Locations first."""
        return [
            *self.locations,
            *options(("--keys-from", self.keys_from), ("--version-id", self.version_id), ("--where", self.where)),
            *(["--versions"] if self.versions else []),
        ]
