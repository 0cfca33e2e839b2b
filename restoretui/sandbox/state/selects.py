"""Restores of type SELECT: no copy is made, results are written to another place once the object is retrieved."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field


class SelectRequest(Struct):
    """One of them, with the members that were sent; instants are seconds since the epoch."""

    bucket: str
    key: str
    version_id: str | None
    members: Mapping[str, Any]
    """Of the request, as they came: nested, as text."""
    output_bucket: str
    path: str
    """Prefix and id, below which results are written."""
    ready: float
    is_written: bool = field(default=False)
