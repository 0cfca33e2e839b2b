"""The commands that say a run, as they were when it was confirmed; and the objects that such a command names."""

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from sqlite3 import Connection
from typing import Any, NamedTuple

from restoretui.core.errors import LedgerDamaged
from restoretui.core.model import ObjectRef, Tier
from restoretui.core.rules.commands import ShellCommand, read_told, told
from restoretui.core.rules.verdicts import Action
from restoretui.ledger.store.decoding import TIERS, decodes
from restoretui.ledger.store.writer import Tx

LISTABLE = (
    "coalesce({0}version_id, '') = '' AND instr({0}key, char(10)) = 0 AND substr({0}key, -1) <> char(13)"
    " AND substr({0}key, 1, 1) <> char(65279)"
)
"""``core.saying.key_words.can_be_listed``, in SQL."""
_SENDS = ", ".join(f"'{action}'" for action in Action if action.sends_now)
_ROWS = 10_000


class Asked(NamedTuple):
    """Objects of a run that were asked for in the same way."""

    bucket: str
    storage_class: str
    tier: Tier | None
    days: int | None
    objects: int
    line_id: int


def keep(tx: Tx, run_id: int, commands: Sequence[ShellCommand]) -> None:
    """Note the commands with the run, in the transaction that makes it."""
    if commands:
        tx.run("INSERT INTO run_command (run_id, commands) VALUES (?, ?)", (run_id, json.dumps(told(commands))))


@decodes("the command of a run")
def commands_of(row: tuple[Any, ...] | None) -> list[ShellCommand]:
    """None were kept of runs that an earlier version made."""
    return [] if row is None else read_told(json.loads(row[0]))


def lists_named(rows: Sequence[tuple[Any, ...]]) -> set[str]:
    """The files of keys that these rows of ``run_command`` name; none of rows that cannot be read."""
    found: set[str] = set()
    for row in rows:
        with suppress(LedgerDamaged):  # ``ledger check`` says so.
            found |= {Path(list_of(command)).name for command in commands_of(row) if list_of(command)}
    return found


def list_of(command: ShellCommand) -> str:
    """The file it names by ``--keys-from``; empty for none."""
    words = command.words
    return words[words.index("--keys-from") + 1] if "--keys-from" in words else ""


def listed_keys(connection: Connection, run_id: int, bucket: str) -> Iterator[bytes]:
    """The keys of a run on a bucket that a list can hold, as lines."""
    cursor = connection.execute(
        "SELECT j.key FROM job j JOIN bucket b ON b.id = j.bucket_id WHERE j.run_id = ? AND b.name = ?"
        f" AND {LISTABLE.format('j.')} ORDER BY j.id",
        (run_id, bucket),
    )
    while rows := cursor.fetchmany(_ROWS):
        yield "".join(f"{key}\n" for (key,) in rows).encode("utf-8", "surrogatepass")


@decodes("an object of a run")
def read_asked(connection: Connection, run_id: int) -> list[Asked]:
    """How a run's objects were asked for, in groups."""
    rows = connection.execute(
        "SELECT b.name, n.storage_class, n.tier, n.days, count(*), n.id FROM job j JOIN line n ON n.id = j.line_id"
        f" JOIN bucket b ON b.id = j.bucket_id WHERE j.run_id = ? AND n.action IN ({_SENDS})"
        " GROUP BY b.id, n.id ORDER BY 1, 6",
        (run_id,),
    ).fetchall()
    return [Asked(row[0], row[1], TIERS[row[2]], row[3], row[4], row[5]) for row in rows]


def refs_asked(connection: Connection, run_id: int, asked: Asked) -> list[ObjectRef]:
    """The objects of one group."""
    rows = connection.execute(
        "SELECT j.key, j.version_id FROM job j JOIN bucket b ON b.id = j.bucket_id"
        " WHERE j.run_id = ? AND j.line_id = ? AND b.name = ? ORDER BY j.id",
        (run_id, asked.line_id, asked.bucket),
    ).fetchall()
    return [ObjectRef(asked.bucket, key, version or None) for key, version in rows]
