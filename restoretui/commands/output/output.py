"""What is said of objects, runs, jobs and plans: as a row of a table for people, as a line of fields for programs."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import IO, TYPE_CHECKING, NamedTuple

from restoretui.commands.form import TABLE, Form
from restoretui.commands.output.job_words import JOB_HEAD, job_line, whole_job_lines
from restoretui.commands.output.plan_words import PLAN_HEAD, offer_text, plan_lines
from restoretui.commands.output.progress import ProgressBar
from restoretui.commands.output.streams import Streams
from restoretui.core.model import State, Tier
from restoretui.ledger.records import ActivityEntry, BrowseRow, JobRow
from restoretui.ledger.run_records import Run
from restoretui.session.jsonlines.objects import change_fields, job_fields, row_fields, row_line
from restoretui.session.jsonlines.runs import progress_fields, run_fields
from restoretui.wording import format as words
from restoretui.wording.safe import clean, fit

if TYPE_CHECKING:
    from restoretui.core.batch.jobs import JobInfo
    from restoretui.core.plan.offers import Offer
    from restoretui.core.plan.plan import RestorePlan
    from restoretui.core.progress import RunProgress
    from restoretui.ledger.batches.records import BatchJob
    from restoretui.session.rows.jobs import JobLines
    from restoretui.session.rows.listed import ListedPage


_OBJECT_HEADS = (f"{'STATE':10}", f"{'CLASS':19}", f"{'SIZE':>8}", f"{'MODIFIED':10}", f"{'EXPIRY':16}")
_OBJECT_ROOM = (0, 60, 44, 110, 96)
"""Cells that a terminal needs for each of them, beside a key that can still be read."""


class Seen(NamedTuple):
    """How fresh is what is told of a run."""

    as_of: datetime
    """When it was last looked at as a whole, or was last known to change."""
    looked: bool
    """That was just now."""


class Output(Streams):
    """One command's output, in its ``form``."""

    def __init__(
        self, form: Form = TABLE, out: IO[str] | None = None, err: IO[str] | None = None, command: str = ""
    ) -> None:
        super().__init__(form, out, err, command)
        self._columns: tuple[int, ...] | None = None
        self._listed: dict[tuple[str, str], Callable[[ListedPage], list[str]]] = {}
        self._of_runs: dict[int, JobLines] = {}
        self._unread: set[str] = set()

    def object(self, scheme: str, row: BrowseRow) -> None:
        """A listing's row."""
        if self.form.shape == "jsonl":
            self._write(row_line(scheme, row) + "\n")
            return
        if self.as_json:
            self.line("object", row_fields(scheme, row))
            return
        expiry = words.instant(row.expiry) if row.expiry else ""
        cells = (fit(row.state, 10), fit(row.storage_class, 19), f"{words.size(row.size):>8}",
                 f"{words.day(row.modified):10}", f"{expiry:16}")  # fmt: skip
        if self._columns is None:
            room = self.room
            self._columns = tuple(at for at, least in enumerate(_OBJECT_ROOM) if room is None or room >= least)
            self.head("  ".join(_OBJECT_HEADS[at] for at in self._columns) + "  KEY")
        self.row("".join(f"{cells[at]}  " for at in self._columns), self.key(scheme, row.ref))

    def objects(self, scheme: str, page: "ListedPage") -> None:
        """Some rows of a listing."""
        quick = self._listed.get((scheme, page.bucket)) or self._quick(scheme, page.bucket)
        if quick is None:
            for at in range(len(page.keys)):
                self.object(scheme, page.row(at))
        elif page.keys:
            self._is_begun = True
            if self.form.shape != "jsonl":
                self.head("  ".join(_OBJECT_HEADS) + "  KEY")
            self._write("\n".join((*quick(page), "")))

    def _quick(self, scheme: str, bucket: str) -> "Callable[[ListedPage], list[str]] | None":
        """What makes the lines of a page at once, where that is what a form comes to."""
        from restoretui.commands.output import listed_lines

        if self.form.shape == "jsonl":
            self._listed[scheme, bucket] = listed_lines.JsonLines(scheme, bucket)
        elif not self.as_json and self.room is None and not self.names_buckets:
            self._listed[scheme, bucket] = listed_lines.TableLines()
        return self._listed.get((scheme, bucket))

    def job(self, scheme: str, run: Run, row: JobRow) -> None:
        """An object of a run."""
        if self.as_json:
            self.line("object", job_fields(scheme, run, row))
            return
        expiry = words.instant(row.expiry) if row.expiry else ""
        is_wide = self.room is None or self.room >= 80
        self.head(
            "STATE       TIER       EXPIRY            SIZE      KEY  (REASON)" if is_wide else "STATE       KEY"
        )
        is_told = row.state not in (State.AVAILABLE, State.REQUESTED) or bool(row.output_path)
        reason = f"  ({clean(row.reason)})" if row.reason and is_told else ""
        cells = f"{fit(row.tier or '', 9)}  {expiry:16}  {words.size(row.size):>8}  " if is_wide else ""
        key = self.key(scheme, row.ref)
        if reason:
            self.text(f"{fit(row.state, 10)}  {cells}{clean(key)}{reason}")
        else:
            self.row(f"{fit(row.state, 10)}  {cells}", key)

    def jobs(self, scheme: str, run: Run, rows: Sequence[JobRow]) -> None:
        """Some objects of a run."""
        if self.form.shape != "jsonl":
            for row in rows:
                self.job(scheme, run, row)
            return
        from restoretui.session.rows.jobs import JobLines

        made = self._of_runs.get(run.id)
        if made is None:
            made = self._of_runs[run.id] = JobLines(scheme, run)
        if rows:
            self._is_begun = True
            self._write("\n".join((*made(rows), "")))

    def run(
        self,
        run: Run,
        looks_cost: Decimal | None,
        seen: "Seen | None" = None,
        goes: "RunProgress | None" = None,
        command: str | None = None,
    ) -> None:
        """A run and how far it is; ``looks_cost`` is what watching it has cost, ``seen`` how fresh this is.

        With how it ``goes``, too, where that was asked for; and ``command``, how to type it again, empty where no
        one knows.
        """
        if self.as_json:
            about = {} if seen is None else {"looked": seen.looked, "as_of": seen.as_of}
            told = {} if goes is None else {"progress": progress_fields(goes)}
            again = {} if command is None else {"command_line": command or None}
            self.line("run", run_fields(run, looks_cost) | about | told | again)
            return
        self.head("RUN  STARTED           TIER       DAYS  OBJECTS     SIZE      STATES")
        states = ", ".join(f"{count:,} {state}" for state, count in run.counts.items() if count)
        states += "".join(f"; then {one.told}" for one in run.then if one.is_news)
        states += f"; {clean(run.ticket)}" if run.ticket else ""
        if seen is not None and run.can_change and not seen.looked:
            states += f" (as of {words.stamp(seen.as_of)})"
        self.text(
            f"{run.id:>3}  {words.instant(run.created_at)}  {run.tier:9}  {run.days:>4}  {run.objects:>10,}"
            f"  {words.size(run.told_bytes):>8}  {states}"
        )
        if goes is not None:
            from restoretui.commands.output.run_words import behalf_lines
            from restoretui.wording.going import progress_lines

            for line in (*behalf_lines(run), *progress_lines(goes, run.currency)):
                self.say(f"run {run.id}: {line}")

    def batch_job(
        self, job: "JobInfo", run: int | None, *, whole: bool = False, tags: Mapping[str, str] | None = None
    ) -> None:
        """A job of S3 Batch Operations; ``whole``: with all that is known of it, ``tags`` None if not allowed."""
        if self.as_json:
            from restoretui.session.jsonlines.jobs import batch_job_fields, whole_job_fields

            self.line("job", whole_job_fields(job, run, tags) if whole else batch_job_fields(job, run))
            return
        self.head(JOB_HEAD)
        self.text(job_line(job, run))
        if whole:
            for text in whole_job_lines(job, tags):
                self.text(text)

    def batch_state(self, batch: "BatchJob") -> None:
        """A job of ours came into another status."""
        if self.as_json:
            from restoretui.session.jsonlines.jobs import batch_fields

            self.line("job", batch_fields(batch))
            return
        tasks = f", {batch.succeeded + batch.failed:,} of {batch.total:,} tasks" if batch.total else ""
        problem = f": {batch.problem}" if batch.problem else ""
        name = f"job {batch.job_id}" if batch.job_id else f"job for {batch.bucket}"
        self.say(f"{name}: {batch.status}{tasks}{problem}")

    def change(
        self, scheme: str, entry: ActivityEntry, profiles: Mapping[str, str], *, is_history: bool = False
    ) -> None:
        """A change of state, as it arrives, or as it was told before; ``profiles`` are its run's."""
        if self.as_json:
            self.line("change", change_fields(scheme, entry, profiles) | ({"history": True} if is_history else {}))
            return
        key = clean(self.key(scheme, entry.ref)) if entry.ref else ""
        self.text(
            f"{words.time_of_day(entry.at)}  {fit(entry.to_state or entry.kind, 10)}  {key}  {clean(entry.text)}"
        )

    def plan(self, plan: "RestorePlan", only: Tier | None = None) -> None:
        """Every tier of a plan, or one."""
        from restoretui.session.jsonlines.plans import plan_fields

        for tier, chosen in plan.tiers.items():
            if only is None or tier is only:
                if self.as_json:
                    self.line("plan", plan_fields(plan, chosen))
                else:
                    self.head(PLAN_HEAD)
                    for text in plan_lines(plan, chosen):
                        self.text(text)

    def offer(self, offer: "Offer") -> None:
        """What an act other than a restore would send and cost."""
        if self.as_json:
            from restoretui.session.jsonlines.plans import offer_fields

            self.line("plan", offer_fields(offer))
        else:
            self.say(f"{offer.act.removesuffix(' job')} of {offer.about}: {offer_text(offer)}")

    def plan_note(self, plan: "RestorePlan") -> None:
        """Where the numbers come from."""
        for one in plan.expiring:
            self.say(words.expires(one))
        for bucket, why in plan.rules_unread.items():
            if bucket not in self._unread:
                self._unread.add(bucket)
                self.say(f"whether objects of {bucket} expire earlier is not known: its lifecycle rules give {why}")
        if plan.is_of_before:
            self.say(words.of_before(plan.as_of))
        table = plan.prices
        missing = ", ".join(plan.regions_unpriced) or "the buckets' own region"
        whose = "" if plan.prices_exact else f"; there are none for {missing}, so this is an estimate"
        if plan.tells_days:
            self.say(f"copies last until {words.stamp(plan.expiry)} or later; times are typical, not promised")
        if table.date:
            of = ", ".join(plan.regions or table.regions) if plan.prices_exact else table.regions[0]
            self.say(f"prices: {of} as of {table.date} ({table.currency}){whose}")
        else:
            self.say("prices: none are known here; prices.toml in the config folder can name them")

    def progress(self, awaited: frozenset[State]) -> ProgressBar:
        """A bar on stderr over jobs leaving the ``awaited`` states; silent with JSON."""
        silent = self.form.is_json or self.form.quiet or not self.form.progress
        return ProgressBar(self._err, awaited, silent=silent)
