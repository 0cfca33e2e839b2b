"""Every fault of the sandbox, over both clouds: which error the provider raises, and how often a request was sent."""

from typing import Any, NamedTuple

import pytest

from restoretui.core.errors import (
    ClockAstray,
    ConnectionLost,
    CredentialsError,
    MalformedAnswer,
    ServerFault,
    Throttled,
)
from restoretui.core.model import ObjectRef, RestoreRequest, Tier

REF = ObjectRef("bkt", "open/k")
WISH = RestoreRequest(2, Tier.BULK)


class SimulatedCloud(NamedTuple):
    """What differs between the clouds here."""

    scheme: str
    region: str
    storage_class: str
    keys: tuple[str, str]
    """The environment variables that hold the credentials."""


CLOUDS = {
    "s3": SimulatedCloud("s3", "us-east-1", "GLACIER", ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")),
    "oss": SimulatedCloud("oss", "cn-hangzhou", "ColdArchive", ("OSS_ACCESS_KEY_ID", "OSS_ACCESS_KEY_SECRET")),
}


@pytest.mark.parametrize("scheme", CLOUDS)
@pytest.mark.parametrize(
    ("fault", "restore", "read"),
    [
        ({"kind": "throttle", "rate": 0.001, "burst": 0.5}, Throttled, Throttled),
        ({"kind": "expired-token"}, CredentialsError, CredentialsError),
        ({"kind": "unknown-key"}, CredentialsError, CredentialsError),
        ({"kind": "clock-skew"}, ClockAstray, ClockAstray),
        ({"kind": "error"}, ServerFault, ServerFault),
        ({"kind": "error", "status": 503, "code": "InternalError"}, ServerFault, None),
        ({"kind": "drop", "when": "before"}, ConnectionLost, ConnectionLost),
        ({"kind": "drop", "when": "after"}, ConnectionLost, ConnectionLost),
        ({"kind": "drop", "when": "middle"}, ConnectionLost, None),
        ({"kind": "truncate"}, None, MalformedAnswer),
        ({"kind": "malformed"}, None, MalformedAnswer),
    ],
)
async def test_a_fault_has_one_name_and_nothing_is_sent_twice(
    sandbox: Any, open_s3: Any, open_oss: Any, monkeypatch: pytest.MonkeyPatch, scheme: str, fault: Any,
    restore: type[Exception] | None, read: type[Exception] | None,
) -> None:  # fmt: skip
    simulated = CLOUDS[scheme]
    cloud = await sandbox(empty=True)
    for name in simulated.keys:
        monkeypatch.setenv(name, cloud.env[name])
    cloud.cloud.add_bucket("bkt", scheme=scheme, region=simulated.region)
    cloud.cloud.put("bkt", REF.key, b"x", storage_class=simulated.storage_class)
    opened = {"s3": open_s3, "oss": open_oss}[scheme]
    provider = await opened(endpoint_url=cloud.url, clock=cloud.clock)
    await provider.bucket_region("bkt")
    cloud.faults.add(fault, cloud.cloud.now())

    if restore is not None:
        with pytest.raises(restore) as caught:
            await provider.restore_object(REF, WISH, simulated.storage_class)
        assert type(caught.value) is restore
        assert caught.value.hint  # type: ignore[attr-defined]
        assert cloud.stats.requests["RestoreObject"] == 1
    if read is not None:
        with pytest.raises(read) as caught:
            await provider.list_page("bkt", "open/")
        assert type(caught.value) is read
    if read is not None and read is not MalformedAnswer:
        with pytest.raises(read):
            await provider.head_object(REF)
    cloud.faults.clear()
    await cloud.clock.advance(30)
    assert (await provider.list_page("bkt")).entries
    state = (await provider.head_object(REF)).restore
    assert (state is not None) == (fault.get("when") in ("after", "middle"))
