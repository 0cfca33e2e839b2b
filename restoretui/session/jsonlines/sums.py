"""Lines about what lies below prefixes, summed up."""

from typing import Any

from restoretui.ledger.volumes import PrefixTotals, Volume


def volume_fields(volume: Volume) -> dict[str, Any]:
    """Objects and bytes; ``unsized`` of them are in no size."""
    return {"objects": volume.objects, "size": volume.size_bytes, "unsized": volume.unsized}


def totals_fields(totals: PrefixTotals) -> dict[str, Any]:
    """What lies below a prefix: archived, restoring, readable and unseen make up the whole."""
    parts = {"archived": totals.archived, "restoring": totals.restoring, "readable": totals.readable,
             "unseen": totals.unseen}  # fmt: skip
    return {
        **volume_fields(totals.whole), **{name: volume_fields(volume) for name, volume in parts.items()},
        "gone": totals.gone.objects,
        "states": {name: volume_fields(volume) for name, volume in totals.by_state().items()},
        "classes": {name: volume_fields(volume) for name, volume in totals.by_class().items()},
    }  # fmt: skip
