"""The question of a command is about the plan that is printed above it, and about nothing else."""

import os
import pty
import re
import time
from pathlib import Path

from tests.cli import forkserver
from tests.cli.conftest import Run, Serve
from tests.cli.living import environment

PLACE = "s3://acme-frankfurt-archive/radio/berlin/"


class Asked:
    """A command at a terminal, whose questions the test answers."""

    def __init__(self, env: dict[str, str], *arguments: str) -> None:
        self.keyboard, screen = pty.openpty()
        self.process = forkserver.popen(arguments, env, stdin=screen, stdout=screen, stderr=screen)
        os.close(screen)
        self.text = ""

    def until(self, text: str, times: int = 1) -> None:
        give_up = time.monotonic() + 60
        while self.text.count(text) < times:
            assert time.monotonic() < give_up, self.text
            self._read()

    def answer(self, text: str) -> None:
        os.write(self.keyboard, text.encode() + b"\n")

    def end(self) -> int:
        while self._read():
            pass
        os.close(self.keyboard)
        return self.process.wait(30)

    def _read(self) -> bool:
        try:
            more = os.read(self.keyboard, 65536)
        except OSError:  # What a terminal says once nobody is at its other end.
            return False
        self.text += more.decode().replace("\r\n", "\n")
        return bool(more)


def offered(text: str) -> list[int]:
    return [int(number.replace(",", "")) for number in re.findall(r"Restore ([\d,]+) objects? ", text)]


def test_a_plan_that_changed_during_the_question_is_told_and_asked_about_anew(
    serve: Serve, run: Run, tmp_path: Path
) -> None:
    served = serve("--objects", "60", "--speed", "60")
    asked = Asked(environment(served, tmp_path), "restore", PLACE, "--tier", "bulk", "--days", "3")
    asked.until("[y/N]")
    (number,) = offered(asked.text)
    assert number > 1
    first = run(served, "ls", PLACE, "--json").of("object")
    archived = [row for row in first if row["state"] == "archived"]
    other = run(served, "restore", archived[0]["location"], "--tier", "bulk", "--days", "3", "--yes", "--json")
    assert other.code == 0, other.err
    asked.answer("y")
    asked.until("[y/N]", 2)
    assert "changed after this plan was made, so nothing was sent; this is the plan now" in asked.text
    assert offered(asked.text) == [number, number - 1]
    sent = sum(1 for entry in served.ask("/_sandbox/restores")["restores"] if entry["statuses"])
    assert sent == 1
    asked.answer("y")
    assert asked.end() == 0, asked.text
    accepted = [
        entry for entry in served.ask("/_sandbox/restores")["restores"] if {200, 202} & set(entry["statuses"])
    ]
    later = int(re.search(r"(\d+)  extend on arrival", asked.text)[1])  # type: ignore[index]
    assert len(accepted) == number - later
    assert all(len(entry["statuses"]) < 2 for entry in served.ask("/_sandbox/restores")["restores"])


def test_no_to_the_second_question_sends_nothing(serve: Serve, run: Run, tmp_path: Path) -> None:
    served = serve("--objects", "60", "--speed", "60")
    asked = Asked(environment(served, tmp_path), "restore", PLACE, "--tier", "bulk", "--days", "3")
    asked.until("[y/N]")
    archived = [row for row in run(served, "ls", PLACE, "--json").of("object") if row["state"] == "archived"]
    assert run(served, "restore", archived[0]["location"], "--tier", "bulk", "--days", "3", "--yes").code == 0
    asked.answer("y")
    asked.until("[y/N]", 2)
    asked.answer("n")
    assert asked.end() == 5
    assert "not confirmed, so nothing was sent" in asked.text
    assert sum(1 for entry in served.ask("/_sandbox/restores")["restores"] if entry["statuses"]) == 1
