"""A bucket in which one row says what cannot be: every command tells the others, and a restore comes to its end."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

ODD = {
    "size beyond SQLite": ("9223372036854775808", "2024-01-01T00:00:00.000Z"),
    "size beyond belief": ("9007199254740992", "2024-01-01T00:00:00.000Z"),
    "largest of all": ("9007199254740991", "2024-01-01T00:00:00.000Z"),
    "negative": ("-1", "2024-01-01T00:00:00.000Z"),
    "half a byte": ("1.5", "2024-01-01T00:00:00.000Z"),
    "year 9999": ("5", "9999-12-31T23:59:59.000-14:00"),
    "year 1": ("5", "0001-01-01T00:00:00.000+14:00"),
    "yesterday": ("5", "yesterday"),
}
KEYS = ("a", "odd", "z")


class Store(ThreadingHTTPServer):
    """A bucket ``bkt`` of three objects, whose restores are over as soon as they are asked for."""

    daemon_threads = True

    def __init__(self, size: str, date: str, ends: str) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.size, self.date, self.ends = size, date, ends
        self.restored: list[str] = []
        self.contract = {
            "env": {
                "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.server_address[1]}", "AWS_ACCESS_KEY_ID": "k",
                "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "us-east-1",
            }
        }  # fmt: skip

    def row(self, key: str) -> str:
        size, date = (self.size, self.date) if key == "odd" else ("7", "2024-01-01T00:00:00.000Z")
        status = ""
        if key in self.restored:
            status = (
                "<RestoreStatus><IsRestoreInProgress>false</IsRestoreInProgress>"
                f"<RestoreExpiryDate>{self.ends}</RestoreExpiryDate></RestoreStatus>"
            )
        return (
            f"<Contents><Key>{key}</Key><LastModified>{date}</LastModified><ETag>&quot;e&quot;</ETag>"
            f"<Size>{size}</Size><StorageClass>GLACIER</StorageClass>{status}</Contents>"
        )


class Answers(BaseHTTPRequestHandler):
    server: Store
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None: ...

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        told = {"x-amz-request-id": "R", "x-amz-bucket-region": "us-east-1", "Content-Length": str(len(body))}
        for name, value in (told | headers).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def key(self) -> str:
        return urlsplit(self.path).path.removeprefix("/bkt").strip("/")

    def do_GET(self) -> None:
        rows = "".join(map(self.server.row, KEYS))
        self.answer(200, f"<ListBucketResult><IsTruncated>false</IsTruncated>{rows}</ListBucketResult>".encode())

    def do_HEAD(self) -> None:
        if self.key() not in KEYS:
            return self.answer(200 if not self.key() else 404)
        odd = self.key() == "odd"
        headers = {"ETag": '"e"', "x-amz-storage-class": "GLACIER"}
        headers["Content-Length"] = self.server.size if odd else "7"
        headers["Last-Modified"] = self.server.date if odd else "Mon, 01 Jan 2024 00:00:00 GMT"
        if self.key() in self.server.restored:
            headers["x-amz-restore"] = f'ongoing-request="false", expiry-date="{self.server.ends}"'
        return self.answer(200, **headers)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.restored.append(self.key())
        self.answer(202)


@pytest.fixture
def store() -> Iterator[Callable[..., Store]]:
    running: list[Store] = []

    def start(size: str, date: str, ends: str = "2036-01-01T00:00:00.000Z") -> Store:
        running.append(Store(size, date, ends))
        threading.Thread(target=running[-1].serve_forever, daemon=True).start()
        return running[-1]

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


RESTORE = ("restore", "s3://bkt", "--days", "3", "--tier", "bulk", "--yes", "--wait", "--json")


@pytest.mark.parametrize("odd", ODD)
def test_one_absurd_row_spoils_nothing(run: Callable[..., Any], store: Any, tmp_path: Path, odd: str) -> None:
    size, date = ODD[odd]
    served = store(size, date)
    is_sized, is_dated = size in ("5", "9007199254740991"), date.startswith("2024")
    listed = run(served, "ls", "s3://bkt", "--json")
    assert listed.code == 0, listed.err
    rows = {row["key"]: row for row in listed.of("object")}
    assert list(rows) == list(KEYS)
    assert rows["odd"]["size"] == (int(size) if is_sized else None)
    assert (rows["odd"]["modified"] is not None) == is_dated
    shown = run(served, "ls", "s3://bkt")
    assert shown.code == 0
    assert ("?" in shown.out) == (not (is_sized and is_dated))
    planned = run(served, "plan", "s3://bkt", "--days", "3", "--json")
    assert [line["requests"] for line in planned.of("plan")] == [3, 3, 3]
    done = run(served, *RESTORE)
    assert done.code == 0, done.err
    assert (done.summary["available"], done.summary["objects"]) == (3, 3)
    assert sorted(served.restored) == list(KEYS), "each is asked for once"
    told = {row["key"]: row for row in run(served, "status", "last", "--json").of("object")}
    assert {row["state"] for row in told.values()} == {"available"}
    assert told["odd"]["size"] == (int(size) if is_sized else None)
    exported = run(served, "export", "last", "--format", "json")
    assert [json.loads(line)["key"] for line in exported.out.splitlines()] == list(KEYS)


@pytest.mark.parametrize("ends", ["9999-12-31T23:59:59.000-14:00", "yesterday"])
def test_copies_whose_end_cannot_be_read_are_there_and_are_not_asked_for_again(
    run: Callable[..., Any], store: Any, ends: str
) -> None:
    served = store("5", "2024-01-01T00:00:00.000Z", ends)
    done = run(served, *RESTORE)
    assert done.code == 0, done.err
    assert done.summary["available"] == 3
    rows = run(served, "ls", "s3://bkt", "--json").of("object")
    assert [(row["state"], row["expiry"]) for row in rows] == [("available", None)] * 3
    assert "unknown" in run(served, "ls", "s3://bkt").out
    again = run(served, *RESTORE)
    assert again.code == 0, again.err
    assert "until a date that cannot be read" in again.err
    assert len(served.restored) == 3
