"""A provider of several accounts: each request by whom its bucket is reached, and none by being forgotten."""

import inspect
from typing import Any

import pytest

from restoretui.core.model import ObjectDetail, ObjectRef
from restoretui.core.provider import Capabilities, Provider
from restoretui.core.then.contents import Contents, CopyTarget
from restoretui.engine.traffic.by_account import BY_BUCKET, BY_REF, OF_FIRST, by_account
from restoretui.providers.oss.provider import OssProvider
from restoretui.providers.s3.provider import S3Provider

NOT_ROUTED = {"aclose", "contents", "provisioned_capacity"}
"""The last is an account's own, and said to be unknown."""


class Spy:
    def __init__(self, name: str, **capabilities: Any) -> None:
        self.name = name
        self.asked: list[str] = []
        self.capabilities = Capabilities(**{"max_rate": 100, **capabilities})

    def __getattr__(self, name: str) -> Any:
        def method(*_args: Any, **_named: Any) -> Any:
            self.asked.append(name)
            return self if name == "contents" else self.name

        return method


@pytest.mark.parametrize("kind", [Provider, S3Provider, OssProvider])
def test_every_method_of_a_provider_is_known(kind: type) -> None:
    found = {name for name, _ in inspect.getmembers(kind, inspect.isfunction) if not name.startswith("_")}
    assert found <= BY_REF | BY_BUCKET | OF_FIRST | NOT_ROUTED, "say of a new method whose credentials it takes"


def test_requests_go_by_their_bucket() -> None:
    own, theirs = Spy("own"), Spy("theirs")
    both: Any = by_account(own, {"y": theirs})
    for name in BY_REF:
        assert [getattr(both, name)(ObjectRef(bucket, "k")) for bucket in "xy"] == ["own", "theirs"], name
    for name in BY_BUCKET:
        assert [getattr(both, name)(bucket, prefix="p") for bucket in "xy"] == ["own", "theirs"], name
    for name in ("identity", "list_buckets", "batch", "events"):
        assert getattr(both, name)() == "own"
    with pytest.raises(AttributeError):
        both.a_method_of_tomorrow("y")
    contents = both.contents()
    detail = ObjectDetail(ObjectRef("y", "k"), 1, None, "GLACIER")
    about: dict[str, Any] = {
        "look": detail.ref, "read": detail.ref, "tags": detail.ref, "delete": detail.ref, "copy": detail,
        "begin_upload": detail, "copy_part": detail, "is_versioned": "y",
    }  # fmt: skip
    about |= dict.fromkeys(("parts", "end_upload", "abort_upload", "uploads"), CopyTarget("y", "k", "STANDARD"))
    assert set(about) == {name for name, _ in inspect.getmembers(Contents, inspect.isfunction) if name[0] != "_"}
    theirs.asked.clear()
    assert {getattr(contents, name)(first, 1) for name, first in about.items()} == {"theirs"}
    mine = CopyTarget("x", "k", "STANDARD")
    writes = {getattr(contents, name)(detail, mine) for name in ("copy", "begin_upload", "copy_part")}
    assert writes == {"own"}, "who writes signs"


def test_it_can_do_what_all_of_them_can() -> None:
    able: Any = by_account(
        Spy("a", capacity=True, clean=True, list_page=900, versions=True),
        {"y": Spy("b", capacity=True, max_rate=50, history=True)},
    )
    told = able.capabilities
    assert (told.max_rate, told.list_page, told.versions) == (50, 900, True)
    assert (told.clean, told.history, told.capacity) == (False, False, False)
