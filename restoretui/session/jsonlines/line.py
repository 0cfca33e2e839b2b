"""One line: its type, the schema's version, and fields that are known. What is not known is absent.

Instants are RFC 3339 UTC, sizes bytes, money numbers in the currency named beside them.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from restoretui.core.location import Location
from restoretui.core.model import END_UNTOLD, ObjectRef

SCHEMA = 1
"""Of the lines. It grows when a name goes or means something else; names may be added within one."""


def json_line(kind: str, fields: Mapping[str, Any]) -> str:
    """``fields`` and their ``type`` as JSON in one line, pure ASCII, so that no key can disturb a terminal."""
    return json.dumps(line_of(kind, fields), default=_plain)


def line_of(kind: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The line before it is text."""
    return {"type": kind, "schema": SCHEMA, **known(fields)}


def plain(line: Any) -> Any:
    """The line as it is once it was read again: text, numbers, lists and objects of them."""
    if isinstance(line, dict):
        return {name: plain(value) for name, value in line.items()}
    if isinstance(line, list | tuple):
        return [plain(value) for value in line]
    return _plain(line) if isinstance(line, datetime | Decimal) else line


def known(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Those that are known, inside of others too."""
    return {
        name: known(value) if isinstance(value, dict) else value
        for name, value in fields.items()
        if value is not None
    }


def cell_of(line: Any, name: str) -> Any:
    """The value of a column in a line as it is once it was read again; a point leads into one."""
    for part in name.split("."):
        line = line.get(part) if isinstance(line, dict) else None
    return line


def cell_text(value: Any) -> str:
    """A value as a cell of CSV: empty where it is not known, a list with spaces between."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return " ".join(value)
    return json.dumps(value) if isinstance(value, list | dict) else str(value)


def where(scheme: str, ref: ObjectRef) -> dict[str, Any]:
    """Which object."""
    location = Location(scheme, ref.bucket, key=ref.key, version_id=ref.version_id)
    return {
        "scheme": scheme, "bucket": ref.bucket, "location": str(location), "key": ref.key,
        "version_id": ref.version_id,
    }  # fmt: skip


def where_all(scheme: str, buckets: "list[str] | tuple[str, ...]") -> dict[str, Any]:
    """Which buckets; of a single one its location as well."""
    one = buckets[0] if len(buckets) == 1 else None
    location = None if one is None else str(Location(scheme, one))
    return {"scheme": scheme, "buckets": list(buckets), "bucket": one, "location": location}


def named(text: str) -> str:
    """A name of ours as a value or a key: without spaces."""
    return text.replace(" ", "_")


_END_UNTOLD = END_UNTOLD.timestamp()


def end_of(seconds: float | None) -> str | None:
    """When a copy ends; None where it has no end or, beside the state ``available``, where it is not told."""
    return None if seconds is None or seconds == _END_UNTOLD else instant(seconds)


def instant(seconds: float | None) -> str | None:
    """RFC 3339 in UTC, whole seconds where they are whole."""
    return None if seconds is None else _instant_of(seconds)


@lru_cache(4096)
def _instant_of(seconds: float) -> str:
    return _instant(datetime.fromtimestamp(seconds, UTC))


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="auto").replace("+00:00", "Z")


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return _instant(value)
    if isinstance(value, Decimal):
        return round(float(value), 6)
    raise TypeError(type(value).__name__)
