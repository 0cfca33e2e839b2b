"""Which S3-compatible store a session is about, and what tells it from others in the ledger."""

from pathlib import Path
from typing import Any

import pytest

from restoretui.core.errors import UsageError
from restoretui.core.rules.stores import BUILT_IN, read_spec
from restoretui.ledger.records import CloudId
from tests.config.conftest import Load
from tests.narrowing import there

OWN = """
[stores.warm]
like = "minio"
endpoint_url = "https://minio.example.net"
region = "home"
classes = ["WARM"]
"""


def test_a_store_is_known_by_its_name(load: Load) -> None:
    settings = load("", {"store": "minio", "endpoint_url": "http://127.0.0.1:9000"})
    assert settings.connection_to("s3").store == BUILT_IN["minio"].spec
    assert settings.place_of("s3") == f"http://127.0.0.1:9000#{BUILT_IN['minio'].spec}"
    assert load(RESTORETUI_STORE="ceph").known_store == BUILT_IN["ceph"]
    assert there(load('store = "ibm"').known_store).name == "ibm"


def test_a_store_of_ones_own_says_how_it_is_reached(load: Load) -> None:
    settings = load(OWN, {"store": "warm"})
    assert (settings.endpoint_url, settings.region) == ("https://minio.example.net", "home")
    assert settings.sources["endpoint_url"] == "[stores.warm]"
    assert read_spec(settings.connection_to("s3").store).classes == ("WARM",)
    assert CloudId("s3", settings.place_of("s3")).rules.archives.keys() == {"WARM"}


def test_a_flag_wins_over_the_section_and_the_chosen_section_over_the_environment(load: Load) -> None:
    settings = load(OWN, {"store": "warm", "region": "away"}, AWS_ENDPOINT_URL_S3="https://other.example.net")
    assert (settings.endpoint_url, settings.region) == ("https://minio.example.net", "away")
    chosen_by_file = 'store = "warm"\n' + OWN
    assert load(chosen_by_file, AWS_ENDPOINT_URL="https://o.example.net").endpoint_url == "https://o.example.net"


def test_a_store_is_known_by_its_endpoint(load: Load) -> None:
    assert there(load(OWN, {"endpoint_url": "https://minio.example.net"}).known_store).name == "warm"
    assert there(load("", AWS_ENDPOINT_URL="https://s3.nl-ams.scw.cloud").known_store).name == "scaleway"
    assert load("", {"endpoint_url": "https://s3.example.net"}).known_store is None


@pytest.mark.parametrize(
    ("text", "flags", "says"),
    [
        ("", {"store": "glacierhub"}, "no store 'glacierhub' is known"),
        ("stores = 3", {}, r"written \[stores.NAME\]"),
        ("[stores.x]\nclasses = 3", {}, "must be a list"),
        ("[stores.x]\nregion = 3", {}, "region must be text"),
    ],
)
def test_what_cannot_be_meant_is_said(load: Load, text: str, flags: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        load(text, flags)


def test_aws_itself_has_no_endpoint_in_the_ledger(load: Load) -> None:
    assert load().place_of("s3") == ""
    assert load("", {"endpoint_url": "https://b.vpce-1.s3.us-east-1.vpce.amazonaws.com"}).place_of("s3") == ""


PROFILES = """
[default]
endpoint_url = https://default.example.net

[profile plain]
region = eu-west-1

[profile store]
endpoint_url = https://store.example.net

[profile served]
services = cold
endpoint_url = https://general.example.net

[services cold]
s3 =
    addressing_style = path
    endpoint_url = https://cold.example.net
sqs =
    endpoint_url = https://queue.example.net

[profile off]
endpoint_url = https://off.example.net
ignore_configured_endpoint_urls = true
"""


@pytest.mark.parametrize(
    ("profile", "endpoint"),
    [
        (None, "https://default.example.net"),
        ("plain", None),
        ("store", "https://store.example.net"),
        ("served", "https://cold.example.net"),
        ("off", None),
        ("nobody", None),
    ],
)
def test_a_profiles_own_endpoint_tells_its_objects_apart(
    load: Load, tmp_path: Path, profile: str | None, endpoint: str | None
) -> None:
    (tmp_path / "aws").write_text(PROFILES)
    settings = load("", {"profile": profile} if profile else {})
    assert settings.endpoint_url == endpoint
    assert settings.place_of("s3") == (endpoint or "")
    assert load("", {"profile": profile}, AWS_ENDPOINT_URL="https://env.example.net").place_of("s3") == (
        "https://env.example.net"
    )
    ignored = load("", {"profile": profile}, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS="true")
    assert ignored.endpoint_url is None


def test_a_profile_file_that_is_none_is_left_to_the_sdk(load: Load, tmp_path: Path) -> None:
    (tmp_path / "aws").write_bytes(b"\xff[[[not a config")
    assert load().endpoint_url is None
