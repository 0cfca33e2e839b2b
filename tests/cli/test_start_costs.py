"""What a command may load before it does its work, by name: most of what a short one costs is loading modules."""

import os
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from restoretui.tui.late_imports import LATER
from tests.cli.loading import libraries, loaded_by, run_command

SCREENS = {"textual", "rich"}
SLOW_HTTP = {"aiohttp", "aiobotocore", "yarl", "multidict", "attr"}
"""The SDK's own client, which proxies, large bodies and credentials from afar need."""
SDKS = {"aioboto3", "boto3", "s3transfer", "alibabacloud_oss_v2", "requests", "Crypto"}
NETWORK = SLOW_HTTP | SDKS | {"botocore", "urllib3"}
SPENDS = {
    "restoretui.commands.restoring", "restoretui.core.batch.planned_jobs", "restoretui.engine.pursuit",
    "restoretui.engine.submitter", "restoretui.session.batch.operations", "restoretui.session.spending",
}  # fmt: skip
WATCHES = {"restoretui.engine.watching.sweep", "restoretui.engine.watching.watcher"}
PLANS = {"restoretui.core.plan.plan", "restoretui.core.plan.lifecycle", "restoretui.session.planning"}
PRICES = {"restoretui.config.price_files", "restoretui.core.plan.pricing"}
JSON = {"json", "restoretui.core.literal.literal", "restoretui.core.rules.verdicts"}
DATABASE = {"asyncio", "ssl", "sqlite3", "tomllib", "restoretui.ledger.records"}
CATALOG = {
    "restoretui.ledger.activity", "restoretui.ledger.batches.records", "restoretui.ledger.catalog.catalog",
    "restoretui.ledger.places", "restoretui.ledger.selections.selections", "restoretui.session.selecting",
}  # fmt: skip
"""What is about listings and marks, not about runs."""
TREES = {"shutil", "tempfile", "secrets", "importlib.resources"}
"""Of the standard library: each is known by what else it loads."""
RUNS = {"restoretui.ledger.runs.runs", "restoretui.ledger.then_records", "restoretui.session.rows.jobs"}
SELDOM = {
    "bz2", "configparser", "email.utils", "http.client", "lzma", "shutil", "tempfile", "urllib.request",
    "restoretui.commands.finding.archived", "restoretui.session.export", "restoretui.session.inventory.inventories",
    "restoretui.session.keys.key_list",
}  # fmt: skip
"""What an option of few, a setting of few, or an answer of few servers asks for."""
EMPTY = b"""<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bkt</Name><Prefix>a/</Prefix>
<KeyCount>0</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated></ListBucketResult>"""


class Nothing(BaseHTTPRequestHandler):
    """A store whose buckets are empty."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(EMPTY)

    def do_HEAD(self) -> None:
        self._answer(b"")

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("x-amz-bucket-region", "us-east-1")
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def env(tmp_path: Path) -> Iterator[Mapping[str, str]]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Nothing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield {
            "PATH": os.environ["PATH"], "HOME": str(tmp_path), "RESTORETUI_STATE_DIR": str(tmp_path / "state"),
            "RESTORETUI_CONFIG": str(tmp_path), "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
            "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1",
        }  # fmt: skip
        server.shutdown()


LISTS = ("ls", "s3://bkt/a/", "--json")
WITHOUT: Mapping[tuple[str, ...], set[str]] = {
    ("--help",): SCREENS | NETWORK | PLANS | JSON | DATABASE,
    ("status", "--json"): SCREENS | NETWORK | SPENDS | WATCHES | PLANS | TREES | CATALOG,
    LISTS: SCREENS | NETWORK | SPENDS | WATCHES | PLANS | PRICES | RUNS | SELDOM | {"platformdirs", "tomllib"},
    ("plan", "s3://bkt/a/", "--days", "1", "--json"): SCREENS | NETWORK | SPENDS | WATCHES,
}
"""What each does without."""


@pytest.mark.parametrize("arguments", WITHOUT, ids=lambda arguments: arguments[0])
def test_a_command_loads_only_what_it_needs(arguments: tuple[str, ...], env: Mapping[str, str]) -> None:
    loaded = loaded_by(run_command(*arguments), env)
    assert not sorted((loaded | libraries(loaded)) & WITHOUT[arguments])


MOST_OF = {("--help",): 45, ("status", "--json"): 185, LISTS: 272}
"""Modules of ours, when the first line is written: each takes a third of a millisecond."""


@pytest.mark.parametrize("arguments", MOST_OF, ids=lambda arguments: arguments[0])
def test_a_command_loads_few_modules(arguments: tuple[str, ...], env: Mapping[str, str]) -> None:
    ours = {name for name in loaded_by(run_command(*arguments), env) if name.startswith("restoretui.")}
    assert len(ours) <= MOST_OF[arguments], "what does its output need of it? else load it where it is asked for"


FIRST_PAINT = ("restoretui.tui.run", "restoretui.config.loading", "restoretui.core.location")
"""What the screens begin with."""
BEHIND_IT = {
    "restoretui.config.setting_values", "restoretui.config.user_commands", "restoretui.core.alerts",
    "restoretui.core.filter.fields", "restoretui.core.past.history", "restoretui.core.provider",
    "restoretui.core.rules.commands", "restoretui.core.rules.oss_regions", "restoretui.core.rules.verdicts",
    "restoretui.engine.traffic.health", "restoretui.ledger.places", "restoretui.ledger.records",
    "restoretui.ledger.run_records", "restoretui.ledger.store.writer", "restoretui.ledger.volumes",
    "restoretui.session.session", "restoretui.session.summing", "restoretui.tui.acts.signed_in",
    "restoretui.tui.browse.home", "restoretui.tui.browse.status", "restoretui.tui.marks.marks_bar",
    "restoretui.tui.palette", "restoretui.tui.process.announcements", "restoretui.tui.process.crash",
    "restoretui.tui.process.demo_story", "restoretui.tui.process.preferences", "restoretui.tui.terminal.copied",
    "restoretui.tui.terminal.desktop", "restoretui.tui.widgets.filter_bar", "restoretui.tui.widgets.time_bar",
}  # fmt: skip
MOST_BEFORE_IT = 90
"""Modules of ours: each takes a third of a millisecond, and a bare Textual app has none."""


def test_the_first_paint_loads_only_what_it_shows(env: Mapping[str, str]) -> None:
    loaded = loaded_by("\n".join(f"importlib.import_module({name!r})" for name in FIRST_PAINT), env)
    assert not (loaded | libraries(loaded)) & (BEHIND_IT | {"sqlite3", "aiohttp", "botocore"})
    ours = {name for name in loaded if name.startswith("restoretui.")}
    assert len(ours) <= MOST_BEFORE_IT, (
        "what does the first paint show of it? else load it behind: tui/late_imports.py"
    )


def test_no_key_waits_for_what_is_loaded_behind_the_first_paint() -> None:
    asked_for = {name for name in BEHIND_IT if ".tui." in name} - {"restoretui.tui.process.demo_story"}
    assert asked_for <= set(LATER)


def test_the_names_are_those_of_modules(env: Mapping[str, str]) -> None:
    """A budget by a name that nothing has any more would hold nothing."""
    without = BEHIND_IT.union(*WITHOUT.values())
    ours = sorted(name for name in without if name.startswith("restoretui."))
    assert set(ours) <= loaded_by("\n".join(f"importlib.import_module({name!r})" for name in ours), env)


def test_keys_in_the_credentials_file_need_no_more(env: Mapping[str, str], tmp_path: Path) -> None:
    file = tmp_path / "credentials"
    file.write_text("[default]\naws_access_key_id = key\naws_secret_access_key = secret\n")
    without_keys = {name: value for name, value in env.items() if not name.startswith("AWS_") or "URL" in name}
    loaded = loaded_by(run_command(*LISTS), without_keys | {"AWS_SHARED_CREDENTIALS_FILE": str(file)})
    assert "restoretui.providers.s3.plain.settings" in loaded
    assert not libraries(loaded) & NETWORK


def test_what_only_the_sdk_understands_loads_it(env: Mapping[str, str]) -> None:
    loaded = loaded_by(run_command(*LISTS), {**env, "AWS_USE_DUALSTACK_ENDPOINT": "true"})
    assert "botocore" in libraries(loaded)
    assert not libraries(loaded) & SLOW_HTTP
