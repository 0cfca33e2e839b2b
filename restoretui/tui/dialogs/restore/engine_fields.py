"""How a restore is sent: one request an object, or jobs of S3 Batch Operations, and how those are made."""

from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input, Static

from restoretui.core.batch.jobs import REPORTS, BatchOptions, ReportScope, as_tags
from restoretui.core.batch.planned_jobs import EngineChoice, Portion, jobs_of
from restoretui.core.errors import UsageError
from restoretui.core.model import Tier
from restoretui.core.plan.job_fees import PER_JOB, PER_OBJECT, PER_SEARCHED
from restoretui.core.plan.plan import RestorePlan
from restoretui.tui.shell import Working
from restoretui.tui.widgets.pick_line import PickLine
from restoretui.tui.words import Part, said
from restoretui.wording import format as fmt

ENGINES = {"direct": "direct", "batch": "batch jobs", "auto": "auto"}
EXPLAINED = {
    "direct": "this machine sends every request, and none while it is closed",
    "batch": "S3 sends them itself, whether this machine is on or not, for a fee and not at Expedited",
    "auto": "jobs where they are worth their fee, else direct",
}
"""What they mean, while one chooses."""
SCOPES = {ReportScope.ALL.value: "all tasks", ReportScope.FAILED.value: "failed", ReportScope.NONE.value: "none"}
MANIFESTS = {"written": "written", "generated": "generated"}
STARTS = {"ready": "when ready", "hold": "after review"}


class EngineFields(Working, Vertical):
    """Shown for S3 alone; the fields of jobs only while jobs are what would be sent."""

    _choosing: tuple[RestorePlan, Tier] | None = None
    """For which an engine is being chosen."""

    class Changed(Message):
        """The plan reads differently now."""

    class Explained(Message):
        """Another height: what it means is told, or no longer."""

    def compose(self) -> ComposeResult:
        settings = self.session.settings
        self._engine = PickLine("Engine", ENGINES, "direct", id="engine")
        self._why = Static("", id="engine-why", markup=False)
        self.role = Input(settings.batch_role_arn or "", compact=True, select_on_focus=False, id="role")
        self._priority = Input(
            str(settings.batch_priority), type="integer", max_length=10, compact=True, id="priority"
        )
        self._scope = PickLine("Report", SCOPES, settings.batch_report_scope, id="scope")
        self._start = PickLine("Start", STARTS, "ready", id="start")
        self._description = Input(compact=True, max_length=200, id="description")
        self._manifest = PickLine("Manifest", MANIFESTS, settings.batch_manifest, id="manifest")
        self._tags = Input(compact=True, placeholder="KEY=VALUE, …", id="tags")
        for field in (self.role, self._priority, self._description, self._tags):
            field.cursor_blink = False
        yield self._engine
        yield self._why
        with Vertical(id="jobs-fields") as self._fields:
            with Horizontal():
                yield Static(said((" Role ", "dim")), markup=False)
                yield self.role
            with Horizontal():
                yield self._scope
                yield Static(said((" Priority ", "dim")), markup=False)
                yield self._priority
            with Horizontal():
                yield self._start
                yield Static(said((" Description ", "dim")), markup=False)
                yield self._description
            with Horizontal():
                yield self._manifest
                yield Static(said((" Tags ", "dim")), markup=False)
                yield self._tags

    def on_mount(self) -> None:
        self._fields.display = self._why.display = False

    # --- what is chosen

    def _choice(self, plan: RestorePlan, tier: Tier) -> EngineChoice:
        if not plan.rules.has_jobs or not self.display:
            return EngineChoice(False, "")
        if self._engine.value == "batch" and (why := self.session.batch.why_never):
            return EngineChoice(False, f"direct: {why}")
        if self._engine.value == "auto":
            return self.session.batch.choose(plan, tier, self.role.value.strip() or None)
        return EngineChoice(self._engine.value == "batch", "")

    def through(self, plan: RestorePlan) -> RestorePlan:
        """A direct plan as it would be sent: tiers that go through jobs with their windows and fees."""
        jobs = {tier for tier in plan.tiers if self._choice(plan, tier).batch}
        if not jobs:
            return plan
        return self.session.batch.plan(plan, jobs, generated=self._manifest.value == "generated")

    def said(self) -> tuple[str, ...]:
        """What is chosen on its lines: part of what is confirmed."""
        return tuple(line.value for line in (self._engine, self._scope, self._start, self._manifest))

    def uses_jobs(self, plan: RestorePlan, tier: Tier) -> bool:
        """Whether that tier of a direct plan would go through jobs."""
        return self._choice(plan, tier).batch

    def options(self) -> BatchOptions:
        """As typed; ``UsageError`` for what no job could be made with."""
        if not self._priority.value.strip().isdigit():
            raise UsageError("a job needs a priority", "type a whole number, 0 or more")
        given: dict[str, Any] = {
            "role_arn": self.role.value.strip(),
            "scope": ReportScope(self._scope.value),
            "priority": int(self._priority.value),
            "description": self._description.value.strip(),
            "hold": self._start.value == "hold",
            "generated": self._manifest.value == "generated",
            "tags": as_tags(pair.strip() for pair in self._tags.value.split(",") if pair.strip()),
        }
        return self.session.batch.options(given)

    def report(self) -> str:
        """Where jobs as they are set now would report."""
        if self._scope.value == ReportScope.NONE.value:
            return "none"
        return self.session.settings.batch_report_location or f"below {REPORTS}/"

    # --- what is said

    def say(self, plan: RestorePlan, tier: Tier) -> None:
        """Explain the choice for that tier of a direct plan."""
        self._choosing = plan, tier
        choice = self._choice(plan, tier)
        parts: list[Part] = [(f" {choice.reason}", "dim")] if choice.reason else []
        if choice.batch:
            made = self.through(plan)
            jobs = jobs_of(made.tiers[tier], self.session.clouds.with_jobs.rules)
            if jobs and not parts:
                parts = [(f" {fmt.plural(len(jobs), 'job')}, {_fees(made, jobs)}", "dim")]
            elif jobs:
                parts.append((f" · {fmt.plural(len(jobs), 'job')}", "dim"))
        if not parts and self._engine.has_focus:
            parts = [(f" {EXPLAINED[self._engine.value]}", "dim")]
        self._why.update(said(*parts))
        self._why.display = bool(parts)
        self._fields.display = choice.batch

    def on_descendant_focus(self) -> None:
        self._explain()

    def on_descendant_blur(self) -> None:
        self._explain()

    def _explain(self) -> None:
        if self._choosing is not None:
            self.say(*self._choosing)
            self.post_message(self.Explained())

    @on(PickLine.Picked)
    def _picked(self, event: PickLine.Picked) -> None:
        event.stop()
        self.post_message(self.Changed())

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if event.input is self.role and self._engine.value == "auto":
            self.post_message(self.Changed())

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.screen.focus_next()


def _fees(made: RestorePlan, jobs: list[Portion]) -> str:
    if not made.fees.known:
        return "whose own fees are not known there"
    searched = sum((made.fees.searched or {}).get(job.kind.bucket, 0) for job in jobs)
    fee = PER_JOB * len(jobs) + PER_OBJECT * sum(job.objects for job in jobs) + PER_SEARCHED * searched
    rates = f"{fmt.money(PER_JOB)} each, {fmt.money(PER_OBJECT * 1_000_000)} a million objects"
    if made.fees.searched is not None:
        least = " at least" if made.fees.unlisted else ""
        rates += f", ${(PER_SEARCHED * 1_000_000).normalize():f} a million in the bucket{least}"
    return f"fees of {fmt.money(fee)} included ({rates})"
