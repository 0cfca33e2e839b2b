"""The buckets of the account, of every cloud that is set up, in one list."""

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from restoretui.core.errors import CredentialsError, RestoreTuiError
from restoretui.core.model import DEFAULT_SCHEME, Bucket
from restoretui.tui.browse.columns import BucketRow
from restoretui.wording import format as fmt

if TYPE_CHECKING:
    from restoretui.session.session import Session


class AccountBuckets(NamedTuple):
    """What could be listed, and why the rest could not."""

    schemes: list[str]
    """The clouds asked."""
    rows: list[BucketRow]
    problems: list[RestoreTuiError]
    unlisted: list[str]
    """The clouds the problems are of, as ``oss://``."""


async def account_buckets(session: "Session", scheme: str) -> AccountBuckets:
    """Ask all clouds at once. Raises the first problem when none has anything to show.

    That the cloud which is always asked has no credentials is no problem to somebody who asked for another.
    """
    schemes = session.settings.shown_clouds(scheme)
    rows: list[BucketRow] = []
    problems: list[RestoreTuiError] = []
    unlisted: list[str] = []
    answers = await asyncio.gather(*(_ask(session, each) for each in schemes))
    for name, answer in zip(schemes, answers, strict=True):
        if isinstance(answer, RestoreTuiError):
            if name == scheme or name != DEFAULT_SCHEME or not isinstance(answer, CredentialsError):
                problems.append(answer)
                unlisted.append(f"{name}://")
            continue
        for bucket in answer:
            created = int(bucket.created.timestamp()) if bucket.created else None
            known = _archived(session, name, bucket.name)
            rows.append(BucketRow(len(rows), bucket.name, bucket.region, created, name, known))
    if problems and not rows:
        raise problems[0]
    return AccountBuckets(schemes, rows, problems, unlisted)


def _archived(session: "Session", scheme: str, bucket: str) -> str:
    """What is archived there, by the newest flat listing of all of it, and its age; nothing is listed for it."""
    totals = session.ledger.totals
    listing = totals.covering(session.cloud_of(scheme), bucket, "")
    found = totals.of(listing) if listing is not None else None
    if listing is None or found is None or not found.archived.objects:
        return ""
    age = (session.clock.now() - (listing.ended_at or listing.started_at)).total_seconds()
    return f"{fmt.sizes(found.archived.size_bytes, found.archived.unsized)} · {fmt.ago(age)}"


async def _ask(session: "Session", scheme: str) -> list[Bucket] | RestoreTuiError:
    try:
        return await session.buckets(scheme)
    except RestoreTuiError as error:
        return error
