"""A streaming encoder of CSV manifests: parts of an upload, in constant memory (FACTS 2.2).

No header, keys URL-encoded with slashes kept, versions in every row or in none.
"""

from collections.abc import Iterator, Sequence
from urllib.parse import quote

PART_BYTES = 8 * 2**20
"""At least 5 MiB for every part but the last; 10,000 parts of this hold over a billion short rows."""


def encode_rows(bucket: str, rows: Sequence[tuple[str, str]], *, versions: bool) -> bytes:
    """Rows of keys and version ids as lines."""
    if not rows:
        return b""
    # One call encodes all keys: a line feed parts them, unless one of them holds it itself.
    joined = "\n".join([key for key, _ in rows])
    if joined.count("\n") == len(rows) - 1:
        keys = quote(joined, safe="/\n").split("\n")
    else:
        keys = [quote(key, safe="/") for key, _ in rows]
    if versions:
        lines = [f"{bucket},{key},{version}\n" for key, (_, version) in zip(keys, rows, strict=True)]
        return "".join(lines).encode()
    between = f"\n{bucket},"
    return f"{bucket},{between.join(keys)}\n".encode()


class ManifestParts:
    """Gathers rows into parts of an upload."""

    def __init__(self, bucket: str, *, versions: bool, part_bytes: int = PART_BYTES) -> None:
        self._bucket = bucket
        self._versions = versions
        self._part_bytes = part_bytes
        self._pieces: list[bytes] = []
        self._size = 0
        self.rows = 0

    def add(self, rows: Sequence[tuple[str, str]]) -> Iterator[bytes]:
        """Take rows; gives a part whenever one is full."""
        piece = encode_rows(self._bucket, rows, versions=self._versions)
        self.rows += len(rows)
        self._pieces.append(piece)
        self._size += len(piece)
        if self._size >= self._part_bytes:
            yield self.rest()

    def rest(self) -> bytes:
        """What is gathered."""
        part = b"".join(self._pieces)
        self._pieces, self._size = [], 0
        return part
