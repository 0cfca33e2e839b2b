"""Tells the demo's story on the screens: the next hint in the line above the keys, and how fast time goes."""

from collections.abc import Callable, Sequence

from restoretui.tui.process.announcements import Front
from restoretui.tui.process.demo_story import OWN, DemoStory, Scene, hint


class DemoGuide:
    """Beside one app's screens."""

    last_words: Sequence[str] = (f"that was a sandbox, and it is gone; your own archive: {OWN}",)
    """For the shell."""

    def __init__(self, front: Front, story: DemoStory, rebadge: Callable[[], None]) -> None:
        """``rebadge`` shows ``badge`` anew."""
        self._front = front
        self._story = story
        self._rebadge = rebadge

    @property
    def badge(self) -> str:
        """What stands in the header."""
        return self._story.badge

    def tell(self, scene: Scene) -> bool:
        """Say the next hint where nothing else is said; tells whether anything was repainted."""
        notice, text = self._front.notice, hint(scene)
        if notice.text and (notice.level != "hint" or notice.text == text):
            return False
        notice.tell("hint", text)
        return True

    async def see(self, scene: Scene) -> None:
        """Let time hurry once there is something to wait for."""
        try:
            if await self._story.see(scene):
                self._rebadge()
        except OSError as error:
            self._front.say("error", f"the demo's clock cannot be turned: {error}")

    async def step(self) -> None:
        """Turn the clock by one step."""
        try:
            await self._story.step()
        except OSError as error:
            self._front.say("error", f"the demo's clock cannot be turned: {error}")
        else:
            self._rebadge()
            self._front.say("done", f"the clock is turned: {self._story.badge.removeprefix('DEMO ')}")
