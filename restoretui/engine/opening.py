"""What a run is pursued with: its context, and that of each account where there are several.

An account that cannot be opened (its profile is gone, say) holds up what is asked with it and nothing else, as long
as another one can be: its provider comes late (``traffic.late_provider``).
"""

from collections.abc import Awaitable, Callable
from typing import Any

from msgspec.structs import replace

from restoretui.core.errors import CloudError, CredentialsError, LedgerError, RestoreTuiError
from restoretui.core.provider import Connection, Provider
from restoretui.engine.run_context import RunContext
from restoretui.engine.traffic.by_account import by_account
from restoretui.engine.traffic.channel import Channel, Channels
from restoretui.engine.traffic.late_provider import late_provider
from restoretui.ledger.run_records import Run

Making = Callable[[Channel, Provider, Any], RunContext]
"""Makes the context of one channel, for some buckets or all (None)."""


async def open_run(channels: Channels, run: Run, made: Making) -> RunContext:
    """The context of a run; ``RestoreTuiError`` where none of its accounts can be opened."""
    connection = Connection.from_mapping(run.connection)
    accounts = connection.accounts(run.buckets)
    channel = channels.by(connection)
    beside: dict[Connection, set[str]] = {}
    for bucket, one in connection.buckets:
        if bucket not in run.buckets:
            beside.setdefault(one, set()).add(bucket)  # Where copies go, written with keys of its own.
    if len(accounts) <= 1 and not beside:
        return made(channel, await channel.provider(), None)
    opened: dict[Connection, Provider] = {}
    absent: list[RestoreTuiError] = []
    for one in accounts:
        try:
            opened[one] = await channels.by(one).provider()
        except LedgerError:
            raise
        except RestoreTuiError as error:
            absent.append(error)
    if not opened:
        raise absent[0]
    like = next(iter(opened.values()))
    usual = replace(connection, buckets=())
    for one in (*accounts, usual, *(one for _, one in connection.buckets)):
        if one not in opened:
            of = accounts.get(one) or frozenset(beside.get(one, ()))
            opened[one] = late_provider(_opening(channels.by(one), of), like, one.account)
    whole = made(channel, by_account(opened[usual], {of: opened[one] for of, one in connection.buckets}), None)
    of_each = [*accounts.items(), *((one, frozenset(buckets)) for one, buckets in beside.items())]
    return replace(whole, parts=tuple(made(channels.by(one), opened[one], buckets) for one, buckets in of_each))


async def check_ways(channels: Channels, run: Run) -> None:
    """What is unsent of a run could be sent by each of its accounts, as far as its profiles tell; raises why not.

    Nobody looks at what was never sent, so that nothing else tells of it before it is tried.
    """
    for one, buckets in Connection.from_mapping(run.connection).accounts(run.buckets).items():
        channel = channels.by(one)
        provider = await _opening(channel, buckets)()
        if one.account is not None:
            try:
                await provider.identity()
            except CredentialsError:
                raise
            except CloudError:
                continue  # That they may not be asked for says nothing of them.


def _opening(channel: Channel, buckets: frozenset[str]) -> Callable[[], Awaitable[Provider]]:
    """Opens a channel's provider. Where that fails, it is waited for as for keys that are out of order."""
    profile = channel.connection.profile
    who = f"profile {profile!r}" if profile else "the credentials"

    async def open_it() -> Provider:
        try:
            return await channel.provider()
        except CloudError:
            raise
        except RestoreTuiError as error:
            where = ", ".join(sorted(buckets))
            raise CredentialsError(
                f"{who} cannot be used, so what is in {where} waits: {error}",
                f"mend it, and it goes on by itself{f'; {error.hint}' if error.hint else ''}",
            ).as_wrong() from error

    return open_it
