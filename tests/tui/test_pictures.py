"""The pictures in README and the recording of the demo say what the screens say."""

import asyncio
from pathlib import Path

from tests.bench.pictures.drawing import committed, draw, made, outdated, said

TOP = Path(__file__).parents[2]


async def test_what_the_pictures_say_is_on_screen_now(tmp_path: Path) -> None:
    frames = await draw(tmp_path)
    files = made(frames)
    told = await asyncio.to_thread(committed, files)
    wrong = outdated(files, told)
    assert not wrong, f"python -m tests.bench.pictures draws them anew: {wrong}"
    readme = await asyncio.to_thread((TOP / "README.md").read_text, "utf-8")
    assert all(f"screenshots/{name}" in readme for name in told), "a picture that nobody sees"


def test_a_picture_is_read_without_its_fonts_and_numbers() -> None:
    svg = (
        '<style>.r1 { fill: #fff }</style><text class="r1" x="24.4" y="18" textLength="36">archived&#160;394</text>'
        '<text class="r2" x="0" y="18" textLength="9">○&#160;</text><text x="0" y="42">seen&#160;just now</text>'
        '<text class="r1" x="0" y="66">›&#160;a hint</text>'
    )
    assert said(svg) == ["○ archived #", "seen # ago"]
