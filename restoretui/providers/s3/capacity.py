"""Reads the provisioned capacity units an account owns, from the one answer of Glacier's own API (FACTS 1.4)."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from restoretui.providers.wire.listings.listing_xml import Unreadable
from restoretui.providers.wire.restore_header import parse_instant

if TYPE_CHECKING:
    from restoretui.providers.s3.client.transport import HttpResponse

OPERATION = "ListProvisionedCapacity"


def read_capacity(reply: "HttpResponse") -> Sequence[tuple[datetime | None, datetime | None]]:
    """From when until when each unit is owned; None where that is not told. ``Unreadable`` when it is no list."""
    try:
        told = json.loads(reply.body)
        units = told["ProvisionedCapacityList"]
    except (ValueError, RecursionError, KeyError, TypeError):
        raise Unreadable("it is no list of provisioned capacity") from None
    if not isinstance(units, list) or not all(isinstance(unit, dict) for unit in units):
        raise Unreadable("it is no list of provisioned capacity")
    return [(_instant(unit.get("StartDate")), _instant(unit.get("ExpirationDate"))) for unit in units]


def _instant(told: object) -> datetime | None:
    return parse_instant(told) if isinstance(told, str) else None
