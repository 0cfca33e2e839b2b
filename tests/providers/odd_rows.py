"""A store in which some rows say what cannot be."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

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
"""Sizes and dates as a store tells them, by what is absurd about them."""
KEYS = ("a", "odd", "z")


class OddStore(ThreadingHTTPServer):
    """A bucket ``bkt`` of three objects, whose restores are over as soon as they are asked for.

    Of its ``keys`` those that begin with ``odd`` have the odd size and date.
    """

    daemon_threads = True
    request_queue_size = 128
    """Connections at once: beyond the usual five a burst of them waits for seconds."""

    def __init__(self, size: str, date: str, ends: str, keys: Sequence[str]) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.size, self.date, self.ends, self.keys = size, date, ends, keys
        self.restored: list[str] = []
        self.contract: dict[str, Any] = {
            "env": {
                "AWS_ENDPOINT_URL": self.url, "AWS_ACCESS_KEY_ID": "k",
                "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "us-east-1",
            }
        }  # fmt: skip

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def row(self, key: str) -> str:
        size, date = (self.size, self.date) if key.startswith("odd") else ("7", "2024-01-01T00:00:00.000Z")
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


class _Answers(BaseHTTPRequestHandler):
    server: OddStore
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None: ...

    def answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        told = {"x-amz-request-id": "R", "x-amz-bucket-region": "us-east-1", "Content-Length": str(len(body))}
        for name, value in (told | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def key(self) -> str:
        return urlsplit(self.path).path.removeprefix("/bkt").strip("/")

    def do_GET(self) -> None:
        rows = "".join(map(self.server.row, self.server.keys))
        self.answer(200, f"<ListBucketResult><IsTruncated>false</IsTruncated>{rows}</ListBucketResult>".encode())

    def do_HEAD(self) -> None:
        if self.key() not in self.server.keys:
            return self.answer(200 if not self.key() else 404)
        odd = self.key().startswith("odd")
        headers = {"ETag": '"e"', "x-amz-storage-class": "GLACIER"}
        headers["Content-Length"] = self.server.size if odd else "7"
        headers["Last-Modified"] = self.server.date if odd else "Mon, 01 Jan 2024 00:00:00 GMT"
        if self.key() in self.server.restored:
            headers["x-amz-restore"] = f'ongoing-request="false", expiry-date="{self.server.ends}"'
        return self.answer(200, headers=headers)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not self.key():  # who we are is not asked here
            return self.answer(404)
        self.server.restored.append(self.key())
        return self.answer(202)


@contextmanager
def serving(
    size: str, date: str, ends: str = "2036-01-01T00:00:00.000Z", keys: Sequence[str] = KEYS
) -> Iterator[OddStore]:
    """One that answers within the block, in a thread of its own."""
    server = OddStore(size, date, ends, keys)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
