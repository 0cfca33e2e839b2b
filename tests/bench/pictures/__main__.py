"""Draws the pictures in README and the recording of the demo from the screens as they are.

    python -m tests.bench.pictures [--check]

``--check`` writes nothing: it compares what the committed ones say with what is on screen now, and the exit code is 1
where they differ. Fonts, colours and numbers are no difference, words and layout are. ``tests/tui/test_pictures.py``
does the same.
"""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from tests.bench.pictures.drawing import FOLDER, committed, draw, made, outdated, said


def main() -> int:
    parser = argparse.ArgumentParser(description="Draw the pictures in README, and the recording of the demo.")
    parser.add_argument("--check", action="store_true", help="write nothing; say what is outdated")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = made(asyncio.run(draw(Path(folder))))
    if chosen.check:
        wrong = outdated(files, committed(files))
        for name, lines in wrong.items():
            print(name, *lines, sep="\n  ")
        return int(bool(wrong))
    FOLDER.mkdir(exist_ok=True)
    for path, svg in files.items():
        path.write_text(svg, "utf-8")
        print(f"{path.relative_to(FOLDER.parent)}: {len(svg):,} bytes, {len(said(svg))} lines")
    return 0


if __name__ == "__main__":
    sys.exit(main())
