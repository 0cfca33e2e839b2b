"""What asking through jobs, or once more, comes to: whether it can be, its fees, and what is offered."""

from collections.abc import Collection, Iterable, Sequence

from restoretui.core.batch.jobs import account_of
from restoretui.core.batch.planned_jobs import NO_EXPEDITED, NO_PAYER
from restoretui.core.errors import UsageError
from restoretui.core.model import Tier
from restoretui.core.plan.job_fees import JobFees
from restoretui.core.plan.offers import Act, Offer
from restoretui.core.plan.pricing import Cost
from restoretui.core.provider import Connection
from restoretui.ledger.batches.records import BatchJob
from restoretui.ledger.run_records import Run
from restoretui.ledger.runs.job_lines import JobLine


def check_may_be_jobs(reached: Connection, buckets: Collection[str], *, of_first: bool = False) -> None:
    """``UsageError`` where requesters pay, which no job can agree to.

    ``of_first``: also where they are of another account than the command's first location.
    """
    if any(one.requester_pays for one in reached.accounts(buckets)):
        raise UsageError(NO_PAYER, "restore without jobs: --engine direct, or auto")

    if of_first and not reached.is_plain_for(buckets):
        raise UsageError(
            "a manifest that exists is read, and its job made, with the keys of one account, and its objects are"
            " reached as another's",
            "name that account alone, by --profile",
        )


def latest_roles(jobs: Iterable[BatchJob]) -> str:
    """The roles that a run's jobs acted as, of each account the latest; as ``BatchOptions.role_arn`` has several."""
    return ",".join({account_of(job.options.role_arn): job.options.role_arn for job in jobs}.values())


def with_fees(cost: Cost, fees: JobFees, jobs: int, objects: int) -> Cost:
    """The cost, and what so many jobs of so many objects cost themselves."""
    return cost.beside(fees.of_jobs("", jobs, objects))


def check_takes_jobs(run: Run) -> None:
    """``UsageError`` for a run whose objects no job could ask for."""
    check_may_be_jobs(Connection.from_mapping(run.connection), run.buckets)
    if run.literal:
        raise UsageError("its requests are said literally, and a job sends its own", "retry them directly")
    if run.tier is Tier.EXPEDITED:
        raise UsageError(NO_EXPEDITED, "retry them directly")


def offer_again(act: Act, about: str, lines: Sequence[JobLine], cost: Cost, currency: str) -> Offer:
    """To ask for the objects of these lines once more."""
    objects, size = sum(line.objects for line in lines), sum(line.size_bytes for line in lines)
    return Offer(act, about, objects, size, cost.total, currency, cost.unpriced, cost.fees_unknown)
