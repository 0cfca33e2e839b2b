"""A plain configuration: keys, a Region, perhaps an endpoint. It is read here, as the SDK would read it.

Most people's is such, and for them the SDK need not be loaded. Whatever the environment or AWS's two files say beyond
what is known here by name makes the whole the SDK's to read.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from restoretui.core.network.endpoints import is_amazon, partition_known
from restoretui.core.provider import Connection
from restoretui.providers.s3.client.signing import Keys
from restoretui.providers.wire.ini_files import aws_files

DEFAULT_REGION = "us-east-1"
"""Where S3 answers for every bucket, if only by naming the right region."""
_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
_PROFILE = ("AWS_DEFAULT_PROFILE", "AWS_PROFILE")
_VARIABLES = frozenset((
    "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION",
    "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CA_BUNDLE", "AWS_EC2_METADATA_DISABLED", "AWS_PAGER",
    "AWS_DEFAULT_OUTPUT", *_ENDPOINTS, *_PROFILE,
))  # fmt: skip
"""Those that are read here, or by ``http.tls``, or that say nothing of how S3 is asked."""
_OF_THE_CLI = frozenset(("output", "cli_pager", "cli_auto_prompt", "cli_history", "cli_timestamp_format"))
_ACCESS_KEY, _SECRET_KEY, _TOKEN = "aws_access_key_id", "aws_secret_access_key", "aws_session_token"
_REGION = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_PSEUDO_REGION = re.compile(r"fips|global")
"""Names by which the SDK means more than a Region."""


class PlainSettings(NamedTuple):
    """What a plain configuration comes to."""

    profile: str
    """Empty: none was named."""
    region: str
    endpoint: str
    """A compatible store's, without a path; empty: AWS's own."""
    keys: Keys
    method: str
    """Where the keys stand, as the SDK calls it: ``env`` is the environment."""

    def reaches(self, region: str) -> bool:
        """Requests can be signed for that Region without asking the SDK where they go."""
        if not _REGION.fullmatch(region) or _PSEUDO_REGION.search(region):
            return False
        return bool(self.endpoint) or partition_known(region)


def plain_settings(connection: Connection, env: Mapping[str, str]) -> PlainSettings | None:
    """What the SDK would make of a plain configuration; None where there is more to it. Reads files."""
    if any(name.startswith("AWS_") and name not in _VARIABLES for name in env):
        return None
    endpoint = _plain_endpoint(connection, env)
    if endpoint is None:
        return None
    profile = connection.profile or next(filter(None, map(env.get, _PROFILE)), "")
    config, credentials = map(_sections, aws_files(env))
    if config is None or credentials is None:
        return None
    title = _title(config, profile or "default")
    if title is None:
        return None
    named, kept = config.get(title), credentials.get(profile or "default")
    if profile and named is None and kept is None:
        return None  # The SDK says what profiles there are.
    settings = dict(named or {})
    if endpoint:
        settings.pop("endpoint_url", None)  # It was given, by whatever comes first.
    if not settings.keys() <= _OF_THE_CLI | {"region"}:
        return None
    if kept and not kept.keys() <= _OF_THE_CLI | {"region", _ACCESS_KEY, _SECRET_KEY, _TOKEN}:
        return None
    settings |= kept or {}
    found = _keys(settings, env, of_environment=not connection.profile)
    region = connection.region or env.get("AWS_DEFAULT_REGION") or settings.get("region") or DEFAULT_REGION
    if found is None:
        return None
    plain = PlainSettings(profile, region, endpoint, *found)
    return plain if plain.reaches(region) else None


def _plain_endpoint(connection: Connection, env: Mapping[str, str]) -> str | None:
    """The store's; empty for AWS itself, and None for one that more than a bucket's name is added to."""
    given = connection.endpoint_url
    if not given:
        return "" if connection.path_style is None and not any(map(env.get, _ENDPOINTS)) else None
    if connection.path_style is False or is_amazon(given):
        return None
    parts = urlsplit(given)
    is_plain = parts.scheme in ("http", "https") and given == f"{parts.scheme}://{parts.netloc}{parts.path}"
    return given.rstrip("/") if is_plain and parts.path in ("", "/") else None


def _keys(settings: Mapping[str, str], env: Mapping[str, str], *, of_environment: bool) -> tuple[Keys, str] | None:
    """In the SDK's order: what an option names as profile comes before the environment's keys."""
    if of_environment and env.get("AWS_ACCESS_KEY_ID"):
        secret = env.get("AWS_SECRET_ACCESS_KEY")
        token = env.get("AWS_SESSION_TOKEN") or None
        return (Keys(env["AWS_ACCESS_KEY_ID"], secret, token), "env") if secret else None
    access, secret = settings.get(_ACCESS_KEY), settings.get(_SECRET_KEY)
    if not access or not secret:
        return None
    return Keys(access, secret, settings.get(_TOKEN) or None), "shared-credentials-file"


def _sections(path: Path) -> dict[str, dict[str, str]] | None:
    """An INI file's; none where there is no file, and None for one that the SDK may read otherwise, or not at all."""
    if "$" in str(path):
        return None
    if not path.is_file():
        return {}
    try:
        text = path.read_text("ascii")
    except (OSError, UnicodeDecodeError):
        return None
    import configparser  # not without a file

    parser = configparser.RawConfigParser()
    try:
        parser.read_string(text)
    except configparser.Error:
        return None
    found = {title: dict(parser.items(title)) for title in parser.sections()}
    return None if any("\n" in value for one in found.values() for value in one.values()) else found


def _title(config: Mapping[str, object], profile: str) -> str | None:
    """How the profile's section is called; None where that is not one plain name."""
    if not re.fullmatch(r"[\w.@+-]+", profile):
        return None
    usual = "default" if profile == "default" else f"profile {profile}"
    others = [title for title in config if title != usual and profile in re.split(r"[\s\"']+", title)]
    return None if any(title.startswith("profile") for title in others) else usual
