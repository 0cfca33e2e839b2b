"""Versions over the ends of pages, by a store that lists three rows a page: listed and restored, all of them."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.cli.conftest import Run

PAGE = 3
ROWS = [
    *((f"a{number}", "m", True) for number in range(7)),
    *(("b", f"v{number}", number % 4 == 0) for number in range(9)),
    ("c", "v0", False),
]
"""Key, version id, and whether it is a delete marker."""
WANTED = [(key, version) for key, version, is_marker in ROWS if not is_marker]


class Store(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # Beyond the usual five a burst of connections waits for seconds.

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.restored: list[tuple[str, str]] = []
        self.contract: dict[str, Any] = {
            "env": {
                "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.server_address[1]}", "AWS_ACCESS_KEY_ID": "k",
                "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "us-east-1",
            }
        }  # fmt: skip


class Answers(BaseHTTPRequestHandler):
    server: Store
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer(200, b"")  # Without a class, as if it were STANDARD: the listing knows better.

    def do_POST(self) -> None:
        parts = urlsplit(self.path)
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.restored.append((parts.path.split("/")[2], parse_qs(parts.query)["versionId"][0]))
        self._answer(202, b"")

    def do_GET(self) -> None:
        query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        key, version = query.get("key-marker", ""), query.get("version-id-marker", "")
        rows = [row for row in ROWS if row[0].startswith(query.get("prefix", ""))]
        at = next((at + 1 for at, row in enumerate(rows) if row[:2] == (key, version)), None)
        at = sum(row[0] <= key for row in rows) if at is None else at
        page, more = rows[at : at + PAGE], at + PAGE < len(rows)
        text = f"<IsTruncated>{str(more).lower()}</IsTruncated>"
        if more:
            text += f"<NextKeyMarker>{page[-1][0]}</NextKeyMarker>"
            text += f"<NextVersionIdMarker>{page[-1][1]}</NextVersionIdMarker>"
        for name, number, is_marker in page:
            kind = "DeleteMarker" if is_marker else "Version"
            fields = "" if is_marker else "<ETag>e</ETag><Size>7</Size><StorageClass>GLACIER</StorageClass>"
            text += (
                f"<{kind}><Key>{name}</Key><VersionId>{number}</VersionId><IsLatest>false</IsLatest>"
                f"<LastModified>2024-01-01T00:00:00.000Z</LastModified>{fields}</{kind}>"
            )
        self._answer(200, f"<ListVersionsResult>{text}</ListVersionsResult>".encode())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("x-amz-request-id", "R")
        self.send_header("x-amz-bucket-region", "us-east-1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def store() -> Iterator[Store]:
    server = Store()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("place", ["s3://bkt", "s3://bkt/b"])
def test_versions_are_listed_and_restored_over_pages(run: Run, store: Store, place: str) -> None:
    wanted = [row for row in WANTED if place == "s3://bkt" or row[0] == "b"]
    listed = run(store, "ls", place, "--versions", "--json")
    assert [(row["key"], row["version_id"]) for row in listed.of("object")] == wanted
    ran = run(store, "restore", place, "--versions", "--days", "1", "--tier", "bulk", "--yes", "--json")
    assert ran.code == 0
    assert sorted(store.restored) == sorted(wanted)
    assert json.loads(ran.out.splitlines()[-1])["requested"] == len(wanted)
