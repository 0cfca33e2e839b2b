"""What the README promises is held by tests that exist."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
PROMISES = README.partition("## What happens when")[2].partition("\n## ")[0]
POLICIES = README.partition("## Permissions")[2].partition("\n## ")[0]


def test_every_promise_names_tests_that_exist() -> None:
    rows = [line.split("|")[1:-1] for line in PROMISES.splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 15
    for when, then, held in rows:
        assert when.strip()
        assert then.strip().endswith(".")
        named = re.findall(r"`([^`]+)`", held)
        assert named, when
        for name in named:
            found = ROOT / "tests" / f"{name}.py"
            assert found.is_file(), f"{when.strip()}: there is no {found}"
            assert re.search(r"^(async )?def test_", found.read_text("utf-8"), re.MULTILINE), found


def test_the_harnesses_named_exist() -> None:
    named = re.findall(r"python (tests/bench/\w+\.py)", PROMISES)
    assert len(named) == 4
    assert all((ROOT / name).is_file() for name in named)


def test_the_policies_are_json_and_hold_what_the_table_says() -> None:
    policies = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", POLICIES, re.DOTALL)]
    assert len(policies) == 2
    actions = {action for policy in policies for entry in policy["Statement"] for action in _list(entry["Action"])}
    table = {
        name for line in POLICIES.splitlines() if line.startswith("| ") for name in re.findall(r"`(s3:\w+)`", line)
    }
    # What removes objects for good is in no policy that is ready to paste.
    assert table - {"s3:ListAllMyBuckets", "s3:DeleteObject", "s3:DeleteObjectVersion"} == {
        action for action in actions if action.startswith("s3:")
    }


def _list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
