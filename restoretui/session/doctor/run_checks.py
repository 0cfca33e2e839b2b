"""Whether the runs under way can go on: each profile that one of them is reached with, and whose keys it has now."""

from collections.abc import AsyncIterator

from restoretui.core.errors import CloudError, CredentialsError, RestoreTuiError, Unreachable
from restoretui.core.provider import Connection
from restoretui.engine.traffic.waits import TimeLimit
from restoretui.ledger.run_records import Run
from restoretui.session.doctor.diagnosis import Diagnosis, fine, refused
from restoretui.session.session import Session

WITHIN_S = 20.0
"""Machine seconds for one look."""


async def look_at_runs(session: Session) -> AsyncIterator[Diagnosis]:
    """A finding for each profile that a run which is not over takes keys from."""
    wanted: dict[Connection, tuple[list[Run], set[str]]] = {}
    for run in session.ledger.runs.peek_all():
        if run.can_change or run.then_open:
            for one, buckets in Connection.from_mapping(run.connection).accounts(run.buckets).items():
                if one.profile:
                    runs, of = wanted.setdefault(one, ([], set()))
                    runs.append(run)
                    of.update(buckets)
    for one, (runs, of) in wanted.items():
        numbers = ", ".join(str(run.id) for run in sorted(runs, key=lambda run: run.id))
        check = f"profile {one.profile} of {'runs' if len(runs) > 1 else 'run'} {numbers}"
        try:
            await _reach(session, one)
        except RestoreTuiError as error:
            cure = f"until it is mended, what they have in {', '.join(sorted(of))} waits; then it goes on by itself"
            yield refused(check, error, f"{error.hint}; {cure}" if error.hint else cure)
        else:
            yield fine(check, f"account {one.account}" if one.account else "it is there, with keys")


async def _reach(session: Session, connection: Connection) -> None:
    """Open it and ask whose keys they are; other troubles than with those are the cloud's, and told of elsewhere."""
    late = Unreachable(f"no answer within {WITHIN_S:.0f} s", "look at the network, a proxy or a firewall")
    async with TimeLimit(session.clock, WITHIN_S, lambda: late):
        provider = await session.clouds.by(connection).provider()
        try:
            await provider.identity()
        except CredentialsError:
            raise
        except CloudError:
            return
