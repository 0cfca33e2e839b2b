"""Webhooks of the config: what they may be, and where their secret comes from."""

import base64
from pathlib import Path
from typing import Any

import pytest

from restoretui.config.secret_file import LONGEST
from restoretui.config.webhooks import check_webhooks, secret_of
from restoretui.core.errors import UsageError


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("https://x", "written \\[webhooks.NAME\\]"),
        ({"a": "https://x"}, "written \\[webhooks.NAME\\]"),
        ({"a b": {"url": "https://x"}}, "letters, digits, dots and dashes"),
        ({"a": {}}, "url must be an http or https URL"),
        ({"a": {"url": "ftp://x/T0K3N"}}, "url must be an http or https URL"),
        ({"a": {"url": "https://x/T0K3N\r\nX-Evil: 1"}}, "url must be an http or https URL"),
        ({"a": {"url": "https://x/T0K3N b"}}, "url must be an http or https URL"),
        ({"a": {"url": "https://x:99999/T0K3N"}}, "url must be an http or https URL"),
        ({"a": {"url": "https://T0K3N@x/"}}, "a user or password, which would not be sent"),
        ({"a": {"url": "https://x", "secret": "T0K3N"}}, "unknown setting 'secret'"),
        ({"a": {"url": "https://x", "secret_env": "A", "secret_file": "b"}}, "twice"),
        ({"a": {"url": "https://x", "style": "odd"}}, "style must be standard or github"),
        ({"a": {"url": 5}}, "url must be text"),
    ],
)
def test_what_cannot_be_meant_is_said_without_a_secret(value: Any, why: str) -> None:
    with pytest.raises(UsageError, match=why) as raised:
        check_webhooks(value, "config.toml")
    assert "T0K3N" not in f"{raised.value} {raised.value.hint}"


def test_a_secret_comes_from_the_environment_or_a_file(tmp_path: Path) -> None:
    key = b"\x00\x01 key"
    (tmp_path / "secret").write_text(f"whsec_{base64.b64encode(key).decode()}\n")
    assert secret_of("a", {"secret_file": "secret"}, {}, tmp_path) == key
    assert secret_of("a", {"secret_env": "S"}, {"S": "plain"}, tmp_path) == b"plain"
    assert secret_of("a", {}, {}, tmp_path) == b""
    (tmp_path / "endless").write_bytes(b"x" * (LONGEST + 1))
    with pytest.raises(UsageError, match="it is longer than 65,536 bytes"):
        secret_of("a", {"secret_file": "endless"}, {}, tmp_path)
    for section, environment in (
        ({"secret_env": "S"}, {}), ({"secret_file": "nowhere"}, {}), ({"secret_env": "S"}, {"S": "whsec_!!"}),
    ):  # fmt: skip
        with pytest.raises(UsageError, match="webhook a: "):
            secret_of("a", section, environment, tmp_path)
