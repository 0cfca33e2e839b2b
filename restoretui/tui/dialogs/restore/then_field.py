"""What is done with each object once it can be read: nothing, a copy kept for good, or a download."""

from msgspec.structs import replace
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input, Static

from restoretui.core.bounds import KEEP_DAYS
from restoretui.core.errors import UsageError
from restoretui.core.then.said import BY_JOB, ThenSaid
from restoretui.core.then.steps import STANDARD, ThenKind, ThenStep
from restoretui.tui.shell import Working
from restoretui.tui.widgets.pick_line import PickLine
from restoretui.tui.words import said

NOTHING, KEEP, DOWNLOAD = "nothing", "keep", "download"
CHOICES = {NOTHING: "nothing", KEEP: f"keep in {STANDARD}", DOWNLOAD: "download"}
STAYS, GOES = "stays", "goes"
SINGLY, BY_JOBS = "singly", BY_JOB
WAYS = {SINGLY: "one by one", BY_JOBS: "by a batch job"}
ARCHIVED = {STAYS: "stays", GOES: "is removed after the copy"}
USUAL_FOLDER = "~/restored"


class ThenField(Working, Vertical):
    """Nothing, unless somebody says otherwise; each of the others only while it is asked for."""

    DEFAULT_CSS = """
    ThenField {
        height: auto;
        & Horizontal { height: 1; }
        & Static { width: auto; }
        & Input { width: 1fr; }
        & #then-alive { width: 6; }
    }
    """

    class Changed(Message):
        """Another plan is wanted."""

    has_jobs = False
    """Jobs may copy there."""

    def compose(self) -> ComposeResult:
        self.choice = PickLine("Then", CHOICES, NOTHING, id="then")
        self.folder = Input(USUAL_FOLDER, compact=True, select_on_focus=False, id="then-folder")
        self.alive = Input(compact=True, max_length=len(f"{KEEP_DAYS.most:g}"), id="then-alive")
        self.archived = PickLine("Archived version", ARCHIVED, STAYS, id="then-archived")
        self.way = PickLine("Copied", WAYS, SINGLY, id="then-way")
        role = self.session.settings.batch_role_arn or ""
        self.role = Input(role, compact=True, select_on_focus=False, id="then-role")
        for field in (self.folder, self.alive, self.role):
            field.cursor_blink = False
        yield self.choice
        with Horizontal() as self._into:
            yield Static(said((" into ", "dim")), markup=False)
            yield self.folder
        with Horizontal() as self._keeping:
            yield Static(said((" Extend what would end before, by up to ", "dim")), markup=False)
            yield self.alive
            yield Static(said((" days", "dim")), markup=False)
        yield self.way
        with Horizontal() as self._as:
            yield Static(said((" as role ", "dim")), markup=False)
            yield self.role
        yield self.archived

    def on_mount(self) -> None:
        self._fold()

    def _fold(self) -> None:
        self._into.display = self.choice.value == DOWNLOAD
        self._keeping.display = self.choice.value != NOTHING
        self.way.display = self.choice.value == KEEP and self.has_jobs
        self._as.display = self.by_jobs
        # A job does not tell which version each copy was made from.
        self.archived.display = self.choice.value == KEEP and not self.by_jobs

    def offer_jobs(self, *, has_jobs: bool) -> None:
        """Whether jobs may copy what the plan is about."""
        if has_jobs is not self.has_jobs:
            self.has_jobs = has_jobs
            self._fold()

    @property
    def by_jobs(self) -> bool:
        """Jobs copy."""
        return self.choice.value == KEEP and self.has_jobs and self.way.value == BY_JOBS

    @property
    def removes(self) -> bool:
        """What was archived goes once it is copied."""
        return self.choice.value == KEEP and not self.by_jobs and self.archived.value == GOES

    def steps(self) -> tuple[ThenStep, ...]:
        """As chosen, a removal that nobody agreed to yet among them; ``UsageError`` for what cannot be meant."""
        if not self.display or self.choice.value == NOTHING:
            return ()
        if self.choice.value == KEEP:
            step = str(ThenKind.COPY)
        else:
            if not self.folder.value.strip():
                raise UsageError("a download needs a folder", "type one")
            step = f"{ThenKind.DOWNLOAD}:{self.folder.value.strip()}"
        read = ThenSaid(
            (step,),
            keep_until_done=self._days(),
            delete_archived=1 if self.removes else None,
            copy_engine=BY_JOB if self.by_jobs else None,
            copy_role=self.role.value.strip() if self.by_jobs else None,
        ).steps()
        # Whoever confirms it says how many go; until then nobody has.
        return tuple(replace(one, agreed=0) for one in read)

    def _days(self) -> int | None:
        text = self.alive.value.strip()
        if not text:
            return None
        days = int(text) if text.isascii() and text.isdigit() else text
        return int(KEEP_DAYS.check("the days by which copies are extended", days))

    @on(PickLine.Picked)
    def _picked(self, event: PickLine.Picked) -> None:
        event.stop()
        self._fold()
        self.post_message(self.Changed())

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if self.choice.value != NOTHING:
            self.post_message(self.Changed())

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.screen.focus_next()
