"""AWS's partitions are the SDK's."""

import re
from typing import Any

import botocore.session
import pytest

from restoretui.core.network.endpoints import PARTITIONS, is_amazon, partition_of, secure_twin

SDK = botocore.session.get_session().get_component("data_loader").load_data("partitions")["partitions"]


def test_the_table_is_that_of_the_sdk() -> None:
    ours = {part.name: (part.regions, part.suffix, part.dual_stack_suffix, part.region) for part in PARTITIONS}
    for part in SDK:
        told = part["outputs"]
        pattern = re.fullmatch(r"\^(.*)\$", part["regionRegex"])
        assert pattern is not None
        theirs = (pattern[1], told["dnsSuffix"], told["dualStackDnsSuffix"], told["implicitGlobalRegion"])
        assert ours[part["id"]] == theirs
    assert len(ours) == len(SDK)


@pytest.mark.parametrize("part", SDK, ids=lambda part: part["id"])
def test_every_region_is_of_its_partition(part: dict[str, Any]) -> None:
    for region in part["regions"]:
        if not region.endswith("-global"):
            assert partition_of(region=region).name == part["id"]
            for suffix in (part["outputs"]["dnsSuffix"], part["outputs"]["dualStackDnsSuffix"]):
                assert is_amazon(f"https://s3.{region}.{suffix}")
    assert partition_of(arn=f"arn:{part['id']}:iam::123456789012:role/x").name == part["id"]


def test_what_names_no_partition_is_of_the_largest() -> None:
    assert partition_of().name == partition_of(region="garage").name == partition_of(arn="arn:minio:x").name == "aws"
    assert not is_amazon("https://s3.amazonaws.eu.example")


@pytest.mark.parametrize(
    ("asked", "location", "twin"),
    [
        ("http://store:9000/bkt?x", "https://store:9443/bkt?x", "https://store:9443"),
        ("http://store/bkt", "https://store/bkt", "https://store"),
        ("http://store/bkt", "https://login.example/", ""),
        ("http://store/bkt", "http://store/bkt/", ""),
        ("https://store/bkt", "https://store/bkt/", ""),
        ("http://store/bkt", "https://[::1", ""),
        ("http://store/bkt", "", ""),
    ],
)
def test_a_redirect_that_only_wants_https_is_told_apart(asked: str, location: str, twin: str) -> None:
    assert secure_twin(asked, location) == twin
