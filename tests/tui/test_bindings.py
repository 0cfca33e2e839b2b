"""Whatever a key is bound to exists: an action is a name in a string, which no type checker follows."""

import pkgutil
from collections.abc import Iterator
from importlib import import_module

import pytest
from textual.actions import parse
from textual.binding import Binding
from textual.dom import DOMNode

import restoretui.tui
from restoretui.tui.app import RestoreApp
from restoretui.tui.keys import GROUPS, IDS


def every_module() -> Iterator[str]:
    for found in pkgutil.walk_packages(restoretui.tui.__path__, "restoretui.tui."):
        import_module(found.name)
        yield found.name


def every_kind(base: type[DOMNode]) -> Iterator[type[DOMNode]]:
    for kind in base.__subclasses__():
        if kind.__module__.startswith("restoretui."):
            yield kind
        yield from every_kind(kind)


assert list(every_module())
BOUND = sorted({kind for kind in every_kind(DOMNode) if "BINDINGS" in vars(kind)}, key=lambda kind: kind.__qualname__)


@pytest.mark.parametrize("kind", BOUND, ids=lambda kind: kind.__qualname__)
def test_every_action_a_key_is_bound_to_exists(kind: type[DOMNode]) -> None:
    for binding in Binding.make_bindings(kind.BINDINGS):
        namespace, name, _ = parse(binding.action)
        assert namespace in ("app", "")
        owner: type[DOMNode] = RestoreApp if namespace else kind
        assert hasattr(owner, f"action_{name}"), f"{binding.key} of {kind.__qualname__}: {binding.action}"


def test_every_command_of_the_table_is_bound_somewhere() -> None:
    bound = {binding.id for kind in BOUND for binding in Binding.make_bindings(kind.BINDINGS)}
    assert bound >= IDS
    actions = {binding.action for kind in BOUND for binding in Binding.make_bindings(kind.BINDINGS)}
    assert {command.action for group in GROUPS for command in group} <= actions
