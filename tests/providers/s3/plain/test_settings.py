"""A plain configuration comes to what the SDK makes of it, and whatever is no plain one is left to the SDK."""

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest

from restoretui.core.clock import SystemClock
from restoretui.core.provider import Connection, Limits
from restoretui.providers.s3.client.late_sdk import LateSdk
from restoretui.providers.s3.client.sdk import Sdk
from restoretui.providers.s3.plain.settings import plain_settings
from restoretui.providers.threads import run_in_thread

KEYS = "aws_access_key_id = AKIDFILE\naws_secret_access_key = of/the+file\n"
STORE = "http://127.0.0.1:9000"


class Said(NamedTuple):
    """A configuration."""

    config: str = ""
    credentials: str = ""
    connection: Connection = Connection()
    env: Mapping[str, str] = MappingProxyType({})
    has_keys: bool = True
    """The environment has keys."""


PLAIN = {
    "keys in the environment": Said(),
    "a region": Said("[default]\nregion = eu-west-3\noutput = json\n"),
    "a region in the environment": Said("[default]\nregion = eu-west-3\n", env={"AWS_DEFAULT_REGION": "sa-east-1"}),
    "a region of another name": Said("[default]\nregion = eu-west-3\n", env={"AWS_REGION": "sa-east-1"}),
    "a region in the connection": Said("[default]\nregion = eu-west-3\n", "", Connection(region="us-west-2")),
    "keys in the file": Said("", f"[default]\n{KEYS}", has_keys=False),
    "temporary keys in the file": Said("", f"[default]\n{KEYS}aws_session_token = t\n", has_keys=False),
    "a region beside the keys": Said("[default]\nregion = a-b-1\n", f"[default]\n{KEYS}region = eu-west-1\n"),
    "a profile": Said("[profile p]\nregion = eu-west-1\n", f"[p]\n{KEYS}", Connection(profile="p")),
    "a profile in the environment": Said("[profile p]\nregion = eu-west-1\n", env={"AWS_PROFILE": "p"}),
    "an empty profile": Said("[default]\nregion = eu-west-1\n", env={"AWS_PROFILE": ""}),
    "two profiles": Said(
        "[profile p]\nregion = eu-west-1\n[profile q]\nregion = eu-west-2\n",
        env={"AWS_PROFILE": "p", "AWS_DEFAULT_PROFILE": "q"},
    ),
    "a profile of the keys alone": Said("", f"[p]\n{KEYS}", Connection(profile="p")),
    "another profile's role": Said("[profile other]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = default\n"),
    "a store": Said("", "", Connection(endpoint_url=STORE, path_style=True), {"AWS_ENDPOINT_URL": STORE}),
    "a store's name": Said("", "", Connection(endpoint_url=f"{STORE}/", region="auto")),
    "a store of the profile": Said(f"[default]\nendpoint_url = {STORE}\n", "", Connection(endpoint_url=STORE)),
}
NOT_PLAIN = {
    "a variable that is not known": Said(env={"AWS_USE_FIPS_ENDPOINT": "true"}),
    "keys that end": Said(env={"AWS_CREDENTIAL_EXPIRATION": "2026-01-15T13:00:00Z"}),
    "half a pair": Said(env={"AWS_SECRET_ACCESS_KEY": ""}),
    "half a pair in the file": Said("", "[default]\naws_access_key_id = AKID\n", has_keys=False),
    "no keys": Said(has_keys=False),
    "an endpoint that was not said": Said(env={"AWS_ENDPOINT_URL": STORE}),
    "a setting that is not known": Said("[default]\ns3 =\n  addressing_style = virtual\n"),
    "an endpoint of the profile": Said(f"[default]\nendpoint_url = {STORE}\n"),
    "a bundle of the profile": Said("[default]\nca_bundle = /ca.pem\n"),
    "a role": Said("[default]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = p\n"),
    "a process": Said("", "[default]\ncredential_process = x\n", has_keys=False),
    "keys in the config": Said(f"[default]\n{KEYS}", has_keys=False),
    "no such profile": Said("[profile p]\nregion = eu-west-1\n", "", Connection(profile="q")),
    "a profile in quotes": Said("[profile 'p']\nregion = eu-west-1\n", f"[p]\n{KEYS}", Connection(profile="p")),
    "a default of two names": Said("[default]\nregion = a-b-1\n[profile default]\nregion = eu-west-1\n"),
    "a file that is none": Said("region = eu-west-1\n"),
    "a file in another tongue": Said("[default]\nregion = eu-west-1\n[profile \u00e9]\n"),
    "a region of FIPS": Said("", "", Connection(region="fips-us-east-1")),
    "a region of no partition": Said("", "", Connection(region="moon-base-alpha")),
    "virtual hosts": Said("", "", Connection(endpoint_url=STORE, path_style=False)),
    "a path": Said("", "", Connection(endpoint_url=f"{STORE}/s3")),
    "a VPC endpoint": Said(
        "", "", Connection(endpoint_url="https://bucket.vpce-1-a.s3.eu-west-1.vpce.amazonaws.com")
    ),
    "path style at AWS": Said("", "", Connection(path_style=True)),
}


def say(said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    if said.config:
        Path(os.environ["AWS_CONFIG_FILE"]).write_text(said.config, "utf-8")
    if said.credentials:
        Path(os.environ["AWS_SHARED_CREDENTIALS_FILE"]).write_text(said.credentials, "utf-8")
    if not said.has_keys:
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    for name, value in said.env.items():
        monkeypatch.setenv(name, value)


async def begun(kind: type[LateSdk] | type[Sdk], connection: Connection) -> Any:
    return await run_in_thread(lambda: kind.start(connection, Limits(), SystemClock(), None), "test-sdk")


@pytest.mark.parametrize("name", PLAIN)
async def test_it_is_what_the_sdk_makes_of_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    said = PLAIN[name]
    say(said, monkeypatch)
    ours, theirs = await begun(LateSdk, said.connection), await begun(Sdk, said.connection)
    assert await ours.vault.keys() == await theirs.vault.keys()
    assert (ours.region, ours.caller) == (theirs.region, theirs.caller)
    assert ours.vault.are_fixed == theirs.vault.are_fixed
    assert ours._sdk is None
    loaded = await ours.load()
    assert (loaded.region, loaded.caller) == (theirs.region, theirs.caller)
    await ours.aclose()
    await theirs.aclose()


@pytest.mark.parametrize("name", NOT_PLAIN)
def test_whatever_is_more_is_the_sdks_to_read(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    said = NOT_PLAIN[name]
    say(said, monkeypatch)
    assert plain_settings(said.connection, os.environ) is None


async def test_keys_are_looked_for_again_where_they_stand_now(monkeypatch: pytest.MonkeyPatch) -> None:
    say(PLAIN["keys in the file"], monkeypatch)
    sdk = await begun(LateSdk, Connection())
    first = await sdk.vault.keys()
    file = Path(os.environ["AWS_SHARED_CREDENTIALS_FILE"])
    file.write_text(f"[default]\n{KEYS.replace('AKIDFILE', 'AKIDNEW')}")
    assert await sdk.vault.keys() == first
    sdk.vault.reject(first)
    sdk.vault._asked_at = float("-inf")
    assert (await sdk.vault.keys()).access_key == "AKIDNEW"
    file.unlink()
    Path(os.environ["AWS_CONFIG_FILE"]).write_text(f"[default]\n{KEYS.replace('AKIDFILE', 'AKIDFAR')}")
    sdk.vault.reject(await sdk.vault.keys())
    sdk.vault._asked_at = float("-inf")
    assert (await sdk.vault.keys()).access_key == "AKIDFAR"
    await sdk.aclose()
