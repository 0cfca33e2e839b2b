"""What a person who says yes to everything does."""

from collections.abc import Callable, Iterable
from typing import Any

from restoretui.core.batch.jobs import BatchOptions
from restoretui.core.model import ObjectRef
from restoretui.ledger.run_records import Run
from restoretui.session.session import Session


async def retry(session: Session, run_id: int) -> int:
    consent = await session.spending.agree([await session.spending.offer_retry(run_id)])
    return await session.spending.retry(consent, run_id)


async def retry_jobs(session: Session, run_id: int, options: BatchOptions) -> int:
    consent = await session.spending.agree([await session.spending.offer_retry(run_id, jobs=True)])
    return await session.spending.retry_jobs(consent, run_id, options)


async def clone_job(session: Session, job_id: str) -> str:
    consent = await session.spending.agree([await session.spending.offer_clone(job_id)])
    return await session.spending.clone(consent, job_id)


async def confirm_job(session: Session, job_id: str) -> str:
    consent = await session.spending.agree([await session.spending.offer_job(job_id)])
    return await session.spending.confirm_job(consent, job_id)


async def clean(
    session: Session, scheme: str, refs: Iterable[ObjectRef], told: Callable[[Any], None], run: Run | None = None
) -> None:
    refs = list(refs)
    consent = await session.spending.agree([session.spending.offer_clean(len(refs), 0)])
    await session.spending.clean(consent, scheme, refs, told, run)
