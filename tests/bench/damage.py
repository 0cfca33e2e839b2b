"""Damages ledgers at random and runs commands on them: ``python tests/bench/damage.py [--rounds N] [--seed N]``.

Every command must end with one sentence or with what is still true: no traceback, no word of a defect, and not one
request that asks the sandbox for anything. Prints its counts, and fails unless they are zero.
"""

import argparse
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

BUCKET = "s3://acme-media-archive"
COMMANDS = (
    ("status",), ("status", "last"), ("ledger", "check"), ("ls", BUCKET), ("watch", "--timeout", "1s"),
    ("export", "last"), ("ledger", "info"), ("ledger", "prune", "--older-than", "0", "--yes"),
)  # fmt: skip
PAGE = 4096


def damage(folder: Path, dice: random.Random) -> str:
    """Change one of the files; how, in words."""
    path = folder / ("catalog.db" if dice.random() < 0.25 else "ledger.db")
    content = bytearray(path.read_bytes())
    kind = dice.choice(("cut", "cut", "empty", "flip", "flip", "flips", "flips", "header", "words", "words", "page"))
    if kind == "cut":
        del content[-dice.choice((1, 1000, PAGE, dice.randrange(1, len(content)))) :]
    elif kind == "empty":
        content.clear()
    elif kind in ("flip", "flips", "header"):
        full = [at for at, byte in enumerate(content) if byte] if kind != "header" else list(range(100))
        for _ in range(1 if kind == "flip" else 20 if kind == "flips" else 2):
            content[dice.choice(full)] ^= 1 << dice.randrange(8)
    elif kind == "words":
        # Where it hurts most: in words and numbers of rows, whose pages stay sound.
        words = (
            b"restoring", b"requested", b"available", b"skipped", b"standard", b"start", b"GLACIER", b"expedited",
            b"127.0.0.1", b"endpoint_url", b"state", b"request", b"catalog/",
        )  # fmt: skip
        for _ in range(dice.choice((1, 1, 1, 30))):
            places = [found.start() for found in re.finditer(re.escape(dice.choice(words)), content)]
            if places:
                content[dice.choice(places) + dice.randrange(-12, 12)] ^= 1 << dice.randrange(8)
    else:
        start = dice.randrange(len(content) // PAGE) * PAGE
        content[start : start + PAGE] = dice.randbytes(PAGE) if dice.random() < 0.5 else bytes(PAGE)
    path.write_bytes(content)
    return f"{kind} of {path.name}"


def environment(home: Path, contract: dict[str, str]) -> dict[str, str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "RESTORETUI_"))}
    # A flipped endpoint must not lead anywhere.
    env |= {"HTTP_PROXY": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9", "NO_PROXY": "127.0.0.1"}
    env |= {"HOME": str(home), "AWS_EC2_METADATA_DISABLED": "true", "RESTORETUI_CONFIG": str(home / "config")}
    return env | contract


def run(env: dict[str, str], *args: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "restoretui", *args], env=env, capture_output=True, text=True, timeout=timeout,
        check=False, stdin=subprocess.DEVNULL, errors="backslashreplace",
    )  # fmt: skip


def judge(done: subprocess.CompletedProcess[str]) -> str:
    """What is wrong with how a command ended; empty when nothing is."""
    if "Traceback" in done.stderr or "Traceback" in done.stdout:
        return "traceback"
    if "met a defect" in done.stderr or "Error(" in done.stderr:
        return "defect"
    if done.returncode not in (0, 1, 2, 3):
        return f"exit code {done.returncode}"
    return "" if done.returncode in (0, 1, 3) or done.stderr.strip() else "no word"


def requests(address: str) -> int:
    with urllib.request.urlopen(address + "/_sandbox/stats", timeout=10) as answer:
        return int(json.load(answer)["requests"].get("RestoreObject", 0))


def main(rounds: int, seed: int, keep: Path | None) -> int:
    home = Path(tempfile.mkdtemp(prefix="damage-"))
    served = subprocess.Popen(
        [sys.executable, "-m", "restoretui", "sandbox", "--objects", "400", "--speed", "60"],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert served.stdout
    told = json.loads(served.stdout.readline())
    contract, address = told["env"], told["s3"]
    try:
        env = environment(home, contract)
        sound = home / "sound"
        for tier in ("expedited", "bulk"):
            run(
                env | {"RESTORETUI_STATE_DIR": str(sound)},
                "restore",
                f"{BUCKET}/",
                "--days",
                "2",
                "--tier",
                tier,
                "--yes",
            )
        before = requests(address)
        seen: Counter[str] = Counter()
        codes: Counter[str] = Counter()

        def one(number: int) -> None:
            dice = random.Random(f"{seed}-{number}")
            for command in COMMANDS if rounds <= 50 else dice.sample(COMMANDS, 4):
                state = home / f"state-{number}"
                shutil.copytree(sound, state)
                how = damage(state, random.Random(f"{seed}-{number}"))
                try:
                    done = run(env | {"RESTORETUI_STATE_DIR": str(state)}, *command)
                    wrong = judge(done)
                    codes[f"{command[0]} {command[1] if command[0] == 'ledger' else ''}: {done.returncode}"] += 1
                except subprocess.TimeoutExpired:
                    done, wrong = None, "no end"
                if wrong:
                    seen[wrong] += 1
                    print(f"{number}: {how}: {' '.join(command)}: {wrong}", flush=True)
                    if done is not None:
                        print("    " + "\n    ".join(done.stderr.strip().splitlines()[-4:]), flush=True)
                    if keep is not None:
                        shutil.copytree(sound, keep / f"{number}", dirs_exist_ok=True)
                        damage(keep / f"{number}", random.Random(f"{seed}-{number}"))
                shutil.rmtree(state)

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(one, range(rounds)))
        sent = requests(address) - before
    finally:
        served.terminate()
        served.wait(10)
        shutil.rmtree(home, ignore_errors=True)
    print(", ".join(f"{name} {count}" for name, count in sorted(codes.items())))
    print(f"{rounds} damaged ledgers: {sum(seen.values())} wrong endings {dict(seen)}, {sent} requests sent")
    return 1 if seen or sent else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Damage ledgers, and see what commands say.")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="where to leave the ledgers that ended wrongly")
    options = parser.parse_args()
    sys.exit(main(options.rounds, options.seed, options.keep))
