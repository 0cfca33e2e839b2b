"""Telling what happens to runs while it happens, and which of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from restoretui.commands.output import Output
from restoretui.core.filter.matcher import row_matches
from restoretui.core.model import DEFAULT_SCHEME, State
from restoretui.ledger.records import EVERYTHING, ActivityEntry, Query
from restoretui.ledger.run_records import Run
from restoretui.session.rows.jobs import WINDOW
from restoretui.session.session import Session

Since = datetime | timedelta
"""An instant, or so long ago."""


def since_when(since: Since | None, session: Session) -> float | None:
    """The instant, in the cloud's time, that ``--since`` means."""
    if since is None or isinstance(since, datetime):
        return None if since is None else since.timestamp()
    return session.clock.now().timestamp() - since.total_seconds()


class WantedChanges(NamedTuple):
    """Which changes are told."""

    query: Query = EVERYTHING
    since: float | None = None
    """None: from the beginning of the run."""
    began: float = 0.0
    """What happened before is marked as history."""


EVERY_CHANGE = WantedChanges()


class WatchSaid(NamedTuple):
    """The options of ``watch``."""

    timeout: timedelta | None = None
    query: Query = EVERYTHING
    """With ``since``: the changes that are told."""
    since: Since | None = None
    fail_fast: bool = False
    dry_run: bool = False
    """Only what would be sent is told."""
    until_next: bool = False
    """What is due is done, and that is all."""


class Teller:
    """Says what happens to some runs while it happens: JSON lines for programs, a progress bar for people."""

    def __init__(
        self,
        session: Session,
        output: Output,
        run_ids: Sequence[int],
        awaited: frozenset[State],
        wanted: WantedChanges,
    ) -> None:
        """``awaited``: the states that are waited for."""
        self._wanted = wanted
        self._session = session
        self._output = output
        self._run_ids = run_ids
        self._bar = output.progress(awaited)
        self._last: int | None = None
        self._jobs: dict[int, str] = {}
        self._profiles: dict[int, Mapping[str, str]] = {}

    async def run(self) -> None:
        """Until cancelled."""
        with self._bar, self._session.ledger.changes.subscribe() as changed:
            await self._tell()
            async for topics in changed:
                if topics & {"activity", "runs", "batches"}:
                    await self._tell()

    async def finish(self) -> list[Run]:
        """Say what is left to say; the runs as they are now."""
        await self._tell()
        return [await self._session.ledger.runs.get(run_id) for run_id in self._run_ids]

    async def _tell(self) -> None:
        self._tell_jobs()
        if self._output.as_json:
            await self._tell_changes()
        else:
            self._bar.update([await self._session.ledger.runs.get(run_id) for run_id in self._run_ids])

    def _tell_jobs(self) -> None:
        for run_id in self._run_ids:
            for batch in self._session.batch.ours(run_id):
                known = f"{batch.status} {batch.problem}"
                if batch.status and self._jobs.get(batch.id) != known:
                    self._jobs[batch.id] = known
                    self._output.batch_state(batch)

    def _is_asked_for(self, entry: ActivityEntry) -> bool:
        if self._wanted.since is not None and entry.at < self._wanted.since:
            return False
        if self._wanted.query.where is None:
            return True
        from restoretui.ledger.activity import CLASSES, filter_row  # by now loaded: an entry was read

        return row_matches(
            self._wanted.query.where, filter_row(entry), self._session.clock.now().timestamp(), CLASSES
        )

    async def _profiles_of(self, run_id: int | None) -> Mapping[str, str]:
        if run_id is None:
            return {}
        if run_id not in self._profiles:
            self._profiles[run_id] = (await self._session.ledger.runs.get(run_id)).profiles
        return self._profiles[run_id]

    def _now(self) -> float:
        return self._session.clock.now().timestamp()

    async def _tell_changes(self) -> None:
        log = self._session.ledger.activity
        if self._last is None:
            self._last = 0
        while entries := await log.since(self._last, WINDOW, self._run_ids[0] if len(self._run_ids) == 1 else None):
            self._last = entries[-1].id
            for entry in entries:
                if entry.run_id in self._run_ids and entry.to_state is not None and self._is_asked_for(entry):
                    cloud = entry.cloud or self._session.cloud_of(DEFAULT_SCHEME)
                    profiles = await self._profiles_of(entry.run_id)
                    self._output.change(cloud.scheme, entry, profiles, is_history=entry.at < self._wanted.began)
            self._output.flush()
