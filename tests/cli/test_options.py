"""Every option of every command is heard: it changes what the command is asked to do, or is refused.

Driven over Click's own table, so that an option added tomorrow fails here until it does something. What the command
makes of it is shown by the test that stands beside it.
"""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType
from typing import Any

import click
import pytest
from msgspec.structs import replace

from restoretui.cli import aids, app, batch, finding, ledger, prices, runs
from restoretui.cli.app import cli
from restoretui.cli.neighbours import events, warm
from restoretui.cli.options import COMMON_NAMES
from restoretui.commands.form import Form
from restoretui.config.loading import load_settings
from restoretui.config.settings import Settings

TESTS = Path(__file__).parents[1]

ARGUMENTS = {
    "open": ["s3://bucket"],
    "ls": ["s3://bucket"],
    "du": ["s3://bucket"],
    "plan": ["s3://bucket", "--days", "1"],
    "restore": ["s3://bucket", "--days", "1", "--tier", "bulk"],
    "clean": ["s3://bucket"],
    "export": ["last"],
    "report": ["last"],
    "warm": ["s3://bucket", "--protocol", "rustic", "key"],
    "events setup": ["s3://bucket"],
    "events remove": ["s3://bucket"],
    "retry": ["last"],
    "cancel": ["last"],
    "undelete": ["s3://bucket"],
    "import": ["s3://bucket", "--from-inventory", "s3://inventories/"],
    "set show": ["name"],
    "set save": ["name", "s3://bucket"],
    "set export": ["name"],
    "set import": ["name", "file"],
    "set diff": ["@name"],
    "set drop": ["name"],
    "completion": ["bash"],
    "batch show": ["JOB-1"],
    "batch follow": ["JOB-1"],
    "batch confirm": ["JOB-1"],
    "batch cancel": ["JOB-1"],
    "batch clone": ["JOB-1"],
    "batch clean": ["JOB-1"],
    "batch priority": ["JOB-1", "5"],
    "batch report": ["JOB-1"],
    "batch policy": ["s3://bucket"],
    "batch retry": ["last"],
    "ledger backup": ["file"],
}
"""What a command cannot do without."""

SETTINGS = "config/test_config_values"
FILTERS = "cli/listings/test_filters"
SELECTORS = "cli/spending/test_selectors"
BATCH = "cli/test_batch_commands"
FORMS = "cli/language/test_forms"
THEN = "cli/spending/test_then"
REPORT = "cli/spending/test_reports"
LITERAL = "cli/spending/test_literal"
SAID: dict[str, tuple[list[str], str]] = {
    # option: how it is said, and the tests that show what comes of it
    "--profile": (["x"], "providers/s3/test_credential_chain"),
    "--region": (["eu-west-1"], "config/test_store_settings"),
    "--endpoint-url": (["http://127.0.0.1:9"], "cli/test_commands"),
    "--store": (["minio"], "cli/clouds/test_stores"),
    "--path-style": ([], SETTINGS),
    "--virtual-host-style": ([], SETTINGS),
    "--requester-pays": ([], "providers/test_contract"),
    "--expected-bucket-owner": (["123456789012"], "providers/test_contract"),
    "--read-only": ([], "session/test_read_only"),
    "--state-dir": (["/tmp/elsewhere"], "ledger/store/test_state_folder"),
    "--config": (["."], SETTINGS),
    "--patience": (["90s"], "cli/streams/test_silence"),
    "--verbose": ([], "cli/test_secrets"),
    "--json": ([], "cli/test_commands"),
    "--state": (["archived"], SELECTORS),
    "--storage-class": (["glacier"], SELECTORS),
    "--match": (["*.mov"], SELECTORS),
    "--exclude": (["*.mov"], FILTERS),
    "--where": (["state:archived size>1G"], FILTERS),
    "--newer-than": (["90d"], FILTERS),
    "--larger-than": (["1G"], FILTERS),
    "--smaller-than": (["1G"], FILTERS),
    "--versions": ([], SELECTORS),
    "--depth": (["2"], "cli/listings/test_du"),
    "--by": (["year"], "cli/listings/test_du"),
    "--refresh": ([], "cli/listings/test_du"),
    "--version-id": (["v"], SELECTORS),
    "--keys-from": (["keys"], SELECTORS),
    "--from-inventory": (["imported"], "cli/listings/test_inventories"),
    "--as-of": (["2025-01-01"], "cli/listings/test_past"),
    "--deleted-since": (["7d"], "cli/listings/test_past"),
    "--archived": ([], "cli/listings/test_sets"),
    "--run": (["last"], "cli/listings/test_sets"),
    "--replace": ([], "cli/listings/test_sets"),
    "--bucket": (["s3://bucket"], "cli/listings/test_sets"),
    "--inventories": ([], "cli/listings/test_inventories"),
    "--keys-format": (["csv"], "cli/listings/test_key_formats"),
    "--null": ([], "cli/listings/test_key_formats"),
    "--ask-unseen": ([], "cli/listings/test_rights"),
    "--restore-request": (['{"Days": 5}'], LITERAL),
    "--checksum-algorithm": (["sha256"], LITERAL),
    "--content-md5": ([], LITERAL),
    "--days": (["2"], "cli/test_commands"),
    "--until": (["2030-01-01"], "cli/spending/test_days"),
    "--shorten": ([], "cli/spending/test_days"),
    "--tier": (["standard"], "cli/test_commands"),
    "--engine": (["batch"], BATCH),
    "--yes": ([], "cli/spending/test_spending"),
    "--max-cost": (["1"], "cli/spending/test_spending"),
    "--wait": ([], "cli/test_commands"),
    "--timeout": (["90s"], "cli/test_commands"),
    "--format": (["json"], FORMS),
    "--output": (["file"], FORMS),
    "--columns": (["state,size"], FORMS),
    "--quiet": ([], FORMS),
    "--no-progress": ([], FORMS),
    "--local": ([], FORMS),
    "--since": (["2d"], FORMS),
    "--then": (["copy"], THEN),
    "--copy-class": (["STANDARD_IA"], THEN),
    "--bandwidth": (["5M"], THEN),
    "--keep-until-done": (["3"], THEN),
    "--copy-engine": (["batch"], THEN),
    "--on": (["failed=exec:true"], THEN),
    "--delete-archived": (["3"], THEN),
    "--events": (["sqs:https://sqs.eu-west-1.amazonaws.com/123456789012/q"], "engine/watching/test_events"),
    "--until-next": ([], "cli/neighbours/test_warm"),
    "--protocol": (["none"], "cli/neighbours/test_warm"),
    "--requester": (["Ann"], REPORT),
    "--ticket": (["OPS-1"], REPORT),
    "--note": (["for the film"], REPORT),
    "--role-arn": (["arn:aws:iam::123456789012:role/x"], BATCH),
    "--manifest": (["generated"], BATCH),
    "--manifest-location": (["s3://m/"], BATCH),
    "--report-location": (["s3://r/"], BATCH),
    "--report-scope": (["none"], BATCH),
    "--priority": (["7"], BATCH),
    "--description": (["text"], BATCH),
    "--tag": (["a=b"], BATCH),
    "--confirm": (["later"], BATCH),
    "--status": (["Active"], BATCH),
    "--all": ([], BATCH),
    "--csv": ([], BATCH),
    "--failed": ([], BATCH),
    "--only": (["role"], BATCH),
    "--objects": (["5"], "cli/test_commands"),
    "--speed": (["7"], "cli/test_commands"),
    "--seed": (["7"], "sandbox/test_world"),
    "--scenario": (["no-expedited"], "cli/test_commands"),
    "--port": (["1234"], "sandbox/test_serving"),
    "--while-stdin": ([], "sandbox/test_serving"),
    "--older-than": (["90d"], "cli/ledger/test_ledger_commands"),
    "--keep": (["3"], "cli/ledger/test_ledger_commands"),
    "--listings": ([], "cli/ledger/test_ledger_commands"),
    "--export": (["folder"], "cli/ledger/test_ledger_commands"),
    "--from": (["file"], "cli/spending/test_prices"),
    "--dry-run": ([], "cli/acting/test_dry_runs"),
    "--max-objects": (["5"], "cli/acting/test_dry_runs"),
    "--fail-fast": ([], "cli/acting/test_fail_fast"),
    "--now": (["2026-01-01T00:00:00Z"], "sandbox/test_world"),
}
NOT_OURS = {"--help", "--version"}
"""Click's own."""


def commands(group: click.Group, before: str = "") -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{name} ")
        else:
            yield before + name, command


def spellings() -> Iterator[tuple[str, str]]:
    """Every command with every option, in its long form, and both of a pair."""
    for name, command in commands(cli):
        for param in command.params:
            if isinstance(param, click.Option):
                for spelling in [*param.opts, *param.secondary_opts]:
                    if spelling.startswith("--"):
                        yield name, spelling


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Any]]:
    """What a command line comes to: the settings, and all that reaches the function which does the work."""

    def ask(*line: str) -> list[Any]:
        got: list[Any] = []

        def heard(flags: dict[str, Any], form: Form, *args: Any, **options: Any) -> None:
            flags.pop("by_endpoint", None)  # what the command can do, not what was said
            wanted = {name: flags.pop(name) for name in (*COMMON_NAMES, "events") if name in flags}
            assert not flags, "no option is left lying"
            got.extend([settings(wanted), wanted["verbose"], form, args, options])

        def screens(location: str | None, flags: dict[str, Any]) -> None:
            heard(flags, Form(), location)

        def served(go: FunctionType) -> None:
            got.append([cell.cell_contents for cell in go.__closure__ or ()])

        for module in (aids, app, batch, events, finding, ledger, prices, runs, warm):
            monkeypatch.setattr(module, "headless", heard)
        monkeypatch.setattr(app, "open_screens", screens)
        monkeypatch.setattr(app, "finish", served)
        cli.main(list(line), standalone_mode=False)
        assert got
        return got

    return ask


def settings(flags: dict[str, Any]) -> Settings:
    # Where a value came from is no effect, and a clock is made anew each time.
    found = load_settings({**flags, "config": None, "verbose": None} if flags["config"] is None else {"config": "."})
    return replace(found, sources={}, clock=None)


@pytest.mark.parametrize(("command", "option"), [pytest.param(*pair, id=" ".join(pair)) for pair in spellings()])
def test_an_option_changes_what_is_asked_for(
    asked: Callable[..., list[Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, option: str
) -> None:
    assert option in SAID, f"{option} of {command} is new: say here how it is said and which tests show what it does"
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.toml").write_text("rate = 7\n")
    values, _ = SAID[option]
    words = [*command.split(), *ARGUMENTS.get(command, [])]
    if option in words:
        at = words.index(option)
        plain, said = words, [*words[:at], option, *values, *words[at + 2 :]]
    else:
        plain, said = words, [*words, option, *values]
    if command in ("export", "set export") and option == "--local":  # CSV, its usual form, is UTC in any case.
        said = [*said, "--format", "table"]
        plain = [*plain, "--format", "table"]
    instead = {"--until": ("--days",), "--restore-request": ("--days", "--tier")}
    for other in instead.get(option, ()):  # Said in its place, never beside it.
        if other in said:
            at = said.index(other)
            del said[at : at + 2]
    assert asked(*said) != asked(*plain)


def test_every_entry_is_an_option_and_its_tests_are_there() -> None:
    known = {option for _, option in spellings()}
    assert known - NOT_OURS <= set(SAID)
    for option, (_, shown_by) in SAID.items():
        if option in known:
            path = TESTS / f"{shown_by}.py"
            assert any(
                isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
                for node in ast.parse(path.read_text("utf-8")).body
            ), f"{option}: {path} shows nothing"
