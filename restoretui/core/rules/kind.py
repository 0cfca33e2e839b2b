"""The registry entry of one cloud: its rules, its names, and what settings reach it."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from msgspec import Struct, field

from restoretui.core.rules.rules import CloudRules

if TYPE_CHECKING:
    from restoretui.core.rules.cloud_commands import CloudCommands


class CloudKind(Struct, frozen=True):
    """All that the rest of the program asks of a cloud by its scheme, besides what its provider answers."""

    rules: CloudRules
    name: str
    """In sentences: ``S3``."""
    full_name: str = ""
    """With the vendor's, where ``name`` alone says too little."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Which setting fills each field of a ``Connection``. Empty: the provider finds all it needs by itself."""
    environment: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The variables behind settings, the first that is set wins."""
    reached_by: str = ""
    """How to say how it is reached, as the end of a hint."""
    is_own: Callable[[str], bool] = lambda endpoint: False
    """An endpoint is the vendor's own, wherever in the world: equal names behind two of them are one bucket."""
    check_region: Callable[[str, str], str] = lambda region, source: region
    """A region itself; ``UsageError`` names what is meant by one that cannot be. The second is where it was said."""
    written_otherwise: Callable[[str], tuple[str, str] | None] = lambda text: None
    """What is wrong with a location in the cloud's own other words, and what to write instead; None for others."""
    foreign_rules: CloudRules | None = None
    """Of an endpoint that is not the vendor's own, and of no store that is known."""
    usual_endpoint: Callable[[str], str] = lambda region: ""
    """Where a Region is reached, as a URL, where no endpoint is set; empty where that is not known without one."""
    bare_endpoints: bool = False
    """An endpoint may be written without ``https://``."""
    restore_permission: str = ""
    """What a caller lacks who may not restore."""
    queues: str = ""
    """The kind of queues that its restores are told of by (``core.events.queues``); empty for none."""
    tells_all: bool = False
    """Of all restores of a bucket that is told of; else of some classes alone."""
    common_classes: tuple[str, ...] = ()
    """Storage classes in the order they are offered in; empty: all that are known, by name."""

    commands: "Callable[[CloudRules], CloudCommands] | None" = None
    """The same in the words of the cloud's own tools; None where it has none that are known."""

    @property
    def scheme(self) -> str:
        """How its locations begin, before ``://``."""
        return self.rules.scheme

    @property
    def in_full(self) -> str:
        """Its name where there is room for it: ``Alibaba OSS``."""
        return self.full_name or self.name

    @property
    def classes(self) -> tuple[str, ...]:
        """The storage classes to choose from."""
        return self.common_classes or tuple(sorted(self.rules.classes))

    @property
    def provider(self) -> str:
        """The module whose ``open_provider`` (``core.provider.OpenProvider``) connects to it."""
        return f"restoretui.providers.{self.scheme}.provider"
