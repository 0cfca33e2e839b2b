"""Settings, as everything else is given them.

Every value knows where it came from, so that an error can say which of them to change.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from msgspec import Struct, field
from msgspec.structs import replace

from restoretui.core.clock import Clock, SystemClock
from restoretui.core.errors import UsageError
from restoretui.core.model import DEFAULT_SCHEME
from restoretui.core.plan.money import DOLLARS, Amount
from restoretui.core.rules.clouds import CLOUDS
from restoretui.core.rules.stores import BUILT_IN, Store, known_by, make_store, read_spec, told_names

if TYPE_CHECKING:
    from restoretui.config.places import Account
    from restoretui.config.user_commands import UserCommand
    from restoretui.core.alerts import AlertKind
    from restoretui.core.plan.pricing import PriceBook
    from restoretui.core.provider import Connection
    from restoretui.core.rules.rules import CloudRules
    from restoretui.core.then.steps import ThenStep

APP = "restoretui"

DESKTOP = ("auto", "osc9", "osc777", "osc99", "off")
"""Forms of a notice that terminals take, by what they are called; ``auto`` is by the terminal's name."""
SWITCHES = (
    "path_style",
    "requester_pays",
    "read_only",
    "bell",
    "title",
    "oss_internal",
    "oss_path_style",
    "oss_cname",
)
"""Settings that are on or off."""
DEFAULT_RATE = 500.0
"""Restore requests a second: half of what S3 documents per account and Region (FACTS 1.6)."""


def endpoint_settings() -> dict[str, bool]:
    """The settings that are endpoints, and whether each may lack its scheme."""
    kinds = (kind for kind in CLOUDS.values() if "endpoint_url" in kind.settings)
    return {kind.settings["endpoint_url"]: kind.bare_endpoints for kind in kinds}


def usual_folder(kind: Literal["state", "config"]) -> Path:
    """The platform's own; what knows them is loaded where nobody named a folder."""
    from platformdirs import user_config_path, user_state_path

    return user_state_path(APP) if kind == "state" else user_config_path(APP)


class Settings(Struct, frozen=True, eq=False):
    """Everything a session can be told. Names are those of the config file's keys."""

    profile: str | None = None
    region: str | None = None
    endpoint_url: str | None = None
    path_style: bool | None = None
    oss_profile: str | None = None
    """A section of ossutil's config file; without it, the OSS_ variables come first."""
    oss_region: str | None = None
    oss_endpoint: str | None = None
    oss_internal: bool = False
    """Reach OSS by the endpoints that only machines in the same Region reach."""
    oss_path_style: bool | None = None
    oss_cname: bool | None = None
    """``oss_endpoint`` is a custom domain, which stands for one bucket."""
    store: str | None = None
    """The kind of S3-compatible store: a built-in one, or a section ``[stores.NAME]``; else told by the endpoint."""
    stores: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """The user's own, by name: see ``core.stores.make_store``."""
    requester_pays: bool = False
    expected_bucket_owner: str | None = None
    read_only: bool = False
    rate: float = DEFAULT_RATE
    concurrency: int = 128
    budget: Decimal | None = None
    """Above this cost the restore dialog wants the amount typed, and ``restore`` wants ``--max-cost``."""
    budget_currency: str = DOLLARS
    """What the budget is in: ``budget = "100 CNY"``."""
    batch_role_arn: str | None = None
    """The role that S3 Batch Operations acts as."""
    batch_manifest: str = "written"
    """``written`` by us, or ``generated`` by S3 where a whole prefix is restored."""
    batch_manifest_location: str | None = None
    """Where manifests are written; without it, the archived objects' own bucket."""
    batch_report_location: str | None = None
    batch_report_scope: str = "all"
    """``all``, ``failed`` or ``none``."""
    batch_priority: int = 10
    listings_max_gib: float = 2.0
    """GiB on disk that listings may take together; beyond it the oldest that nobody shows go first."""
    listings_max_days: float = 30.0
    """Days after which a listing that nobody shows is forgotten."""
    patience: float = 45.0
    """Machine seconds without a usable answer after which a command ends that has sent nothing yet; 0: at once.

    The screens have all the patience there is: they pause.
    """
    ask_for: tuple[str, ...] = ()
    """What has to be said with each restore: ``requester``, ``ticket``, ``note``."""
    events: tuple[str, ...] = ()
    """Queues by which restores are told of, as ``core.events.queues`` reads them."""
    production_profiles: tuple[str, ...] = ()
    """Profiles whose screens are marked, so that nobody mistakes them."""
    bell: bool = True
    """Ring the terminal's bell with each alert."""
    desktop: str = "auto"
    """How the terminal is told to show alerts on the desktop; see ``DESKTOP``."""
    alerts: Mapping[str, bool] = field(default_factory=dict)
    """Kinds of news (``AlertKind``) that draw attention; those that are not named do."""
    expiring_hours: float = 24.0
    """Hours before its end from which a copy ends soon: it is told of, and extended for ``--keep-until-done``."""
    title: bool = True
    """The window's title tells how far the runs under way are."""
    theme: str | None = None
    """A theme's name, or ``auto``: light or dark as the terminal's background is."""
    density: str = "compact"
    """Of tables: ``compact``, or ``comfortable`` with a blank line below each row."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """Key bindings by their id: ``restore = "R"``."""
    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Columns of the screens by table, in their order: ``browse = ["state", "key", "class:16"]``."""
    commands: "tuple[UserCommand, ...]" = ()
    """The user's own, for the screens: see ``config.user_commands``."""
    webhooks: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Whom to call when a run is done, by name: see ``config.webhooks``."""
    notify: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Where notices go, by name: see ``config.hooks``."""
    hooks: Sequence["ThenStep"] = ()
    """What is set off at events of every run: see ``config.hooks``."""
    views: Mapping[str, str] = field(default_factory=dict)
    """Filters by name, for the palette of the screens: ``big = "size>1G state:archived"`` (``core.filter.views``)."""
    state_dir: Path = field(default_factory=lambda: usual_folder("state"))
    config_dir: Path = field(default_factory=lambda: usual_folder("config"))
    config_file: Path | None = None
    """The file that was read, or would have been, were it there; None: the usual one of ``config_dir``."""
    clock: Clock = field(default_factory=SystemClock)
    agreed_to_pay: set[str] = field(default_factory=set)
    """Schemes for which a person agreed on screen to what ``requester_pays`` says."""
    places: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Locations with a name, and how each is reached: see ``config.places``."""
    accounts: "dict[str, dict[str, tuple[Connection, Account]]]" = field(default_factory=dict)
    """By scheme and bucket, how those are reached that are somebody else's; and as whom."""
    beside: "list[AnotherCloud]" = field(default_factory=list)
    """Other clouds of the same scheme, by their endpoint, that a command is about, too."""
    again: "Callable[[Account], Settings] | None" = None
    """Makes the settings that would be these, had that been said as well."""
    voice: Callable[[str], None] | None = None
    """Where a command says what it waits for; None where a screen shows it."""
    sources: Mapping[str, str] = field(default_factory=dict)
    """Where each value came from: ``--flag``, ``$VARIABLE``, the config file's path, or absent for a default."""

    def __repr__(self) -> str:
        return f"<Settings {id(self):#x}>"  # what they hold may be secret, as the URLs of webhooks are

    @property
    def known_store(self) -> Store | None:
        """The compatible store these settings are about; None for AWS, and for stores nothing is known of.

        ``UsageError`` when ``store`` names none.
        """
        if self.store:
            if self.store not in self.stores and self.store not in BUILT_IN:
                source = self.sources.get("store", "store")
                raise UsageError(
                    f"{source}: no store {self.store!r} is known", f"known are {told_names(self.stores)}"
                )
            return make_store(self.store, self.stores.get(self.store, {}))
        for name, section in self.stores.items():
            if self.endpoint_url and section.get("endpoint_url") == self.endpoint_url:
                return make_store(name, section)
        return known_by(self.endpoint_url) if self.endpoint_url else None

    def rules_of(self, scheme: str) -> "CloudRules":
        """The tables of the cloud behind ``scheme``."""
        kind = CLOUDS[scheme]
        store = self.known_store if "store" in kind.settings else None
        return store.rules if store else kind.rules

    def connection_to(self, scheme: str) -> "Connection":
        """How to reach the cloud of ``scheme`` with these settings."""
        from restoretui.core.provider import Connection

        values = {name: getattr(self, setting) for name, setting in CLOUDS[scheme].settings.items()}
        if "store" in values:
            values["store"] = self.known_store.spec if self.known_store else None
        if "requester_pays" in values:
            values["requester_pays"] = values["requester_pays"] or scheme in self.agreed_to_pay
        if "internal" in values:
            values["internal"] = values["internal"] or None
        own = [(bucket, one) for bucket, (one, _) in sorted(self.accounts.get(scheme, {}).items())]
        if scheme in self.agreed_to_pay:
            own = [(bucket, replace(one, requester_pays=True)) for bucket, one in own]
        return Connection(scheme, **values, buckets=tuple(own))

    def reach_as(self, scheme: str, bucket: str, account: "Account") -> None:
        """Have a bucket reached as that account from now on.

        ``UsageError`` where that is another cloud, by its endpoint or store: one session is about one of them.
        """
        made = self.again(account) if self.again is not None else replace(self, **account.values)
        reached = replace(made, accounts={}).connection_to(scheme)
        here, there = self.place_of(scheme), place_of(reached)
        if here != there:
            raise UsageError(
                f"{account.source} leads to {_told(scheme, there)}, and the others to {_told(scheme, here)}: what one"
                " command or session asks for is in one of them",
                "each in a command, or a session, of its own",
            )
        is_own = reached == replace(self.connection_to(scheme), buckets=())
        if not bucket and not is_own:
            raise UsageError(
                f"{account.source} is another account than that of this session, which shows the buckets of one",
                "start restoretui with it, or name one of its buckets",
            )
        if is_own:
            self.accounts.get(scheme, {}).pop(bucket, None)
        else:
            self.accounts.setdefault(scheme, {})[bucket] = reached, account

    def account_of(self, scheme: str, bucket: str) -> "Account | None":
        """As whom a bucket is reached; None: as whoever these settings say."""
        known = self.accounts.get(scheme, {}).get(bucket)
        return None if known is None else known[1]

    def reach_again(self, scheme: str, bucket: str, account: "Account | None") -> None:
        """Have a bucket reached as ``account_of`` told before."""
        if account is None:
            self.accounts.get(scheme, {}).pop(bucket, None)
        elif account != self.account_of(scheme, bucket):
            self.reach_as(scheme, bucket, account)

    def place_of(self, scheme: str) -> str:
        """What tells the cloud of these settings from others, for the ledger: see ``ledger.records.CloudId``."""
        return place_of(self.connection_to(scheme))

    def profile_of(self, scheme: str, bucket: str = "") -> str:
        """The profile that the cloud of ``scheme``, or that bucket, is reached with, as it is set; empty for none."""
        if bucket in self.accounts.get(scheme, {}):
            return self.accounts[scheme][bucket][0].profile or ""
        setting = CLOUDS[scheme].settings.get("profile")
        return (getattr(self, setting) if setting else None) or ""

    def shown_clouds(self, scheme: str) -> list[str]:
        """The clouds whose buckets to list when ``scheme`` is asked for.

        The first always; others where they are set up, or meant.
        """
        said = {
            name
            for name, kind in CLOUDS.items()
            if any(getattr(self, kind.settings[part]) for part in _NAMES_A_CLOUD if part in kind.settings)
        }
        return [name for name in CLOUDS if name in (DEFAULT_SCHEME, scheme) or name in said]

    @property
    def wanted_alerts(self) -> "tuple[AlertKind, ...]":
        """The kinds of news that draw attention."""
        from restoretui.core.alerts import AlertKind  # behind the first paint

        return tuple(kind for kind in AlertKind if self.alerts.get(kind, True))

    @property
    def limits(self) -> tuple[Amount, ...]:
        """The budget as limits on spending; empty without one."""
        return () if self.budget is None else (Amount(self.budget, self.budget_currency),)

    @property
    def is_production(self) -> bool:
        """The profile is one of those marked in the config."""
        profiles = {name: self.profile_of(name) for name in CLOUDS}
        profiles[DEFAULT_SCHEME] = profiles[DEFAULT_SCHEME] or "default"
        others = [one.profile for some in self.accounts.values() for one, _ in some.values()]
        return not set(self.production_profiles).isdisjoint(filter(None, [*profiles.values(), *others]))

    def why(self, setting: str) -> str:
        """Where a setting's value came from, as the end of an error message; empty for a default."""
        source = self.sources.get(setting)
        return f"it comes from {source}" if source else ""

    def prices(self) -> "PriceBook":
        """The built-in tables, what ``prices update`` has read, and the user's ``prices.toml``: later ones win."""
        from restoretui.config.price_files import read_prices  # not before the first paint

        return read_prices(self.config_dir)


class AnotherCloud(NamedTuple):
    """Another cloud that a command is about."""

    settings: Settings
    """They reach it, as they had been, had its account been named alone."""
    scheme: str
    buckets: set[str]
    """Those that are there."""


def place_of(reached: "Connection") -> str:
    """What tells a cloud from others of its scheme: see ``ledger.records.CloudId``."""
    endpoint = reached.endpoint_url or ""
    place = "" if CLOUDS[reached.scheme].is_own(endpoint) else endpoint
    return f"{place}#{reached.store}" if reached.store else place


def _told(scheme: str, place: str) -> str:
    """What ``place_of`` says, for people."""
    endpoint, _, spec = place.partition("#")
    store = f" ({read_spec(spec).name})" if spec else ""
    return f"{endpoint or CLOUDS[scheme].in_full}{store}"


_NAMES_A_CLOUD = ("profile", "region", "endpoint_url")
"""Whoever sets one of these means that cloud."""
