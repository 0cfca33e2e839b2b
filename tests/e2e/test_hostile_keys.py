"""Keys of any Unicode, in a true terminal: what the program writes there holds no control byte but its own."""

import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest

from tests.cli.conftest import Served
from tests.e2e.conftest import NEEDS_TMUX, Terminal

pytestmark = [NEEDS_TMUX, pytest.mark.terminal, pytest.mark.timeout(150)]

OURS = re.compile(
    r"\x1b\[[0-9;]*m"  # colours
    r"|\x1b\[\d+;\d+H|\x1b\[\d+C|\x1b\[H|\x1b\[2J"  # the cursor, and one clear at the start
    r"|\x1b\[\?\d+(?:;\d+)*[hl]|\x1b\[\?\d+\$p|\x1b\[[<>=]\d*u|\x1b\[>4;\dm|\x1b\[6n|\x1b\[\?6n"  # modes and probes
    r"|\x1b\]2;restoretui[ -~·]*\x07|\x1b\]22;[a-z-]*(?:\x07|\x1b\\)"  # window title, pointer
    r"|\x1b\[[0-9;]*t|\x1b\[>q|\x1b\[c|\x1b\[\?u"
)
FOREIGN = re.compile(
    "[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe0e\ufe0f\ufeff\U000e0000-\U000e0fff]"
)
PAYLOADS = (
    "\x1b]0;owned\x07", "\x1b]2;owned\x07", "\x1b]52;c;b3duZWQ=\x07", "\x1b]8;;http://owned\x1b\\x",
    "\x1bPowned\x1b\\",
    "\x1bc", "\x1b[!p", "\x1b[?1049l", "\x9b2J", "\x9d0;owned\x9c", "\x07\x08\x7f", "\r\n\t", "\u202eexe.gpj",
    "\u2066x",
    "a\u200bb\ufeff", "\U000e0041", "e" + "\u0301" * 9, "\U0001f468\u200d\U0001f469", "[@click=app.quit]x[/]",
    "[/red]", "日本語", "\u0e01\u0e33", "\u1160\u3164",
)  # fmt: skip


def odd_keys(number: int) -> list[str]:
    dice = random.Random(7)

    def character() -> str:
        while True:
            point = dice.choice((dice.randrange(0x20), dice.randrange(0x7F, 0x3000), dice.randrange(0x110000)))
            if point not in (0, 0xFFFE, 0xFFFF) and not 0xD800 <= point < 0xE000:
                return chr(point)

    noise = ["".join(character() for _ in range(dice.randrange(1, 40))) for _ in range(number)]
    return [f"{at:03}{text}" for at, text in enumerate([*PAYLOADS, *noise])]


@pytest.fixture
def env() -> Iterator[dict[str, str]]:
    """Of a small simulated cloud."""
    served = Served("--objects", "20")
    yield served.contract["env"]
    served.close()


def test_no_control_byte_but_ours_reaches_the_terminal(
    terminal: Callable[..., Terminal], env: dict[str, str], tmp_path: Path
) -> None:
    s3 = boto3.client(
        "s3", endpoint_url=env["AWS_ENDPOINT_URL"], region_name="us-east-1",
        aws_access_key_id=env["AWS_ACCESS_KEY_ID"], aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
    )  # fmt: skip
    s3.create_bucket(Bucket="odd-keys-of-any-kind")
    keys = odd_keys(60)
    for key in keys:
        s3.put_object(Bucket="odd-keys-of-any-kind", Key=key, StorageClass="GLACIER")
    shown = terminal("s3://odd-keys-of-any-kind", columns=90, lines=30, **env)
    tape = tmp_path / "tape"
    shown._tmux("pipe-pane", "-o", f"cat > {tape}")
    shown.wait("000", "odd-keys-of-any-kind")
    shown.type("d")
    shown.wait("flat", f"{len(keys)} objects")
    for _ in range(4):
        shown.type("PageDown", "Enter")
        shown.wait("Headers")
        shown.type("Escape")
        shown.wait(lambda screen: "Headers" not in screen)
    shown.type("a")
    shown.wait(f"{len(keys)} marked")
    shown.type("r")
    shown.wait("Restore", f"{len(keys)} objects")
    shown.type("Escape")
    shown.wait(lambda screen: "Cancel" not in screen)
    shown.type("c", "4", "1")
    screen = shown.wait("restoretui", "odd-keys-of-any-kind")
    assert "1 Browse" in screen.splitlines()[0], "nothing moved"
    assert "owned" not in shown._tmux("list-panes", "-F", "#{pane_title}")
    written = tape.read_bytes().decode()
    assert "␛" in written, "the keys were shown"
    rest = re.sub(r"\x1b\]52;c;[A-Za-z0-9+/=]*\x07", "", OURS.sub("", written), count=1)  # c copies
    found = [rest[max(0, match.start() - 30) : match.end() + 30] for match in FOREIGN.finditer(rest)]
    assert found == []
