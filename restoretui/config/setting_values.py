"""What each setting may be: values are checked, and errors name where they come from."""

from collections.abc import Mapping
from typing import Any

from restoretui.config.settings import DESKTOP, SWITCHES, Settings, endpoint_settings
from restoretui.core.bounds import Bounds, shown
from restoretui.core.errors import UsageError
from restoretui.core.network.endpoints import check_endpoint
from restoretui.core.plan.money import Amount, read_amount
from restoretui.core.rules.clouds import CLOUDS
from restoretui.core.rules.stores import CONNECTION_FIELDS, make_store

WIDEST = 200
"""Cells that a column of the screens may be given."""
_NOT_IN_FILE = {
    "state_dir",
    "config_dir",
    "config_file",
    "clock",
    "voice",
    "sources",
    "budget_currency",
    "agreed_to_pay",
    "accounts",
    "again",
}
BOUNDS = {
    "rate": Bounds(0.1, 100_000, unit="restore requests a second"),
    "concurrency": Bounds(1, 1024, whole=True, unit="requests at a time"),
    "batch_priority": Bounds(0, 2_147_483_647, whole=True),
    "expiring_hours": Bounds(0.1, 8_760, unit="hours"),
    "listings_max_gib": Bounds(0.01, 1_000_000, unit="GiB"),
    "listings_max_days": Bounds(0.01, 36_500, unit="days"),
}
"""Settings that are numbers, and what each may be. Those of a store are bounded where stores are made."""
_WORDS = {
    "batch_report_scope": ("all", "failed", "none"),
    "batch_manifest": ("written", "generated"),
    "desktop": DESKTOP,
    "density": ("compact", "comfortable"),
}
"""Settings that are one word of a few."""


def check_value(name: str, value: Any, source: str) -> Any:
    """A value of the config file, as the setting holds it; ``UsageError`` says what is wrong with it."""
    known = set(Settings.__struct_fields__) - _NOT_IN_FILE
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
    if name == "events":
        return _queues(value, source)
    if name == "ask_for":
        from restoretui.core.saying.on_behalf import ASKABLE  # few have any of these

        if not isinstance(value, list) or not all(entry in ASKABLE for entry in value):
            raise UsageError(f"{source}: ask_for must be a list of {', '.join(ASKABLE)}, not {shown(value)}")
        return tuple(value)
    if name == "stores":
        if not isinstance(value, dict) or not all(isinstance(section, dict) for section in value.values()):
            raise UsageError(f"{source}: stores are written [stores.NAME]")
        for store, section in value.items():
            make_store(store, section)
            for field_name in CONNECTION_FIELDS:
                if field_name in section:
                    check_value(field_name, section[field_name], f"{source} [stores.{store}]")
        return value
    if name == "places":
        return _places(value, source)
    if name == "alerts":
        return _alerts(value, source)
    if name == "commands":
        from restoretui.config.user_commands import check_commands

        return check_commands(value, source)
    if name == "webhooks":
        from restoretui.config.webhooks import check_webhooks

        return check_webhooks(value, source)
    if name == "hooks":
        from restoretui.config.hooks import check_hooks

        return check_hooks(value, source)
    if name == "notify":
        from restoretui.config.hooks import check_notify

        return check_notify(value, source)
    if name == "views":
        return _views(value, source)
    if name == "columns":
        return _columns(value, source)
    if name == "keys":
        if not isinstance(value, dict) or not all(isinstance(entry, str) for entry in value.values()):
            raise UsageError(f"{source}: [keys] must hold binding ids and key names")
        return value
    wanted = bool if name in SWITCHES else str
    if not isinstance(value, wanted):
        raise UsageError(
            f"{source}: {name} must be {'true or false' if wanted is bool else 'text'}, not {shown(value)}"
        )
    endpoints = endpoint_settings()
    if name in endpoints and value:
        check_endpoint(str(value), source, bare=endpoints[name])
    return value


def _queues(value: Any, source: str) -> tuple[str, ...]:
    from restoretui.core.events.queues import read_queue  # only for those who have some

    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise UsageError(f"{source}: events must be a queue, or a list of queues", "sqs:https://… or mns:https://…")
    for text in texts:
        try:
            read_queue(text)
        except UsageError as error:
            raise UsageError(f"{source}: events: {error}", error.hint) from None
    return tuple(texts)


def _places(value: Any, source: str) -> Mapping[str, Mapping[str, Any]]:
    from restoretui.config.places import LOCATION, check_name, check_place  # only for those who have some

    if not isinstance(value, dict) or not all(isinstance(entry, str | dict) for entry in value.values()):
        raise UsageError(
            f"{source}: [places] must hold names and locations, or sections [places.NAME]",
            'such as archive = "s3+PROFILE://bucket/prefix/"',
        )
    places = {name: {LOCATION: entry} if isinstance(entry, str) else entry for name, entry in value.items()}
    for name, section in places.items():
        check_name(name, source)
        settings = CLOUDS[check_place(name, section, source).scheme].settings
        for key, entry in section.items():
            if key != LOCATION:
                check_value(settings[key], entry, f"{source} [places.{name}]")
    return places


def _columns(value: Any, source: str) -> Mapping[str, list[str]]:
    hint = 'such as browse = ["state", "key", "class:16", "size"]'
    if not isinstance(value, dict) or not all(isinstance(entry, list) for entry in value.values()):
        raise UsageError(f"{source}: [columns] must hold names of tables and lists of columns", hint)
    for table, columns in value.items():
        for column in columns:
            _, joint, cells = column.partition(":") if isinstance(column, str) else ("", "", "")
            if not isinstance(column, str) or (joint and not (cells.isdecimal() and 1 <= int(cells[:4]) <= WIDEST)):
                raise UsageError(
                    f"{source}: [columns] {table}: {shown(column)} is not a column, or one with its width", hint
                )
    return value


def _alerts(value: Any, source: str) -> Mapping[str, bool]:
    from restoretui.core.alerts import AlertKind  # only for those who choose

    kinds = ", ".join(AlertKind)
    if not isinstance(value, dict) or not all(isinstance(entry, bool) for entry in value.values()):
        raise UsageError(f"{source}: [alerts] must hold kinds of news, each true or false", f"kinds are {kinds}")
    unknown = sorted(set(value) - set(AlertKind))
    if unknown:
        raise UsageError(f"{source}: [alerts]: there is no kind {shown(unknown[0])}", f"kinds are {kinds}")
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
    from restoretui.core.durations import read_duration  # only for those who have said any

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
