"""``[[commands]]``: what can be meant, and a sentence for what cannot."""

from typing import Any

import pytest

from restoretui.config.setting_values import check_value
from restoretui.core.errors import UsageError

GOOD: dict[str, Any] = {"name": "View", "run": ["viewer", "{location}", "--days", "{days}"], "key": "ctrl+v"}
GOOD["prompts"] = [{"name": "days", "ask": "How long?"}]


def test_a_placeholder_is_one_word_whatever_it_holds() -> None:
    (command,) = check_value("commands", [GOOD], "config.toml")
    facts = {"location": "s3://b/a b; rm -rf /", "days": "7 8"}
    assert command.filled(facts) == ["viewer", "s3://b/a b; rm -rf /", "--days", "7 8"]
    assert (command.scope, command.output, command.dangerous) == ("object", "pane", False)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"run": "viewer {key}"}, "run must be a list of words"),
        ({"run": []}, "run must be a list"),
        ({"run": ["x", "{nothing}"]}, "{nothing} stands for nothing"),
        ({"run": ["x", "--key={key}"]}, "{key} must be a word of its own"),
        ({"run": ["{key}"]}, "the program itself"),
        ({"scope": "bucket"}, "scope must be object, marks, run"),
        ({"key": "a,b"}, "key must be one key"),
        ({"output": "screen"}, "output must be pane or log"),
        ({"dangerous": "yes"}, "dangerous must be true or false"),
        ({"timeout": 0}, "timeout must be"),
        ({"name": ""}, "name must be"),
        ({"shell": True}, "unknown setting 'shell'"),
        ({"prompts": [{"name": "key"}]}, "cannot be a prompt's name"),
        ({"prompts": [{"ask": "x"}]}, "a prompt has a name"),
    ],
)
def test_what_cannot_be_meant_is_said(change: dict[str, Any], why: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_value("commands", [GOOD | change], "config.toml")
    assert why in str(caught.value)


def test_two_commands_have_two_names_and_two_keys() -> None:
    with pytest.raises(UsageError, match=r"two .* have the key"):
        check_value("commands", [GOOD, GOOD | {"name": "Other"}], "config.toml")
