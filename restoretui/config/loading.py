"""Where settings come from: flags win over the environment, that over the config file, that over defaults.

A chosen store's section and the AWS profile fill what is then left open.
"""

import os
from collections.abc import Callable, Mapping
from datetime import timedelta
from itertools import chain
from pathlib import Path
from typing import Any

from restoretui.config.aws_profile import profile_endpoint
from restoretui.config.places import PLACES, Account, Accounts, Places
from restoretui.config.settings import SWITCHES, AnotherCloud, Settings, endpoint_settings, usual_folder
from restoretui.core.bounds import shown
from restoretui.core.clock import ScaledClock
from restoretui.core.errors import UsageError
from restoretui.core.network.endpoints import check_endpoint
from restoretui.core.rules.clouds import CLOUDS
from restoretui.core.rules.stores import CONNECTION_FIELDS

_ENVIRONMENT = {"batch_role_arn": ("RESTORETUI_BATCH_ROLE_ARN",)}
"""Variables that are of no cloud; those of each are in its table."""
_ON, _OFF = ("true", "1", "yes", "on"), ("false", "0", "no", "off")
_of_pipes: dict[tuple[int, int], Mapping[str, Any]] = {}
"""What came by pipes, by device and inode."""
_PAIRS = {"path_style": "--virtual-host-style"}
"""Switches of which both positions can be said, and how off is said."""


def load_settings(flags: Mapping[str, Any], environment: Mapping[str, str] | None = None) -> Settings:
    """Merge ``flags`` (None: not given), ``environment`` and the config file; ``UsageError`` names the bad value.

    ``flags`` holds field names of ``Settings``, and ``config`` and ``state_dir`` for the two folders; and, as
    ``accounts``, those of the locations (``config.places``); ``by_endpoint``: the command takes several endpoints of
    a cloud, each by itself (``Settings.beside``).
    """
    env = os.environ if environment is None else environment
    flags = dict(flags)
    accounts: Accounts = flags.pop("accounts", None) or Accounts(Account({}))
    is_split: bool = flags.pop("by_endpoint", False)
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}

    def put(name: str, value: Any, source: str) -> None:
        values[name] = value
        sources[name] = source

    config_dir, file = config_place(flags.get("config") or env.get("RESTORETUI_CONFIG"))
    values |= {"config_dir": config_dir, "config_file": file}
    if flags.get("config") or env.get("RESTORETUI_CONFIG"):
        sources |= dict.fromkeys(
            ("config_dir", "config_file"), "--config" if flags.get("config") else "$RESTORETUI_CONFIG"
        )
    if file.exists():
        _take_from_file(file, values, put)
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
    _check_http_client(env)
    for name, value in flags.items():
        # A flag that is off says nothing: it must not undo what the config file switched on. One of a pair does.
        if isinstance(value, timedelta):
            value = value.total_seconds()
        if name == "events":
            if value:
                from restoretui.config.setting_values import check_value

                put(name, check_value(name, list(value), "--events"), "--events")
            continue
        if value is not None and name != "config" and (value is not False or name in _PAIRS):
            flag = _PAIRS[name] if value is False else f"--{name.replace('_', '-')}"
            put(name, Path(value).expanduser() if name == "state_dir" else value, flag)
    for name, value in accounts.first.values.items():
        put(name, value, accounts.first.source)
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
    settings = Settings(
        **values, sources=sources, again=lambda account: load_settings(flags | {"accounts": Accounts(account)}, env)
    )
    _ = settings.known_store  # A store that cannot be meant is said now.
    for scheme, buckets in accounts.others.items():
        for bucket, account in buckets.items():
            if is_split and (beside := _beside(settings, scheme, account)) is not None:
                beside.buckets.add(bucket)
                beside.settings.reach_as(scheme, bucket, account)
            else:
                settings.reach_as(scheme, bucket, account)
    return settings


def _beside(settings: Settings, scheme: str, account: Account) -> AnotherCloud | None:
    """The cloud beside that of the settings which the account leads to; None where it is the same."""
    if settings.again is None:
        return None
    made = settings.again(account)
    place = made.place_of(scheme)
    if place == settings.place_of(scheme):
        return None
    for known in settings.beside:
        if known.scheme == scheme and known.settings.place_of(scheme) == place:
            return known
    settings.beside.append(AnotherCloud(made, scheme, set()))
    return settings.beside[-1]


def read_places(flags: Mapping[str, Any], environment: Mapping[str, str] | None = None) -> Places:
    """The places of the config alone; ``UsageError`` as ``load_settings``, which says the rest."""
    env = os.environ if environment is None else environment
    _, file = config_place(flags.get("config") or env.get("RESTORETUI_CONFIG"))
    from restoretui.config.setting_values import check_value

    section = _read(file).get("places", {}) if file.exists() else {}
    places: Places = check_value("places", section, str(file))
    return places


def _check_http_client(env: Mapping[str, str]) -> None:
    """Providers read it for themselves; a word that cannot be meant is said by every command."""
    if env.get("RESTORETUI_HTTP"):
        from restoretui.core.network.http_client import http_client  # few say any

        http_client(env)


def _take_from_file(file: Path, values: dict[str, Any], put: Callable[[str, Any, str], None]) -> None:
    """What the config file says, each value checked."""
    from restoretui.config.setting_values import check_value  # not without a file
    from restoretui.core.plan.money import Amount

    for name, value in _read(file).items():
        checked = check_value(name, value, str(file))
        if isinstance(checked, Amount):
            values["budget_currency"] = checked.currency
            checked = checked.value
        put(name, checked, str(file))


def _check_endpoints(values: Mapping[str, Any], sources: Mapping[str, str], env: Mapping[str, str]) -> None:
    """Wherever an endpoint may come from, used now or not: none may carry a secret into ledger or messages."""
    endpoints = endpoint_settings()
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
    if name not in SWITCHES:
        return text
    if text.lower() in _ON or text.lower() in _OFF:
        return text.lower() in _ON
    raise UsageError(f"{source}: {name} must be true or false, not {shown(text)}")


def _take_from_store(
    values: Mapping[str, Any], sources: Mapping[str, str], put: Callable[[str, Any, str], None]
) -> None:
    """How to reach the chosen store, where nothing said as loudly says otherwise."""
    section = values.get("stores", {}).get(values.get("store"), {})
    chosen_by_flag = sources.get("store", "").startswith(("--", PLACES))
    for name in CONNECTION_FIELDS:
        if name in section:
            said = sources.get(name, "")
            if not said or (chosen_by_flag and not said.startswith(("--", PLACES))):
                put(name, section[name], f"[stores.{values['store']}]")


def _read(file: Path) -> Mapping[str, Any]:
    """What the config file says; a pipe is read once, however often that is asked."""
    from restoretui.config.toml_file import read_toml

    if file.is_file():
        return read_toml(file)
    pipe = file.stat()
    said = _of_pipes.get((pipe.st_dev, pipe.st_ino))
    if said is None:
        said = _of_pipes[pipe.st_dev, pipe.st_ino] = read_toml(file)
    return said


def config_place(given: str | os.PathLike[str] | None) -> tuple[Path, Path]:
    """The config folder and file; ``given`` may be either: what is there tells, else its name.

    Beside a pipe, as of ``--config <(...)``, there is nothing: its folder is the usual one.
    """
    if given is None:
        folder = usual_folder("config")
        return folder, folder / "config.toml"
    path = Path(given).expanduser()
    if path.is_dir() or not (path.exists() or path.suffix == ".toml"):
        return path, path / "config.toml"
    return usual_folder("config") if is_pipe(path) else path.parent, path


def is_pipe(path: Path) -> bool:
    """It is there, and can be read but once."""
    return path.exists() and not (path.is_file() or path.is_dir())
