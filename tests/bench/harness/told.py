"""What commands and webhooks of killed processes have told: each at least once, and none again once it was done.

Nobody can do better from outside a receiver: who dies between the telling and its record has to tell again. Each
telling has an id, by which the receiver knows it for the same.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.bench.harness.kill_points import Kind, Tally

SCRIPT = '#!/bin/sh\necho "$RESTORETUI_ID" >> {file}\nsleep 0.03\n'


class Told:
    """A command that notes its id, and a server that webhooks call; used as a context."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "commands"
        self.script = folder / "note.sh"
        self.script.write_text(SCRIPT.format(file=self._file))
        self.script.chmod(0o755)
        self._calls: Counter[str] = Counter()
        self._done: dict[str, int] = {}
        self.arrives: Callable[[str], bool] = lambda operation: False
        """Asked at each call; true: it is dropped, unheard."""
        self.url = ""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/hook"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
            await reader.readexactly(int(fields.get("content-length", 0)))
            if not self.arrives("Webhook"):
                self._calls[fields["webhook-id"]] += 1
                writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # Who called is gone.
        finally:
            writer.close()

    def note(self, done: Sequence[tuple[int, int, int, str]], tally: Tally) -> None:
        """Hold what is ``done`` by the ledger (run, job, step, kind) against what was told: none of it again."""
        told = self._told()
        for run, job, step, kind in done:
            name = f"{run}-{job}-{step}" if kind == "exec" else f"{run}-{step}"
            if told[name] > self._done.setdefault(name, told[name]):
                tally.doubled.append(f"{kind} {name} was done again after its end was written down")

    def check(self, done: Sequence[tuple[int, int, int, str]], kind: Kind, objects: int, tally: Tally) -> None:
        """Each that has to be done is done and was told; how many had to be told more than once is counted."""
        self.note(done, tally)
        told = self._told()
        for name in kind.told:
            ours = [one for one in done if one[3] == name]
            if len(ours) != (objects if name == "exec" else 1):
                tally.lost.append(f"{len(ours)} of {name} are done")
            for run, job, step, _ in ours:
                times = told[f"{run}-{job}-{step}" if name == "exec" else f"{run}-{step}"]
                if not times:
                    tally.lost.append(f"{name} {run}-{job}-{step} is done and was never told")
                tally.told += 1
                tally.told_again += max(0, times - 1)

    def _told(self) -> Counter[str]:
        lines = self._file.read_text().split() if self._file.exists() else []
        calls: Counter[str] = Counter()
        for name, times in self._calls.items():
            calls["-".join(name.split("-")[-2:])] += times
        return Counter(lines) + calls


def ended_as_it_should(rows: Sequence[tuple[Any, ...]], kind: Kind, objects: int) -> bool:
    """Every task of the kind's steps is done: rows of step, state and number."""
    discards = ["delete-archived"] if "--delete-archived" in kind.options else []
    said = discards + [
        text.partition(":")[0] for at, text in enumerate(kind.options) if kind.options[at - 1] == "--then"
    ]
    return sorted(rows) == sorted((step, "done", 1 if step == "webhook" else objects) for step in said)
