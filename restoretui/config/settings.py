"""Settings: flags win over the environment, the environment over the config file, that over defaults.

Every value knows where it came from, so that an error can say which of them to change.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from restoretui.config.aws_profile import profile_endpoint
from restoretui.config.toml_file import read_toml
from restoretui.core.bounds import Bounds, shown
from restoretui.core.clock import Clock, ScaledClock, SystemClock
from restoretui.core.durations import read_duration
from restoretui.core.errors import UsageError
from restoretui.core.model import DEFAULT_SCHEME
from restoretui.core.network.endpoints import check_endpoint
from restoretui.core.network.http_client import http_client
from restoretui.core.plan.money import DOLLARS, Amount, read_amount
from restoretui.core.rules.clouds import CLOUDS
from restoretui.core.rules.stores import BUILT_IN, CONNECTION_FIELDS, Store, known_by, make_store, told_names

if TYPE_CHECKING:
    from restoretui.core.plan.pricing import PriceBook
    from restoretui.core.provider import Connection
    from restoretui.core.rules.rules import CloudRules

APP = "restoretui"

DEFAULT_RATE = 500.0
"""Restore requests a second: half of what S3 documents per account and Region (FACTS 1.6)."""


def _usual_folder(kind: Literal["state", "config"]) -> Path:
    """The platform's own; what knows them is loaded where nobody named a folder."""
    from platformdirs import user_config_path, user_state_path

    return user_state_path(APP) if kind == "state" else user_config_path(APP)


@dataclass(frozen=True)
class Settings:
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
    production_profiles: tuple[str, ...] = ()
    """Profiles whose screens are marked, so that nobody mistakes them."""
    bell: bool = True
    theme: str | None = None
    keys: Mapping[str, str] = field(default_factory=dict)
    """Key bindings by their id: ``restore = "R"``."""
    views: Mapping[str, str] = field(default_factory=dict)
    """Filters by name, for the palette of the screens: ``big = "size>1G state:archived"`` (``core.filter.views``)."""
    state_dir: Path = field(default_factory=lambda: _usual_folder("state"))
    config_dir: Path = field(default_factory=lambda: _usual_folder("config"))
    clock: Clock = field(default_factory=SystemClock)
    agreed_to_pay: set[str] = field(default_factory=set)
    """Schemes for which a person agreed on screen to what ``requester_pays`` says."""
    voice: Callable[[str], None] | None = None
    """Where a command says what it waits for; None where a screen shows it."""
    sources: Mapping[str, str] = field(default_factory=dict)
    """Where each value came from: ``--flag``, ``$VARIABLE``, the config file's path, or absent for a default."""

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
        return Connection(scheme, **values)

    def place_of(self, scheme: str) -> str:
        """What tells the cloud of these settings from others, for the ledger: see ``ledger.records.CloudId``."""
        reached = self.connection_to(scheme)
        endpoint = reached.endpoint_url or ""
        place = "" if CLOUDS[scheme].is_own(endpoint) else endpoint
        return f"{place}#{reached.store}" if reached.store else place

    def profile_of(self, scheme: str) -> str:
        """The profile that the cloud of ``scheme`` is reached with, as it is set; empty for none."""
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
    def limits(self) -> tuple[Amount, ...]:
        """The budget as limits on spending; empty without one."""
        return () if self.budget is None else (Amount(self.budget, self.budget_currency),)

    @property
    def is_production(self) -> bool:
        """The profile is one of those marked in the config."""
        profiles = {name: self.profile_of(name) for name in CLOUDS}
        profiles[DEFAULT_SCHEME] = profiles[DEFAULT_SCHEME] or "default"
        return not set(self.production_profiles).isdisjoint(filter(None, profiles.values()))

    def why(self, setting: str) -> str:
        """Where a setting's value came from, as the end of an error message; empty for a default."""
        source = self.sources.get(setting)
        return f"it comes from {source}" if source else ""

    def prices(self) -> "PriceBook":
        """The built-in tables, what ``prices update`` has read, and the user's ``prices.toml``: later ones win."""
        from restoretui.config.price_files import read_prices  # not before the first paint

        return read_prices(self.config_dir)


_ENVIRONMENT = {"batch_role_arn": ("RESTORETUI_BATCH_ROLE_ARN",)}
"""Variables that are of no cloud; those of each are in its table."""
_NAMES_A_CLOUD = ("profile", "region", "endpoint_url")
"""Whoever sets one of these means that cloud."""
_SWITCHES = ("path_style", "requester_pays", "read_only", "bell", "oss_internal", "oss_path_style", "oss_cname")
_ON, _OFF = ("true", "1", "yes", "on"), ("false", "0", "no", "off")
_PAIRS = {"path_style": "--virtual-host-style"}
"""Switches of which both positions can be said, and how off is said."""
_NOT_IN_FILE = {"state_dir", "config_dir", "clock", "voice", "sources", "budget_currency", "agreed_to_pay"}


def load_settings(flags: Mapping[str, Any], environment: Mapping[str, str] | None = None) -> Settings:
    """Merge ``flags`` (None: not given), ``environment`` and the config file; ``UsageError`` names the bad value.

    ``flags`` holds field names of ``Settings``, and ``config`` and ``state_dir`` for the two folders.
    """
    env = os.environ if environment is None else environment
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}

    def put(name: str, value: Any, source: str) -> None:
        values[name] = value
        sources[name] = source

    config_dir, file = _config_place(flags.get("config") or env.get("RESTORETUI_CONFIG"))
    values["config_dir"] = config_dir
    if file.exists():
        for name, value in read_toml(file).items():
            checked = _check(name, value, str(file))
            if isinstance(checked, Amount):
                values["budget_currency"] = checked.currency
                checked = checked.value
            put(name, checked, str(file))
    elif flags.get("config"):
        raise UsageError(f"there is no config file {file}", "leave --config away for the usual place")
    clouds = (kind.environment for kind in CLOUDS.values())
    for name, variables in chain.from_iterable(each.items() for each in (_ENVIRONMENT, *clouds)):
        for variable in variables:
            if env.get(variable):
                put(name, _said(name, env[variable], f"${variable}"), f"${variable}")
                break
    if env.get("RESTORETUI_STATE_DIR"):
        put("state_dir", Path(env["RESTORETUI_STATE_DIR"]).expanduser(), "$RESTORETUI_STATE_DIR")
    if env.get("RESTORETUI_CLOCK"):
        try:
            put("clock", ScaledClock.parse(env["RESTORETUI_CLOCK"]), "$RESTORETUI_CLOCK")
        except ValueError:
            raise UsageError(
                "$RESTORETUI_CLOCK is not a clock", "take it as `restoretui sandbox` prints it, or unset it"
            ) from None
    http_client(env)  # which providers read for themselves: a word that cannot be meant is said by every command
    for name, value in flags.items():
        # A flag that is off says nothing: it must not undo what the config file switched on. One of a pair does.
        if isinstance(value, timedelta):
            value = value.total_seconds()
        if value is not None and name != "config" and (value is not False or name in _PAIRS):
            flag = _PAIRS[name] if value is False else f"--{name.replace('_', '-')}"
            put(name, Path(value).expanduser() if name == "state_dir" else value, flag)
    _take_from_store(values, sources, put)
    if not values.get("endpoint_url"):
        found = profile_endpoint(env, values.get("profile"))
        if found is not None:
            put("endpoint_url", *found)
    _check_endpoints(values, sources, env)
    for kind in CLOUDS.values():
        setting = kind.settings.get("region", "")
        if values.get(setting):
            kind.check_region(values[setting], sources[setting])
    settings = Settings(**values, sources=sources)
    _ = settings.known_store  # A store that cannot be meant is said now.
    return settings


def _check_endpoints(values: Mapping[str, Any], sources: Mapping[str, str], env: Mapping[str, str]) -> None:
    """Wherever an endpoint may come from, used now or not: none may carry a secret into ledger or messages."""
    endpoints = _endpoints()
    variables = {
        variable: endpoints[name]
        for kind in CLOUDS.values()
        for name, named in kind.environment.items()
        if name in endpoints
        for variable in named
    }
    # The SDK reads one more for each service.
    variables |= {variable: False for variable in env if variable.startswith("AWS_ENDPOINT_URL")}
    for variable in sorted(variables):
        if env.get(variable):
            check_endpoint(env[variable], f"${variable}", bare=variables[variable])
    for name, bare in endpoints.items():
        if values.get(name):
            check_endpoint(values[name], sources[name], bare=bare)


def _said(name: str, text: str, source: str) -> str | bool:
    """A variable's text, or for a switch its position."""
    if name not in _SWITCHES:
        return text
    if text.lower() in _ON or text.lower() in _OFF:
        return text.lower() in _ON
    raise UsageError(f"{source}: {name} must be true or false, not {shown(text)}")


def _endpoints() -> dict[str, bool]:
    """The settings that are endpoints, and whether each may lack its scheme."""
    kinds = (kind for kind in CLOUDS.values() if "endpoint_url" in kind.settings)
    return {kind.settings["endpoint_url"]: kind.bare_endpoints for kind in kinds}


def _take_from_store(
    values: Mapping[str, Any], sources: Mapping[str, str], put: Callable[[str, Any, str], None]
) -> None:
    """How to reach the chosen store, where nothing said as loudly says otherwise."""
    section = values.get("stores", {}).get(values.get("store"), {})
    chosen_by_flag = sources.get("store", "").startswith("--")
    for name in CONNECTION_FIELDS:
        if name in section:
            said = sources.get(name, "")
            if not said or (chosen_by_flag and not said.startswith("--")):
                put(name, section[name], f"[stores.{values['store']}]")


def _config_place(given: str | os.PathLike[str] | None) -> tuple[Path, Path]:
    """The config folder and file; ``given`` may be either: what is there tells, else its name."""
    if given is None:
        folder = _usual_folder("config")
        return folder, folder / "config.toml"
    path = Path(given).expanduser()
    is_file = path.is_file() or (path.suffix == ".toml" and not path.is_dir())
    return (path.parent, path) if is_file else (path, path / "config.toml")


BOUNDS = {
    "rate": Bounds(0.1, 100_000, unit="restore requests a second"),
    "concurrency": Bounds(1, 1024, whole=True, unit="requests at a time"),
    "batch_priority": Bounds(0, 2_147_483_647, whole=True),
    "listings_max_gib": Bounds(0.01, 1_000_000, unit="GiB"),
    "listings_max_days": Bounds(0.01, 36_500, unit="days"),
}
"""Settings that are numbers, and what each may be. Those of a store are bounded where stores are made."""
_WORDS = {"batch_report_scope": ("all", "failed", "none"), "batch_manifest": ("written", "generated")}
"""Settings that are one word of a few."""


def _check(name: str, value: Any, source: str) -> Any:
    known = {entry.name for entry in fields(Settings)} - _NOT_IN_FILE
    if name not in known:
        raise UsageError(f"{source}: unknown setting {name!r}", f"known are {', '.join(sorted(known))}")
    if name == "budget":
        return _budget(value, source)
    if name in BOUNDS:
        return BOUNDS[name].check(f"{source}: {name}", value)
    if name == "patience":
        return _patience(value, source)
    if name in _WORDS and value not in _WORDS[name]:
        *most, last = _WORDS[name]
        raise UsageError(f"{source}: {name} must be {', '.join(most)} or {last}, not {shown(value)}")
    if name == "production_profiles":
        if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
            raise UsageError(f"{source}: {name} must be a list of profile names")
        return tuple(value)
    if name == "stores":
        if not isinstance(value, dict) or not all(isinstance(section, dict) for section in value.values()):
            raise UsageError(f"{source}: stores are written [stores.NAME]")
        for store, section in value.items():
            make_store(store, section)
            for field_name in CONNECTION_FIELDS:
                if field_name in section:
                    _check(field_name, section[field_name], f"{source} [stores.{store}]")
        return value
    if name == "views":
        return _views(value, source)
    if name == "keys":
        if not isinstance(value, dict) or not all(isinstance(entry, str) for entry in value.values()):
            raise UsageError(f"{source}: [keys] must hold binding ids and key names")
        return value
    wanted = bool if name in _SWITCHES else str
    if not isinstance(value, wanted):
        raise UsageError(
            f"{source}: {name} must be {'true or false' if wanted is bool else 'text'}, not {shown(value)}"
        )
    endpoints = _endpoints()
    if name in endpoints and value:
        check_endpoint(str(value), source, bare=endpoints[name])
    return value


def _views(value: Any, source: str) -> Mapping[str, str]:
    from restoretui.core.filter.parser import FilterError, parse_filter  # only for those who have some

    if not isinstance(value, dict) or not all(isinstance(entry, str) for entry in value.values()):
        raise UsageError(f"{source}: [views] must hold names and filters", 'such as big = "size>1G state:archived"')
    for name, text in value.items():
        try:
            parse_filter(text)
        except FilterError as error:
            wrong = text[error.start : error.end]
            raise UsageError(f"{source}: [views] {name}, at {wrong!r}: {error}", error.hint) from None
    return value


def _patience(value: Any, source: str) -> float:
    try:
        text = value if isinstance(value, str) else "" if isinstance(value, bool) else f"{value:f}"
        return read_duration(text).total_seconds()
    except (ValueError, TypeError, OverflowError):
        raise UsageError(
            f'{source}: patience must be a duration such as "45s", or a number of seconds, not {shown(value)}'
        ) from None


def _budget(value: Any, source: str) -> Amount:
    try:
        text = value if isinstance(value, str) else "" if isinstance(value, bool) else str(value)
        return read_amount(text)
    except ValueError:  # a whole number of thousands of digits
        raise UsageError(f"{source}: budget must be an amount of money, not {shown(value)}") from None
    except UsageError as error:
        raise UsageError(f"{source}: budget must be an amount of money, not {shown(value)}", error.hint) from None
