"""What the environment says of TLS, proxies and the HTTP client, by command: one sentence, an exit code, no hang."""

from typing import Any

import pytest

from tests.cli.conftest import Run, Served

PLACE = "s3://acme-frankfurt-archive"


@pytest.mark.parametrize("said", ["aiohttp", "SDK", "\x1b[31m"])
@pytest.mark.parametrize("command", [("ls", PLACE), ("status",), ("restore", PLACE, "--days", "1", "--tier", "bulk")])
def test_a_client_that_does_not_exist_is_a_usage_error_of_every_command(
    run: Run, served: Served, said: str, command: tuple[Any, ...]
) -> None:
    ran = run(served, *command, RESTORETUI_HTTP=said)
    assert (ran.code, ran.out) == (2, "")
    assert "$RESTORETUI_HTTP must be own or sdk, not" in ran.err
    assert "\x1b" not in ran.err


@pytest.mark.parametrize("client", ["", "own", "sdk"])
def test_a_restore_goes_through_either_client(run: Run, served: Served, client: str) -> None:
    args = (PLACE, "--days", "2", "--tier", "bulk", "--storage-class", "GLACIER", "--yes", "--json")
    ran = run(served, "restore", *args, RESTORETUI_HTTP=client)
    assert ran.code == 0, ran.err
    assert served.stats["requests"]["RestoreObject"] == ran.of("plan")[0]["requests"] > 0


SETTINGS: list[tuple[dict[str, str], int, str]] = [
    ({"AWS_CA_BUNDLE": "/no/such/bundle.pem"}, 2, "$AWS_CA_BUNDLE names /no/such/bundle.pem, which is not there"),
    ({"REQUESTS_CA_BUNDLE": "/no/such/b.pem"}, 2, "$REQUESTS_CA_BUNDLE names /no/such/b.pem, which is not there"),
    ({"HTTP_PROXY": "socks5://127.0.0.1:1080"}, 2, "HTTP_PROXY names socks5://127.0.0.1:1080: a proxy that speaks"),
    ({"HTTP_PROXY": "http://me:hidden@[::1"}, 2, "HTTP_PROXY names no proxy that can be meant"),
]


@pytest.mark.parametrize(("extra", "code", "said"), SETTINGS)
def test_a_setting_that_cannot_be_meant_is_named(
    run: Run, served: Served, extra: dict[str, str], code: int, said: str
) -> None:
    ran = run(served, "ls", PLACE, NO_PROXY="", no_proxy="", **extra)
    assert (ran.code, said in ran.err) == (code, True), ran.err
    assert "hidden" not in ran.err
    assert sum(served.stats["requests"].values()) == 0
