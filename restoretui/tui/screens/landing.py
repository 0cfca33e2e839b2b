"""Finds a row by its key in a view of another listing, whose ids are others."""

from restoretui.ledger.records import BrowseRow, View


def find_key(view: View[BrowseRow], key: str, *, is_prefix: bool) -> int | None:
    """Position of that key or common prefix; the view must be in key order, prefixes first, which is the default.

    UTF-8 order is code point order, so Python compares keys as the cloud does. About twenty reads in a million rows.
    """
    low, high = 0, view.count
    wanted = (not is_prefix, key)
    while low < high:
        middle = (low + high) // 2
        rows = view.rows(middle, 1)
        if not rows:
            return None
        here = (not rows[0].is_prefix, rows[0].ref.key)
        if here < wanted:
            low = middle + 1
        else:
            high = middle
    rows = view.rows(low, 1)
    return low if rows and (not rows[0].is_prefix, rows[0].ref.key) == wanted else None
