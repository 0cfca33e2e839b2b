"""Pages of a bucket's keys or versions: what LIST answers, before any wire format."""

from array import array
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from restoretui.sandbox.state.bucket import BucketState
from restoretui.sandbox.state.kinds import MARKER
from restoretui.sandbox.state.refusals import invalid_argument
from restoretui.sandbox.state.table import Leaf, Row, Spot, successor


class After(NamedTuple):
    """Where a page begins: strictly after this key, or after everything that begins with it."""

    key: str
    group: bool = False


class PageColumns(NamedTuple):
    """The rows of a page, in order, as parallel sequences."""

    keys: Sequence[str]
    sizes: Sequence[int]
    modified: Sequence[int]
    kinds: Sequence[int]
    tags: Sequence[int]
    latest: Sequence[bool] = ()

    def row(self, at: int) -> Row:
        """One of them."""
        return Row(self.keys[at], self.sizes[at], self.modified[at], self.kinds[at], self.tags[at])


class Listed(NamedTuple):
    """One page; ``next`` is None at the end."""

    rows: PageColumns
    prefixes: list[str]
    next: After | None
    next_version: str | None = None


_NOTHING = PageColumns((), (), (), (), ())


def list_current(bucket: BucketState, prefix: str, delimiter: str, after: After, limit: int) -> Listed:
    """The current objects; keys whose newest version is a delete marker are not there."""
    if limit <= 0:
        return Listed(_NOTHING, [], None)
    spot = _start(bucket, prefix, after)
    if spot is None:
        return Listed(_NOTHING, [], None)
    if not delimiter and not bucket.versioning:
        return _slices(bucket, prefix, spot, limit)
    return _collect(_walk(bucket, prefix, delimiter, spot, "", versions=False), limit)


def list_versions(
    bucket: BucketState, prefix: str, delimiter: str, after: After, version_id: str | None, limit: int
) -> Listed:
    """Every version and delete marker, newest first within a key; with ``version_id``, go on inside that key."""
    if limit <= 0:
        return Listed(_NOTHING, [], None)
    spot, previous = _start(bucket, prefix, after), ""
    if version_id is not None:
        spot, previous = _after_version(bucket, after.key, version_id), after.key
    if spot is None:
        return Listed(_NOTHING, [], None)
    listed = _collect(_walk(bucket, prefix, delimiter, spot, previous, versions=True), limit)
    if listed.next is not None and not listed.next.group:
        return listed._replace(next_version=bucket.version_id(listed.rows.row(-1)) or "null")
    return listed


def _start(bucket: BucketState, prefix: str, after: After) -> Spot | None:
    table = bucket.table
    first = table.seek(prefix)
    if not after.key:
        return first
    if after.group:
        beyond = successor(after.key)
        return max(first, table.seek(beyond)) if beyond is not None else None
    return max(first, table.seek(after.key, after=True))


def _after_version(bucket: BucketState, key: str, version_id: str) -> Spot:
    for spot, row in bucket.table.versions(key):
        if (bucket.version_id(row) or "null") == version_id:
            return bucket.table.next(spot)
    raise invalid_argument("Invalid version id specified", "version-id-marker", version_id)


def _slices(bucket: BucketState, prefix: str, spot: Spot, limit: int) -> Listed:
    beyond = successor(prefix) if prefix else None
    stop = bucket.table.seek(beyond) if beyond is not None else None
    page = Leaf([], array("q"), array("q"), bytearray(), array("Q"))
    wanted = limit + 1
    number = spot.leaf
    for leaf, start in bucket.table.slices(spot):
        end = start + wanted
        if stop is not None and number >= stop.leaf:
            end = min(end, stop.at if number == stop.leaf else 0)
        page.extend(leaf, start, end)
        wanted = limit + 1 - len(page.keys)
        if wanted <= 0 or (stop is not None and number >= stop.leaf):
            break
        number += 1
    more = len(page.keys) > limit
    if more:
        page = page.cut(0, limit)
    columns = PageColumns(page.keys, page.sizes, page.modified, page.kinds, page.tags)
    return Listed(columns, [], After(page.keys[-1]) if more else None)


def _walk(
    bucket: BucketState, prefix: str, delimiter: str, spot: Spot, previous: str, *, versions: bool
) -> Iterator[tuple[Row, bool] | str]:
    """Rows (with whether they are the newest of their key) and common prefixes, in order."""
    table = bucket.table
    seen: str | None = previous or None
    at: Spot | None = spot
    while at is not None:
        begin, at = at, None
        for leaf, start in table.slices(begin):
            group = ""
            for index in range(start, len(leaf.keys)):
                key = leaf.keys[index]
                if not key.startswith(prefix):
                    return
                latest, seen = key != seen, key
                if not versions and (not latest or leaf.kinds[index] & MARKER == MARKER):
                    continue
                cut = key.find(delimiter, len(prefix)) if delimiter else -1
                if cut >= 0:
                    group = key[: cut + len(delimiter)]
                    break
                yield leaf.row(index), latest
            if group:
                yield group
                beyond = successor(group)
                at = table.seek(beyond) if beyond is not None else None
                break


def _collect(found: Iterator[tuple[Row, bool] | str], limit: int) -> Listed:
    rows: list[Row] = []
    latest: list[bool] = []
    prefixes: list[str] = []
    last = After("")
    for item in islice(found, limit):
        if isinstance(item, str):
            prefixes.append(item)
            last = After(item, group=True)
        else:
            rows.append(item[0])
            latest.append(item[1])
            last = After(item[0].key)
    more = next(found, None) is not None
    columns = PageColumns(
        [row.key for row in rows],
        [row.size for row in rows],
        [row.modified for row in rows],
        [row.kind for row in rows],
        [row.tag for row in rows],
        latest,
    )
    return Listed(columns, prefixes, last if more else None)
