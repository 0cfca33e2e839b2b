"""The frames of the demo, as SVG, and what a picture says in words."""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from html import unescape
from pathlib import Path
from typing import NamedTuple

import pytest

from restoretui.config.settings import Settings
from restoretui.core.clock import ManualClock
from restoretui.core.model import State
from restoretui.ledger.run_records import Run
from restoretui.sandbox import SandboxOptions, serve
from restoretui.session.session import open_session
from restoretui.tui.app import RestoreApp
from restoretui.tui.browse.pane import BrowsePane
from restoretui.tui.dialogs.restore.restore_dialog import RestoreDialog
from restoretui.tui.process.demo_story import DemoStory
from tests.tui.conftest import Walk

FOLDER = Path(__file__).parents[3] / "screenshots"
RECORDING = "demo"
SIZE = (100, 28)
STEPS = {"start": 3.0, "bucket": 2.5, "sums": 4.0, "marked": 3.0, "browse": 3.0, "restore-dialog": 5.0,
         "under-way": 4.0, "restores": 5.0}  # fmt: skip
"""Frames of the recording, with the seconds each stands still."""
PICTURES = ("browse", "restore-dialog", "restores")
"""Frames that are a picture of their own in README."""
PASSING = ("› ", "✓ ")
"""How lines of the notice begin."""


class Still:
    """A clock that the drawing turns, whatever the story says of its pace."""

    speed = 60.0

    async def turn(self, speed: float) -> None:
        self.speed = speed


class Frame(NamedTuple):
    """What the screens showed."""

    name: str
    svg: str


async def draw(folder: Path) -> list[Frame]:
    """Walk through the demo as a person would; the ledger is in ``folder``."""
    async with AsyncExitStack() as stack:
        sandbox = await stack.enter_async_context(await serve(SandboxOptions(), clock=ManualClock()))
        stack.enter_context(_environment(sandbox.env))
        settings = Settings(
            endpoint_url=sandbox.url, region="us-east-1", state_dir=folder / "state", config_dir=folder,
            clock=sandbox.clock,
        )  # fmt: skip
        story = DemoStory(Still(), hurries=False)
        app = RestoreApp(lambda: open_session(settings), settings=settings, driver_class=None, demo=story)
        pilot = await stack.enter_async_context(app.run_test(size=SIZE))
        on = Walk(app, pilot, sandbox)
        frames: list[Frame] = []

        async def taken(name: str) -> None:
            await on.pilot.pause(0.2)
            frames.append(Frame(name, app.export_screenshot(title="restoretui")))

        await _walk(on, taken)
        return frames


async def _walk(on: Walk, taken: "object") -> None:
    assert callable(taken)
    browse = on.app.main.query_one(BrowsePane)
    await on.sees("8 buckets", "enter opens a bucket")
    await taken("start")
    await on.press("down", "down", "down", "enter")
    await on.settled()
    await on.sees("runs/", "S sums up")
    await taken("bucket")
    await on.press("enter")
    await on.settled()
    await on.press("S")
    await on.until(lambda: browse.source.sums and browse.table.count > 1)
    await on.sees("Archived")
    await taken("sums")
    await on.press("S")
    await on.until(lambda: not browse.source.sums)
    await on.press("A")
    await on.sees("marked in all", "standard $")
    await taken("marked")
    await on.press("u", "d")
    await on.settled()
    await on.press("slash", *"bam class:deep", "enter")
    await on.until(lambda: browse.source.is_filtered and browse.table.count > 3)
    await on.press("space", "down", "space", "space")
    await on.until(lambda: browse.marking.summary.objects == 3)
    await on.sees("3 marked", "standard $")
    await taken("browse")
    await on.press("r")
    await on.until(lambda: isinstance(on.app.screen, RestoreDialog) and on.app.screen.on_screen)
    await on.sees("Restore 3", "retrieval")
    await taken("restore-dialog")
    await on.confirm()
    await on.until(lambda: on.posts() == 3)
    await on.until(lambda: on.app.main.tab == "restores" and _run(on).counts.get(State.RESTORING, 0) == 3)
    await on.until(lambda: on.text.count("◑ restoring") >= 3 and "◑ 3 restoring" in on.text)
    await on.sees("┃ time ")
    await taken("under-way")
    await on.hours(14)
    await on.until(lambda: _run(on).counts.get(State.AVAILABLE, 0) == 3)
    await on.until(lambda: on.text.count("● available") >= 3 and "● 3 available" in on.text)
    await taken("restores")


def _run(on: Walk) -> Run:
    (run,) = on.session.ledger.runs.peek_all()
    return run


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        yield


def recording(frames: list[Frame]) -> str:
    """All frames in one file, one after the other, for ever."""
    whole, at = sum(STEPS.values()), 0.0
    styles, bodies = [], []
    for number, frame in enumerate(frames):
        first, last = 100 * at / whole, 100 * (at + STEPS[frame.name]) / whole
        at += STEPS[frame.name]
        _, _, rest = frame.svg.partition("<style>")
        style, _, body = rest.partition("</style>")
        styles.append(style if not number else re.sub(r"@font-face \{.*?\}", "", style, flags=re.DOTALL))
        hidden = "0% { visibility: hidden } " if number else ""
        styles.append(
            f"@keyframes shown-{number} {{ {hidden}{first:.3f}% {{ visibility: visible }}"
            f" {last:.3f}%, 100% {{ visibility: {'hidden' if last < 99.99 else 'visible'} }} }}\n"
            f".frame-{number} {{ visibility: hidden; animation: shown-{number} {whole:g}s step-end infinite }}\n"
        )
        bodies.append(f'<g class="frame-{number}">{body.rpartition("</svg>")[0]}</g>')
    head = frames[0].svg.partition("<style>")[0]
    return f"{head}<style>{''.join(styles)}</style>{''.join(bodies)}</svg>\n"


def said(svg: str) -> list[str]:
    """What a picture says, line by line: no fonts and colours, and of numbers only that there is one.

    Nor what passes by: hints and what was done stand there for seconds of the machine, or give way to each other.
    """
    lines = []
    for group in re.split(r"(?=<g class=\"frame-)|(?=<text class=\"[\w-]*title)", svg):
        rows: dict[float, list[tuple[float, str]]] = {}
        for x, y, text in re.findall(r'<text [^>]*?x="([\d.]+)" y="([\d.]+)"[^>]*>([^<]*)</text>', group):
            rows.setdefault(float(y), []).append((float(x), unescape(text)))
        for _, parts in sorted(rows.items()):
            line = (
                "".join(text for _, text in sorted(parts))
                .replace("\xa0", " ")
                .replace("just now", "0m ago")
                .replace(" calls", " call")
            )
            words = ("#" if re.search(r"\d", word) else word for word in re.sub(r"[▀-▟━╸╺]+", "", line).split())
            lines.append(re.sub(r"#( #)+", "#", " ".join(words)))
    return [line for line in lines if line and not line.startswith(PASSING)]


def made(frames: list[Frame]) -> dict[Path, str]:
    """The files, and what belongs in them."""
    files = {FOLDER / f"{frame.name}.svg": frame.svg for frame in frames if frame.name in PICTURES}
    return {**files, FOLDER / f"{RECORDING}.svg": recording(frames)}


def committed(files: Iterable[Path]) -> dict[str, str]:
    """What is there of them, by name; reads files."""
    return {path.name: path.read_text("utf-8") for path in files if path.exists()}


def outdated(files: Mapping[Path, str], told: Mapping[str, str]) -> dict[str, list[str]]:
    """Of each picture that says another thing than the screens: the lines that differ, with ``-`` and ``+``."""
    wrong = {}
    for path, svg in files.items():
        then, now = said(told.get(path.name, "")), said(svg)
        gone, new = [line for line in then if line not in now], [line for line in now if line not in then]
        if gone or new:
            wrong[path.name] = [*(f"- {line}" for line in gone), *(f"+ {line}" for line in new)]
    return wrong
