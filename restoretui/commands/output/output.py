"""The only writer of stdout: tables for people, JSON lines for programs. Words for people go to stderr."""

import io
import sys
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from restoretui.commands.output.plan_words import cost_remarks, cost_text, offer_text
from restoretui.commands.output.progress import ProgressBar
from restoretui.core.errors import CloudError, RestoreTuiError
from restoretui.core.model import State, Tier
from restoretui.core.rules.verdicts import Action
from restoretui.ledger.records import ActivityEntry, BrowseRow, JobRow
from restoretui.ledger.run_records import Run
from restoretui.session.jsonlines.errors import error_fields
from restoretui.session.jsonlines.line import json_line
from restoretui.session.jsonlines.objects import change_fields, job_fields, row_line
from restoretui.session.jsonlines.runs import progress_fields, run_fields
from restoretui.session.jsonlines.summaries import SUMMARIES
from restoretui.wording import format as words
from restoretui.wording.safe import clean, fit

if TYPE_CHECKING:
    from restoretui.core.batch.jobs import JobInfo
    from restoretui.core.plan.offers import Offer
    from restoretui.core.plan.plan import RestorePlan, TierPlan
    from restoretui.core.progress import RunProgress
    from restoretui.ledger.batches.records import BatchJob


class Seen(NamedTuple):
    """How fresh is what is told of a run."""

    as_of: datetime
    """When it was last looked at as a whole, or was last known to change."""
    looked: bool
    """That was just now."""


class Output:
    """One command's output. ``as_json`` chooses between the two forms."""

    def __init__(
        self, as_json: bool, out: IO[str] | None = None, err: IO[str] | None = None, command: str = ""
    ) -> None:
        self.as_json = as_json
        self.command = command
        """As it was typed: ``ls``, ``batch show``."""
        self._sums: dict[str, Any] = {}
        self._is_begun = self._is_over = False
        self._out = out or sys.stdout
        self._err = err or sys.stderr
        self._is_terminal = self._out.isatty()
        self._headed = ""
        self._unread: set[str] = set()
        self.left = ""
        """What an interruption leaves behind, in words; nothing for a command that sends nothing."""
        self.is_exact = False
        """Stdout holds text in a form of its own, which a sentence would spoil."""

    # --- for people --------------------------------------------------------------------------------------------

    def say(self, text: str) -> None:
        """One line on stderr."""
        print(clean(text), file=self._err, flush=True)

    def error(self, error: RestoreTuiError) -> None:
        """What went wrong and what to do next, on stderr; with JSON also as a line on stdout."""
        if self.as_json:
            self.line("error", error_fields(error))
        details = ""
        if isinstance(error, CloudError) and (error.code or error.request_id):
            code = "" if error.code in str(error) else error.code
            known = [code, f"request id {error.request_id}" if error.request_id else ""]
            told = ", ".join(part for part in known if part)
            details = f" ({told})" if told else ""
        self.say(f"restoretui: {error}{details}")
        if error.hint:
            self.say(f"  {error.hint}")

    def text(self, line: str) -> None:
        """One line of a table; its cells are cleaned where they are made, and on a terminal once more as a line."""
        print(clean(line) if self._is_terminal else line, file=self._out)

    def flush(self) -> None:
        """Push out what is buffered."""
        self._out.flush()

    def head(self, line: str) -> None:
        """The heading of a table, once."""
        self._head(line)

    # --- for programs ------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """It is to end with a summary, whatever becomes of it."""
        self._is_begun = True

    def line(self, kind: str, fields: Mapping[str, Any]) -> None:
        """One JSON line; not the summary, which comes last by itself."""
        self._is_begun = True
        self.text(json_line(kind, fields))

    def summary(self, fields: Mapping[str, Any]) -> None:
        """What the last line of all is to say, for programs only; the rest of it is 0 or empty."""
        self._sums |= fields
        self.flush()

    def end(self, code: int) -> None:
        """Write the summary, once."""
        if self.as_json and self._is_begun and not self._is_over:
            self._is_over = True
            told = {"command": self.command, "exit_code": int(code)}
            self.line("summary", told | dict(SUMMARIES.get(self.command, {})) | self._sums)

    def cell(self, value: str) -> str:
        """A value for ``raw``: as it is, and spelled out where it would go to a terminal."""
        return clean(value) if self._is_terminal else value

    def raw(self, text: str) -> None:
        """Exactly this, in UTF-8 whatever the locale; on a terminal the same lines with nothing in them that acts."""
        self.is_exact = True
        if self._is_terminal:
            for line in text.splitlines(keepends=True):
                print(clean(line.rstrip("\r\n")), file=self._out, end="\n" if line.endswith("\n") else "")
        elif isinstance(self._out, io.TextIOWrapper):
            self._out.flush()
            self._out.buffer.write(text.encode("utf-8", "backslashreplace"))
        else:
            self._out.write(text)

    # --- both --------------------------------------------------------------------------------------------------

    def object(self, scheme: str, row: BrowseRow) -> None:
        """A listing's row."""
        if self.as_json:
            self.text(row_line(scheme, row))
            return
        self._head("STATE       CLASS                    SIZE  MODIFIED    EXPIRY            KEY")
        version = f"  {clean(row.ref.version_id)}" if row.ref.version_id else ""
        expiry = words.instant(row.expiry) if row.expiry else ""
        self.text(
            f"{fit(row.state, 10)}  {fit(row.storage_class, 19)}  {words.size(row.size):>8}"
            f"  {words.day(row.modified):10}  {expiry:16}  {clean(row.ref.key)}{version}"
        )

    def job(self, scheme: str, run: Run, row: JobRow) -> None:
        """An object of a run."""
        if self.as_json:
            self.line("object", job_fields(scheme, run, row))
            return
        self._head("STATE       TIER       EXPIRY            SIZE      KEY  (REASON)")
        expiry = words.instant(row.expiry) if row.expiry else ""
        reason = (
            f"  ({clean(row.reason)})" if row.reason and row.state not in (State.AVAILABLE, State.REQUESTED) else ""
        )
        self.text(
            f"{fit(row.state, 10)}  {fit(row.tier or '', 9)}  {expiry:16}  {words.size(row.size):>8}"
            f"  {clean(row.ref.key)}{reason}"
        )

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
        self._head("RUN  STARTED           TIER       DAYS  OBJECTS     SIZE      STATES")
        states = ", ".join(f"{count:,} {state}" for state, count in run.counts.items() if count)
        states += "".join(f"; then {one.told}" for one in run.then)
        if seen is not None and run.can_change and not seen.looked:
            states += f" (as of {words.instant(seen.as_of)} UTC)"
        self.text(
            f"{run.id:>3}  {words.instant(run.created_at)}  {run.tier:9}  {run.days:>4}  {run.objects:>10,}"
            f"  {words.size(run.size_bytes):>8}  {states}"
        )
        if goes is not None:
            from restoretui.wording.going import progress_lines

            for line in progress_lines(goes, run.currency):
                self.say(f"run {run.id}: {line}")

    def batch_job(
        self, job: "JobInfo", run: int | None, *, whole: bool = False, tags: Mapping[str, str] | None = None
    ) -> None:
        """A job of S3 Batch Operations; ``whole``: with all that is known of it, ``tags`` None if not allowed."""
        if self.as_json:
            from restoretui.session.jsonlines.jobs import batch_job_fields, whole_job_fields

            self.line("job", whole_job_fields(job, run, tags) if whole else batch_job_fields(job, run))
            return
        self._head("STATUS      PRIORITY       TASKS  SUCCEEDED     FAILED  CREATED           REGION          JOB")
        created = words.instant(job.created) if job.created else ""
        name = f"{clean(job.job_id)}{f'  run {run}' if run else ''}  {clean(job.description)}".rstrip()
        self.text(
            f"{fit(job.status, 10)}  {job.priority:>8}  {job.total:>10,}  {job.succeeded:>9,}  {job.failed:>9,}"
            f"  {created:16}  {job.region:14}  {name}"
        )
        if whole:
            self._whole_job(job, tags)

    def _whole_job(self, job: "JobInfo", tags: Mapping[str, str] | None) -> None:
        report = f"s3://{job.report.bucket}/{job.report.prefix} ({job.scope})" if job.report else "none"
        restore = f"{job.tier or '?'}, {f'{job.days} days' if job.days is not None else 'no days'}"
        ended = words.instant(job.ended) if job.ended else ""
        facts = {
            "region": job.region, "restore": restore, "role": job.role_arn, "manifest": job.manifest,
            "generated": f"from {job.generated}" if job.generated else "",
            "report": report, "active for": words.duration(job.elapsed_s), "ended": ended, "reason": job.reason,
            "tags": "may not be read (s3:GetJobTagging)" if tags is None
            else ", ".join(f"{name}={value}" for name, value in tags.items()),
        }  # fmt: skip
        for name, value in facts.items():
            if value:
                self.text(f"  {name:10}  {clean(value)}")
        for code, why in job.failures:
            self.text(f"  {'failure':10}  {clean(code)}: {clean(why)}")

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

    def change(self, scheme: str, entry: ActivityEntry) -> None:
        """A change of state, as it arrives."""
        if self.as_json:
            self.line("change", change_fields(scheme, entry))
            return
        key = clean(entry.ref.key) if entry.ref else ""
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
                    self._plan_text(plan, chosen)

    def _plan_text(self, plan: "RestorePlan", chosen: "TierPlan") -> None:
        self._head("TIER       REQUESTS        SIZE  COST         TYPICAL TIME   OBJECTS LEFT OUT")
        out = {action: count for action, count in chosen.counts.items() if not action.sends}
        left = ", ".join(f"{count:,} {action}" for action, count in out.items())
        window = words.span(chosen.window) if chosen.window else "–"
        self.text(
            f"{chosen.request.tier:9}  {chosen.requests:>8,}  {words.sizes(chosen.size_bytes, chosen.unsized):>10}"
            f"  {cost_text(chosen, plan.prices.currency):11}  {window:13}  {left or '–'}"
        )
        for archive, seen in plan.seen_here(chosen.request.tier).items():
            self.text(f"           {words.seen_here(chosen.request.tier, archive, seen)}")
        for remark in cost_remarks(plan, chosen):
            self.text(f"           {remark}")
        if chosen.at_quota is not None:
            self.text(f"           {words.at_quota(chosen.at_quota)}")
        reasons: dict[str, int] = {}
        for line in chosen.lines:
            told = line.verdict.action in (Action.LATER, Action.SHORTEN) or line.group.facts.intent is not None
            if told or not line.verdict.action.sends:
                text = f"{line.verdict.action}: {line.verdict.reason}"
                reasons[text] = reasons.get(text, 0) + line.group.objects
        for reason, count in reasons.items():
            self.text(f"           {count:>8,}  {clean(reason)}")

    def offer(self, offer: "Offer") -> None:
        """What an act other than a restore would send and cost."""
        if self.as_json:
            from restoretui.session.jsonlines.plans import offer_fields

            self.line("plan", offer_fields(offer))
        else:
            self.say(f"{offer.act} of {offer.about}: {offer_text(offer)}")

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
        self.say(f"copies last until {words.instant(plan.expiry)} UTC or later; times are typical, not promised")
        if table.date:
            of = ", ".join(plan.regions or table.regions) if plan.prices_exact else table.regions[0]
            self.say(f"prices: {of} as of {table.date} ({table.currency}){whose}")
        else:
            self.say("prices: none are known here; prices.toml in the config folder can name them")

    def progress(self, awaited: frozenset[State]) -> ProgressBar:
        """A bar on stderr over jobs leaving the ``awaited`` states; silent with JSON."""
        return ProgressBar(self._err, awaited, silent=self.as_json)

    def _head(self, head: str) -> None:
        if self._headed != head:
            self._headed = head
            self.text(head)
