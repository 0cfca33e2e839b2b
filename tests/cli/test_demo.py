"""The sandbox's process beside the screens: whatever it says, it is neither held still nor shown."""

import sys
from pathlib import Path

import pytest

from restoretui.core.errors import UsageError
from restoretui.demo import _started

TALKER = """
import pathlib, sys
sys.stderr.write("w" * 300_000)
sys.stderr.flush()
print('{"s3": "here"}', flush=True)
sys.stderr.write("w\\n" * 300_000)
sys.stderr.flush()
pathlib.Path(sys.argv[1]).touch()
sys.stdin.read()
"""


def test_what_it_says_never_holds_it_still(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    said = tmp_path / "said-it-all"
    with _started([sys.executable, "-c", TALKER, str(said)]) as contract:
        assert contract == {"s3": "here"}
        while not said.exists():
            pass
    assert capfd.readouterr() == ("", "")


def test_its_last_words_tell_why_it_did_not_start() -> None:
    with pytest.raises(UsageError, match=r"^there is no such world$"):  # noqa: SIM117  the block is never entered
        with _started([sys.executable, "-c", "import sys; sys.exit('restoretui: there is no such world')"]):
            pass
