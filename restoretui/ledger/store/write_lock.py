"""SQLite's write lock: waited for as long as another process has it, and who that is.

Whoever has it lives, since the system takes the locks of the dead away: giving up would lose what is to be written,
and waiting loses nothing.
"""

import math
import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from restoretui.ledger.store.change_feed import LEDGER
from restoretui.ledger.store.sqlite_errors import is_busy
from restoretui.ledger.store.state_folder import LEDGER_FILE

TOLD_AFTER_S = 1.5
"""Seconds for which another process may write before whoever looks is told."""
LEAVING_S = 5.0
"""Seconds for which one that writes is still waited for by one that ends."""
STANDSTILL_S = 2.0
"""Seconds for which one process writes before that counts against nobody's lease."""
MOMENT_S = 5.0
"""Seconds after a standstill in which whoever could not write comes to it, and renews his leases."""

_LOCKS = Path("/proc/locks")
_WRITE_BYTE = 120
"""Of the shared index beside the write-ahead log: what who writes has locked (sqlite.org/walformat.html)."""


class WriteLock:
    """Takes the lock for the writer's thread, in which ``take``, ``free`` and ``standstill`` belong."""

    def __init__(self, folder: Path, publish: Callable[..., None]) -> None:
        """``publish`` is told of the topic ``ledger`` when a wait has become long, and when it is over."""
        self._database = folder / LEDGER_FILE
        self._publish = publish
        self._waits_since: float | None = None
        self._holder = ""
        self._gives_up_at = math.inf
        self._wanted_since: float | None = None
        self._still = (0.0, -math.inf)
        """From when to when one process alone could write, the last time that this took long."""

    @property
    def locked_out_for(self) -> float:
        """Seconds for which another process has kept the file to itself while something is to be written; else 0."""
        since = self._waits_since
        return 0.0 if since is None else time.monotonic() - since

    @property
    def is_long(self) -> bool:
        """That takes so long that whoever looks on should know."""
        return self.locked_out_for >= TOLD_AFTER_S

    @property
    def locked_out_by(self) -> str:
        """Who that is, as the end of a sentence about the ledger."""
        return self._holder or "another process writes to it"

    @property
    def gives_up_in(self) -> float | None:
        """Seconds for which that is still waited for; None: as long as it takes."""
        return None if self._gives_up_at == math.inf else max(0.0, self._gives_up_at - time.monotonic())

    def leave(self) -> None:
        """This process ends: from now on another one that writes is waited for only a little longer."""
        self._gives_up_at = min(self._gives_up_at, time.monotonic() + LEAVING_S)

    @property
    def standstill(self) -> float:
        """Seconds for which, up to now or a moment ago, one process alone could write; 0 when all can.

        What was not renewed meanwhile says nothing of who would have renewed it.
        """
        now, since, (began, ended) = time.monotonic(), self._wanted_since, self._still
        if since is not None and now - since >= STANDSTILL_S:
            return now - (began if since - ended < MOMENT_S else since)
        return now - began if now - ended < MOMENT_S else 0.0

    def take(self, connection: sqlite3.Connection) -> None:
        """Begin a transaction that writes. ``sqlite3.Error`` where that cannot be, or once nobody may wait longer."""
        self._wanted_since = self._waits_since = time.monotonic()
        is_told = False
        try:
            while True:
                try:
                    connection.execute("BEGIN IMMEDIATE")
                except sqlite3.OperationalError as error:
                    if not is_busy(error) or time.monotonic() >= self._gives_up_at:
                        raise
                    self._holder = who_writes(self._database) or self._holder
                    if not is_told and self.is_long:
                        is_told = True
                        self._publish(LEDGER)
                else:
                    return
        finally:
            self._waits_since, self._holder = None, ""
            if is_told:
                self._publish(LEDGER)

    def free(self) -> None:
        """The transaction is over."""
        began, now = self._wanted_since, time.monotonic()
        self._wanted_since = None
        if began is not None and now - began >= STANDSTILL_S:
            before, ended = self._still
            self._still = (before if began - ended < MOMENT_S else began, now)


def who_writes(database: Path) -> str:
    """The process that has the lock, as the end of a sentence; empty where the system does not tell (Linux does)."""
    pid = _holder(database)
    if not pid:
        return ""
    if _is_stopped(pid):
        return f"process {pid} writes to it and is stopped (kill -CONT {pid} lets it go on)"
    return f"process {pid} writes to it"


def _holder(database: Path) -> int:
    """0 where nobody has it, or nobody says who."""
    try:
        inode = str(database.with_name(f"{database.name}-shm").stat().st_ino)
        locks = _LOCKS.read_text("ascii", "replace")
    except OSError:
        return 0  # Another system, or a sandbox that hides it.
    for line in locks.splitlines():
        # 7: POSIX  ADVISORY  WRITE 1234 08:01:5678 120 120 (proc_locks(5)); of another namespace it is number 0.
        fields = line.split()
        if len(fields) != 8 or fields[3] != "WRITE" or fields[5].rpartition(":")[2] != inode:
            continue
        pid, first, last = fields[4], fields[6], fields[7]
        covers = first.isdigit() and int(first) <= _WRITE_BYTE and (last == "EOF" or int(last) >= _WRITE_BYTE)
        if covers and pid.isdigit() and int(pid) not in (0, os.getpid()):
            return int(pid)
    return 0


def _is_stopped(pid: int) -> bool:
    try:
        # Behind the name, which may hold anything: the state in one letter (proc_pid_stat(5)).
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] in (b"T", b"t")
    except (OSError, IndexError):
        return False
