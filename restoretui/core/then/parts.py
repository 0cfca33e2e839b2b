"""In how many parts large objects are copied and read."""

MIB = 1 << 20
GIB = 1 << 30
LARGEST_COPY = 5 * GIB
"""Bytes that one CopyObject takes; more goes in parts (FACTS 1.11)."""
LEAST_PART = 256 * MIB
MOST_PARTS = 9_900
"""Below S3's 10,000, so that a part can be a whole number of MiB."""
READ_SIZE = 8 * MIB
"""Bytes of one GET of a download: held in memory until they are written."""


def part_size(size: int) -> int:
    """Bytes of each part but the last of a copy of ``size`` bytes."""
    wanted = max(LEAST_PART, -(-size // MOST_PARTS))
    return -(-wanted // MIB) * MIB


def extents(size: int, step: int) -> list[tuple[int, int]]:
    """``size`` bytes in pieces of ``step``: from, up to."""
    return [(start, min(start + step, size)) for start in range(0, size, step)]


def copy_requests(objects: int, size_bytes: int) -> int:
    """Requests that copies of so many objects take, at most: whatever is above 5 GiB goes in parts."""
    if size_bytes <= LARGEST_COPY:
        return objects
    return objects + size_bytes // LEAST_PART + 2 * (size_bytes // LARGEST_COPY)
