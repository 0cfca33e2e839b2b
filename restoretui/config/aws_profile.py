"""What a profile of the AWS config file says, told without loading the SDK: its endpoint, and how it signs in.

The SDK finds the endpoint by itself for its requests; we have to know it, too, to tell one store's objects from
another's.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from configparser import RawConfigParser

_NO = ("", "false")


def profile_endpoint(env: Mapping[str, str], profile: str | None) -> tuple[str, str] | None:
    """The endpoint for S3 in that profile, or the default one, and where it stands; None when there is none.

    A service's own endpoint (``services = NAME`` and ``[services NAME]``) wins over the profile's, as in the SDKs'
    reference guide under "Service-specific endpoints". A file that cannot be read is the SDK's to complain of.
    """
    if env.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() not in _NO:
        return None
    path = Path(env.get("AWS_CONFIG_FILE") or "~/.aws/config").expanduser()
    config = _read(path)
    section = None if config is None else _section_of(config, profile)
    if config is None or section is None:
        return None
    if config.get(section, "ignore_configured_endpoint_urls", fallback="").lower() == "true":
        return None
    services = f"services {config.get(section, 'services', fallback='')}"
    of_s3 = _nested(config.get(services, "s3", fallback=""), "endpoint_url")
    found = of_s3 or config.get(section, "endpoint_url", fallback="")
    return (found, f"{path} [{services if of_s3 else section}]") if found else None


def is_login_profile(env: Mapping[str, str], profile: str | None) -> bool:
    """The profile was made by ``aws login``. Reads the file."""
    config = _read(Path(env.get("AWS_CONFIG_FILE") or "~/.aws/config").expanduser())
    section = None if config is None else _section_of(config, profile)
    return config is not None and section is not None and config.has_option(section, "login_session")


def profile_names(env: Mapping[str, str]) -> list[str]:
    """The profiles that the AWS files name, of both; none of a file that cannot be read."""
    names: dict[str, None] = {}
    files = (("AWS_CONFIG_FILE", "~/.aws/config"), ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"))
    for variable, usual in files:
        config = _read(Path(env.get(variable) or usual).expanduser())
        for section in config.sections() if config is not None else ():
            kind, _, name = section.partition(" ")
            if name and kind != "profile":
                continue  # An SSO session, or services.
            names[name.strip() or section] = None
    return list(names)


def _read(path: Path) -> "RawConfigParser | None":
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    import configparser  # not before the first paint, unless there is something to read

    config = configparser.RawConfigParser(strict=False)
    try:
        config.read_string(text)
    except configparser.Error:
        return None
    return config


def _section_of(config: "RawConfigParser", profile: str | None) -> str | None:
    name = profile or "default"
    return next((title for title in (f"profile {name}", name) if config.has_section(title)), None)


def _nested(text: str, wanted: str) -> str:
    """A value of an indented list of settings, which the format keeps as lines below one name."""
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        if equals and name.strip() == wanted:
            return value.strip()
    return ""
