"""The clouds that the provider contract is held against: how each is set up, and what is not asserted of it."""

from typing import Any, Protocol

import boto3
import pytest

from restoretui.core.clock import Clock, SystemClock
from restoretui.core.model import Tier
from restoretui.core.provider import Outcome
from restoretui.core.rules.stores import BUILT_IN, Store
from restoretui.sandbox import RunningSandbox
from tests.narrowing import there

NOT_ASSERTED_ON_MOTO = {
    "409 while restoring": "a restore while ongoing answers 200",
    "copies expire": "a restored copy never expires, and its expiry is not at midnight",
    "version id on restore": "versionId is ignored",
    "tiers and days are checked": "any tier and any days answer 202",
    "restore status in listings": "listings never tell of restores",
    "Intelligent-Tiering archives": "the archive tiers do not exist",
    "sped up while restoring": "a restore while ongoing answers 200",
    "line breaks in keys": "its router answers 404",
}

STORES = {
    "scaleway": "GLACIER", "ovhcloud": "DEEP_ARCHIVE", "ibm": "ACCELERATED", "minio": "COLD-TIER",
    "ceph": "COLD-TIER",
}  # fmt: skip
"""Compatible stores, each with a class that is archived there."""
NO_STATUS = ("scaleway", "ovhcloud")
"""Those whose scenario lists no restore status."""
NOT_IN_STORES = {
    "Intelligent-Tiering archives": "no store has that class",
    "tiers and days are checked": "no tier is ever sent",
    "sped up while restoring": "there is one speed",
    "restore status in listings": "some list none, which is found out",
}

NOT_ON_OSS = {"Intelligent-Tiering archives": "OSS has no class that archives by itself and tells only by HEAD"}


class Stage(Protocol):
    """A place to play the contract on."""

    clock: Clock
    url: str
    scheme: str
    cold: str
    """A class that takes every tier."""
    deep: str
    missing_tier: Tier | None
    """What ``deep`` does not take."""
    standard: str
    not_archived: tuple[int, str]
    home: str
    abroad: str
    store: Store | None
    first_answer: tuple[Outcome, int]

    def asserts(self, what: str) -> None: ...
    def takes(self, key: str) -> bool: ...
    async def bucket(self, name: str, *, region: str = ..., versioning: bool = ...) -> None: ...
    async def put(self, bucket: str, key: str, storage_class: str = "", **options: Any) -> str | None: ...
    async def delete(self, bucket: str, key: str) -> None: ...
    async def advance(self, seconds: float) -> None: ...


class InS3:
    scheme = "s3"
    cold, deep, standard = "GLACIER", "DEEP_ARCHIVE", "STANDARD"
    missing_tier: Tier | None = Tier.EXPEDITED
    not_archived = 403, "InvalidObjectState"
    home, abroad = "us-east-1", "eu-west-1"
    store: Store | None = None
    first_answer: tuple[Outcome, int] = (Outcome.ACCEPTED, 202)


class SandboxStage(InS3):
    def __init__(self, running: RunningSandbox) -> None:
        self.running = running
        self.clock = running.clock
        self.url = running.url

    def asserts(self, what: str) -> None:
        assert what in NOT_ASSERTED_ON_MOTO

    def takes(self, key: str) -> bool:
        return True

    async def bucket(self, name: str, **options: Any) -> None:
        self.running.cloud.add_bucket(name, **options)

    async def put(self, bucket: str, key: str, storage_class: str = "", **options: Any) -> str | None:
        return self.running.cloud.put(bucket, key, b"x", storage_class=storage_class or self.cold, **options)

    async def delete(self, bucket: str, key: str) -> None:
        self.running.cloud.delete(bucket, key)

    async def advance(self, seconds: float) -> None:
        await self.running.advance(seconds)


class OssStage(SandboxStage):
    scheme = "oss"
    cold, deep, standard = "ColdArchive", "DeepColdArchive", "Standard"
    missing_tier = Tier.BULK
    not_archived = 400, "OperationNotSupported"
    home, abroad = "cn-hangzhou", "cn-beijing"

    def asserts(self, what: str) -> None:
        if what in NOT_ON_OSS:
            pytest.skip(f"not on OSS: {NOT_ON_OSS[what]}")

    async def bucket(self, name: str, region: str = home, **options: Any) -> None:
        self.running.cloud.add_bucket(name, scheme="oss", region=region, **options)


class StoreStage(SandboxStage):
    """A compatible store: the sandbox under the scenario of that name, spoken to by the store's own rules."""

    missing_tier: Tier | None = None

    def __init__(self, running: RunningSandbox, name: str) -> None:
        super().__init__(running)
        self.store = BUILT_IN[name]
        self.cold = self.deep = STORES[name]
        self.first_answer = (Outcome.UPDATED, 200) if name == "minio" else (Outcome.ACCEPTED, 202)

    def asserts(self, what: str) -> None:
        if what in NOT_IN_STORES:
            pytest.skip(f"not in {there(self.store).name}: {NOT_IN_STORES[what]}")


class MotoStage(InS3):
    clock: Clock = SystemClock()

    def __init__(self, url: str) -> None:
        self.url = url
        self.s3 = boto3.client("s3", endpoint_url=url, region_name="us-east-1")

    def asserts(self, what: str) -> None:
        pytest.skip(f"not asserted on moto: {NOT_ASSERTED_ON_MOTO[what]}")

    def takes(self, key: str) -> bool:
        return "\n" not in key

    async def bucket(self, name: str, region: str = "us-east-1", versioning: bool = False) -> None:
        where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        self.s3.create_bucket(Bucket=name, **where)
        if versioning:
            self.s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})

    async def put(self, bucket: str, key: str, storage_class: str = "", **options: Any) -> str | None:
        answer = self.s3.put_object(Bucket=bucket, Key=key, Body=b"x", StorageClass=storage_class or self.cold)
        version: str | None = answer.get("VersionId")
        return version

    async def delete(self, bucket: str, key: str) -> None:
        self.s3.delete_object(Bucket=bucket, Key=key)

    async def advance(self, seconds: float) -> None:
        raise AssertionError("moto's clock cannot be turned")
