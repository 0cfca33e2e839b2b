"""Every dialog on every terminal from 60x15 on: what is decided about, what it costs and the buttons are in view."""

import pkgutil
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from functools import partial
from importlib import import_module
from typing import Any

import pytest
from textual.widgets import Input

import restoretui.tui
from restoretui.config.user_commands import UserCommand
from restoretui.core.errors import CloudError, RestoreTuiError
from restoretui.core.filter.completion import Counted, Present
from restoretui.core.filter.parser import parse_filter
from restoretui.core.location import Location
from restoretui.core.model import ObjectRef, State
from restoretui.core.rules.clouds import CLOUDS
from restoretui.tui.browse.columns import object_columns
from restoretui.tui.browse.place_acts import TimePrompt
from restoretui.tui.dialogs.column_menu import ColumnMenu
from restoretui.tui.dialogs.copy_menu import Copied, CopyMenu
from restoretui.tui.dialogs.dialog import Dialog
from restoretui.tui.dialogs.filter_menu import FilterMenu
from restoretui.tui.dialogs.go_to import GoTo
from restoretui.tui.dialogs.help import Help
from restoretui.tui.dialogs.inspector import Inspector
from restoretui.tui.dialogs.leave import Leave
from restoretui.tui.dialogs.menus import SavedFilters, SortMenu
from restoretui.tui.dialogs.prompts import Confirm, Pick, TextPrompt
from restoretui.tui.dialogs.restore.restore_dialog import RestoreDialog
from restoretui.tui.dialogs.say_box import SayBox
from restoretui.tui.dialogs.sign_in import SignIn
from restoretui.tui.marks.keys_prompt import KeysPrompt
from restoretui.tui.marks.screen import MarksScreen
from restoretui.tui.own.boxes import CommandMenu, OutputBox
from restoretui.tui.restores.report_box import ReportBox
from tests.conftest import StartSandbox
from tests.narrowing import a
from tests.tui.conftest import StartWalk, Walk

SIZES = [(60, 15), (80, 24), (100, 30), (200, 50)]
MORE = re.compile(r"↓ (\d[\d,]*) more")
TARGET = ("s3://acme-genomics-cold", "account 123456789012", "region us-east-1")


def in_view(on: Walk) -> str:
    """The text within the dialog's frame as it is on screen, lines joined as they were wrapped."""
    box = a(Dialog, on.app.screen).box.region
    lines = [line[box.x + 1 : box.right - 1].strip(" │") for line in on.lines()[box.y : box.bottom]]
    # A bucket's name that was broken is whole again; everything else is wrapped between words.
    return re.sub(r"\s+", " ", " ".join(lines))


@contextmanager
def said_on_failure(on: Walk) -> Iterator[None]:
    try:
        yield
    except AssertionError as failure:
        raise AssertionError(f"{failure}\n" + "\n".join(on.lines())) from failure


async def sized(on: Walk, size: tuple[int, int]) -> None:
    await on.pilot.resize_terminal(*size)
    await on.until(lambda: on.app.screen.size == size)
    await on.until(lambda: a(Dialog, on.app.screen).on_screen is not None or isinstance(on.app.screen, RestoreDialog))
    await on.until(lambda: a(Dialog, on.app.screen).box.region.bottom <= size[1])


def check_frame(on: Walk, size: tuple[int, int], title: str) -> None:
    """The frame is whole, with its title, and the line of keys is below it."""
    lines, box = on.lines(), a(Dialog, on.app.screen).box.region
    assert f"╭─ {title}" in lines[box.y]
    assert "╰" in lines[box.bottom - 1]
    assert box.bottom <= size[1] - 1


async def restoring(on: Walk, *, key: str = "r") -> RestoreDialog:
    """Everything below the bucket, archived, refused and left out, in the dialog."""
    await on.settled()
    await on.press("d")
    await on.settled()
    await on.press("a", key)
    await on.until(lambda: isinstance(on.app.screen, RestoreDialog) and on.app.screen.on_screen)
    return a(RestoreDialog, on.app.screen)


async def over_budget(on: Walk, box: RestoreDialog) -> None:
    box.query_one("#typed", Input).focus()
    await on.press("1", "enter")


async def wrong_days(on: Walk, box: RestoreDialog) -> None:
    box.query_one("#days", Input).focus()
    await on.press("end", "backspace", "0")


async def as_jobs(on: Walk, box: RestoreDialog) -> None:
    await on.press("tab", "right")


async def as_jobs_wrongly(on: Walk, box: RestoreDialog) -> None:
    await as_jobs(on, box)
    box.query_one("#role", Input).value = "nonsense"
    box.query_one("#confirm").press()  # type: ignore[attr-defined]


async def as_it_is(on: Walk, box: RestoreDialog) -> None: ...


CASES: dict[str, tuple[Callable[..., Any], dict[str, Any], tuple[str, ...]]] = {
    "as it is": (as_it_is, {}, ("standard", "within 12 h", "$383.42", "Restore 286")),
    "read-only": (as_it_is, {"read_only": True}, ("read-only: nothing can be sent", "$383.42", "Restore 286")),
    "another amount typed": (
        over_budget,
        {"budget": Decimal("12.5")},
        ("$383.42", "to confirm, type 383.42", "$12.50", "type 383.42 to confirm", "Restore 286"),
    ),
    "no days": (wrong_days, {}, ("a restored copy must last at least 1 day", "type days, 1 or more")),
    "jobs": (as_jobs, {"batch_role_arn": "arn:aws:iam::123456789012:role/x"}, ("$383", "Restore 286")),
    "jobs with a wrong role": (as_jobs_wrongly, {}, ("'nonsense' is not a role's ARN", "$383", "Restore 286")),
}


@pytest.mark.parametrize("case", CASES)
async def test_tier_cost_target_button_and_the_count_of_what_is_hidden_are_always_in_view(
    walk: StartWalk, case: str
) -> None:
    act, settings, texts = CASES[case]
    async with walk("s3://acme-genomics-cold", **settings) as on:
        box = await restoring(on)
        await act(on, box)
        for size in SIZES:
            await sized(on, size)
            await on.until(partial(says_what_is_hidden, on, box))
            with said_on_failure(on):
                check_frame(on, size, "Restore")
                seen = in_view(on)
                for text in (*TARGET, *texts, "Cancel", "Copies last"):
                    assert text.lower() in seen.lower(), text
                assert "…" not in seen.partition("in s3://")[2], "the target is cropped"
                check_count(box, on)


def check_count(box: RestoreDialog, on: Walk) -> None:
    """What the frame says is out of view, and what can be seen of the reasons, make all of them."""
    told = MORE.search(on.lines()[box.box.region.bottom - 1])
    _, below = box.hidden()
    assert (int(told[1].replace(",", "")) if told else 0) == below
    if box.plan is not None:
        reasons = ("archived in DEEP_ARCHIVE", "GLACIER_IR can be read as it is", "STANDARD can be read as it is")
        shown = sum(text in in_view(on) for text in reasons)
        assert shown + below + box.hidden()[0] >= len(reasons)
        assert below or shown == len(reasons) or box.hidden()[0]


async def test_what_is_hidden_comes_into_view_by_the_keys_for_it(walk: StartWalk) -> None:
    async with walk("s3://acme-genomics-cold", size=(60, 15)) as on:
        box = await restoring(on)
        await on.until(lambda: "archived in DEEP_ARCHIVE" in in_view(on) and says_what_is_hidden(on, box))
        seen = in_view(on)
        for _ in range(30):
            await on.press("pagedown")
            seen += in_view(on)
        for text in ("archived in DEEP_ARCHIVE", "GLACIER_IR can be read", "retrieval $301.38", "Engine"):
            assert text in seen, seen
        assert box.hidden()[1] == 0
        assert MORE.search(on.text) is None
        await on.press("pageup", "pageup")
        assert box.hidden()[1] > 0


async def test_a_long_bucket_and_profile_are_told_whole(walk: StartWalk, sandbox: StartSandbox) -> None:
    running = await sandbox(empty=True)
    bucket = "a-bucket-with-a-name-as-long-as-names-of-buckets-may-be-in-s3-1"
    assert len(bucket) == 63
    running.cloud.add_bucket(bucket)
    for number in range(3):
        running.cloud.put(bucket, f"{number}", size=1000, storage_class="GLACIER")
    async with walk(f"s3://{bucket}", running=running) as on:
        await on.settled()
        await on.press("a", "r")
        await on.until(lambda: isinstance(on.app.screen, RestoreDialog) and on.app.screen.on_screen)
        for size in SIZES:
            await sized(on, size)
            with said_on_failure(on):
                assert bucket in in_view(on).replace(" ", "")
                for text in ("account 123456789012", "Restore 3", "standard"):
                    assert text in in_view(on)


async def test_below_seventy_columns_a_tier_has_two_lines_where_there_is_room(walk: StartWalk) -> None:
    async with walk("s3://acme-genomics-cold", size=(60, 40)) as on:
        await restoring(on)
        lines = on.lines()
        (at,) = [number for number, line in enumerate(lines) if "◉ standard" in line]
        assert all(text in lines[at] for text in ("286", "within 12 h", "$383.42"))
        assert "104 left out" in lines[at + 1]
        assert any("refused: DEEP_ARCHIVE does not offer the" in line for line in lines)


QUESTION = (
    "End 12,345 restored copies (10.4 TiB) now? That ends what their storage costs, about $5.48 a day; to read these"
    " objects again, they must be restored again, for about $1,234.56 at the standard tier. The other 4,321 objects"
    " stay as they are."
)
LONG_ERROR = CloudError("the cloud refuses this request for a reason that takes a line or two to tell", "try another")
ORDERS = {f"order{number}": f"by the {number}th column" for number in range(20)}


def facets() -> FilterMenu:
    states = {state.value: Counted(10 + number, 1 << 40) for number, state in enumerate(State)}
    classes = dict.fromkeys(CLOUDS["s3"].classes, Counted(1_234_567, 1 << 50))

    async def find() -> Present:
        return Present(states, classes)

    return FilterMenu(parse_filter("state:archived !*.bai"), find)


SMALL: dict[str, tuple[Callable[[], Dialog[Any]], str, tuple[str, ...]]] = {
    "yes or no": (lambda: Confirm("End copies", QUESTION, "End 12,345"), "End copies", ("End 12,345", "No")),
    "a much longer question": (
        lambda: Confirm("Clean up", " ".join([QUESTION] * 4), "Delete them"), "Clean up", ("Delete them", "No")
    ),
    "ways": (
        lambda: Pick("Retry failed", QUESTION, {"direct": "One by one", "batch": "As new jobs"}),
        "Retry failed", ("One by one", "As new jobs", "No"),
    ),
    "a line": (lambda: TextPrompt("Priority", "Priority of job " + "x" * 36, "10"), "Priority", ("higher", "10")),
    "a place": (lambda: GoTo(Location("s3", "bucket", "prefix/")), "Go to", ("s3://bucket/prefix/",)),
    "a time": (lambda: TimePrompt("", ["a/b: " + "x" * 99]), "As of when", ("as it is now",)),
    "keys to mark": (lambda: KeysPrompt(Location("s3", "bucket")), "Mark keys", ("paste the keys here",)),
    "leaving": (Leave, "Leave", ("Send, then leave", "Leave", "Stay", "sent by now")),
    "an order": (lambda: SortMenu(ORDERS, "order3", descending=True), "Sort by", ("▼ by the 3th column",)),
    "a saved filter": (SavedFilters, "Saved filters", ("expiring in 48 h", "expires<48h")),
    "what to copy": (
        lambda: CopyMenu(Copied(Location("s3", "acme-genomics-cold", key="a/b"), 7, True)), "Copy", ("URI",)
    ),
    "keys": (lambda: Help({}, "browse"), "Keys", ("First of all", "mark what you want back")),
    "an object": (
        lambda: Inspector(ObjectRef("acme-genomics-cold", "no/such/key" * 20), "s3"), "Object",
        ("s3://acme-genomics-cold/no/such/key",),
    ),
    "columns": (
        lambda: ColumnMenu(object_columns(str, float), None, {"tier"}), "Columns", ("State", "Show", "Default")
    ),
    "own commands": (
        lambda: CommandMenu([UserCommand(f"Command {at}", ("true",), "run", "ctrl+v") for at in range(40)], {1: "x"}),
        "Your commands", ("Command 0 ^v run",),
    ),
    "what one said": (
        lambda: OutputBox("Look", "exit code 3", "what it said\n" * 99, failed=True), "Look", ("exit code 3",)
    ),
    "states and classes": (
        facets, "Show only", ("State", "Storage class", "Show", "Everything", "space ticks", "!*.bai")
    ),
}  # fmt: skip


def says_what_is_hidden(on: Walk, dialog: Dialog[Any]) -> bool:
    hidden = dialog.hidden()[1]
    number = f"{hidden:,} " if dialog.COUNTS_HIDDEN else ""
    return (f"↓ {number}more" in in_view(on)) is bool(hidden)


@pytest.mark.parametrize("case", SMALL)
async def test_small_dialogs_fit_too(walk: StartWalk, case: str) -> None:
    make, title, texts = SMALL[case]
    async with walk(size=(100, 30)) as on:
        dialog = make()
        on.app.push_screen(dialog)
        await on.until(lambda: on.app.screen is dialog)
        for size in SIZES:
            await sized(on, size)
            for complaint in (None, LONG_ERROR):
                if complaint is not None:
                    dialog.complain(complaint)
                for _ in range(3):
                    await on.pilot.pause()
                with said_on_failure(on):
                    check_frame(on, size, title)
                    seen = in_view(on)
                    for text in texts:
                        assert text in seen or (text == "higher" and "Priority" in seen), text
                    if complaint is not None:
                        assert "try another" in seen
                    await on.until(partial(says_what_is_hidden, on, dialog))
                    hidden = dialog.hidden()[1]
                    assert not hidden or dialog.giving()[0].size.height >= 1
            dialog.no_complaint()


async def test_the_sign_in_shows_the_code_on_a_small_terminal(
    walk: StartWalk, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []

    async def run(self: SignIn, *options: str) -> int:
        said.extend(options)
        for number in range(12):
            self._said.append(f"line {number} of what the AWS CLI says, and it is a rather long one at that")
        self._said.append("code ABCD-EFGH")
        self.say_lines()
        raise RestoreTuiError("waits for ever", "in this test")

    monkeypatch.setattr(SignIn, "_run", run)
    async with walk(size=(60, 15)) as on:
        on.app.push_screen(SignIn("work"))
        await on.sees("code ABCD-EFGH", "runs aws sso login --profile work", "waits for ever", "↑")


def every_dialog(base: type[Dialog[Any]]) -> Iterator[type[Dialog[Any]]]:
    for kind in base.__subclasses__():
        below = [*every_dialog(kind)]
        yield from below or [kind]


def test_no_dialog_is_left_out() -> None:
    """Each is held to fit by a case here; those named in the test have tests of their own, at these sizes."""
    for found in pkgutil.walk_packages(restoretui.tui.__path__, "restoretui.tui."):
        import_module(found.name)
    held = {MarksScreen, ReportBox, RestoreDialog, SayBox, SignIn, *(type(make()) for make, _, _ in SMALL.values())}
    ours = {kind for kind in every_dialog(Dialog) if kind.__module__.startswith("restoretui.")}
    assert ours <= held, "add a case to SMALL"


async def test_a_very_narrow_screen_names_the_day_on_which_copies_end(walk: StartWalk) -> None:
    async with walk("s3://acme-genomics-cold", size=(29, 40)) as on:
        await restoring(on)
        with said_on_failure(on):
            assert "d, to 2026-01-2" in in_view(on)
            assert re.search(r"to \d{4}-\d\d-\d\d", in_view(on))
