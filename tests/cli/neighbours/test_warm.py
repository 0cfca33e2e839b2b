"""Being somebody's warm-up program: rustic's lines, and schedulers that are told when to come back."""

import json
from datetime import datetime

import pytest

from tests.cli.conftest import Run, Serve, Served

PLACE = "s3://acme-genomics-cold/runs/"
WARM = ("warm", "--protocol", "rustic", "--tier", "standard", "--days", "30")
AGAIN = (*WARM[:-1], "2")
"""For copies that last longer already."""


def archived(run: Run, served: Served, number: int) -> list[str]:
    lines = run(served, "ls", PLACE, "--state", "archived", "--json").of("object")[:number]
    return [line["key"].removeprefix("runs/") for line in lines]


@pytest.mark.timeout(180)
def test_rustic_is_told_how_many_packs_are_warm_and_nothing_else(run: Run, served: Served) -> None:
    keys = archived(run, served, 3)
    refused = run(served, *WARM, PLACE, "--", *keys)
    assert (refused.code, refused.out) == (5, ""), "nobody is there to say yes"
    assert run(served, *WARM, "--max-cost", "0", "--yes", PLACE, "--", *keys).code == 5
    dry = run(served, *WARM, "--yes", "--dry-run", PLACE, "--", *keys)
    assert (dry.code, served.stats["requests"].get("RestoreObject", 0)) == (0, 0)
    assert "it would not ask, send 3 requests" in dry.err
    ran = run(served, *WARM, "--yes", PLACE, "--", *keys, keys[0])
    assert ran.code == 0, ran.err
    told = [json.loads(line) for line in ran.out.splitlines()]
    assert {line["type"] for line in told} == {"pack-progress"}
    warm = [line["warm"] for line in told]
    assert warm == sorted(set(warm)), "never fewer, and no number twice"
    assert warm[-1] == 3
    again = run(served, *AGAIN, "--yes", PLACE, "--", *keys)
    assert (again.code, json.loads(again.out.splitlines()[-1])["warm"]) == (0, 3)
    silent = run(served, *AGAIN, "--protocol", "none", "--yes", PLACE, "--", *keys)
    assert (silent.code, silent.out) == (0, "")
    asked = served.stats["requests"]["RestoreObject"]
    assert asked == 3, "each was asked for once"
    missing = run(served, *AGAIN, "--yes", PLACE, "--", keys[0], "data/not/there")
    assert missing.code == 1
    assert "the object does not exist" in missing.err
    assert run(served, *WARM, "--yes", "s3://acme-genomics-cold/ru", "--", "x").code == 2


def test_a_scheduler_is_told_when_to_come_back(run: Run, serve: Serve) -> None:
    served = serve("--objects", "60", "--speed", "60")
    some = ["--match", "*/S001_R1.fastq.gz", "--days", "2", "--tier", "standard", "--yes"]
    assert run(served, "restore", PLACE, *some).code == 0
    ran = run(served, "watch", "--until-next", "--json")
    assert (ran.code, ran.summary["timed_out"]) == (3, False)
    at = datetime.fromisoformat(ran.summary["come_back_at"])
    now = datetime.fromisoformat(served.stats["now"])
    assert 0 < (at - now).total_seconds() < 13 * 3600
    words = run(served, "watch", "--until-next")
    assert words.code == 3
    assert datetime.fromisoformat(words.out.strip()) >= at
    assert "come back at 2026-" in words.err
    served.ask("/_sandbox/advance?seconds=50000", method="POST")
    assert run(served, "watch", "--until-next").code in (0, 3)
