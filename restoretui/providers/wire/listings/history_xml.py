"""Parser of ListObjectVersions with its delete markers, in the order of the document: newest first (FACTS 9)."""

from restoretui.core.model import MARKER_CLASS, UNTOLD_CLASS, Entry, Page
from restoretui.providers.wire.checked_values import believed_epoch, believed_sizes
from restoretui.providers.wire.listings.listing_frame import Frame, after, local
from restoretui.providers.wire.listings.listing_tree import FLAG, UNKNOWN, StockParser, refuse
from restoretui.providers.wire.xml_trees import Unreadable, refuse_document_type, refuse_many_tags, tree_of


def read_history(body: bytes, _stock: StockParser | None = None) -> Page:
    """One answer: versions, and markers as entries of ``MARKER_CLASS``. ``Unreadable`` for what is none.

    The SDK's own parser is of no use here: it tears versions and markers apart.
    """
    refuse_many_tags(body)
    refuse_document_type(body)
    try:
        frame = Frame(tree_of(body))
        entries: list[Entry] = []
        for row in frame.rows:
            text = {local(leaf): leaf.text or "" for leaf in row}
            before = entries[-1].key if entries else ""
            key = frame.name("Key", text.get("Key", ""), before)
            if not key:
                raise Unreadable(f"a row of the listing has no key{after(before)}")
            marks = local(row) == "DeleteMarker"
            status = next((leaf for leaf in row if local(leaf) == "RestoreStatus"), None)
            told = {} if status is None else {local(leaf): leaf.text or "" for leaf in status}
            expiry = told.get("RestoreExpiryDate", "").strip()
            entries.append(
                Entry(
                    key,
                    text.get("VersionId") or None,
                    0 if marks else believed_sizes([text.get("Size", "")])[0],
                    believed_epoch(text.get("LastModified", "")),
                    MARKER_CLASS if marks else text.get("StorageClass", "").strip() or UNTOLD_CLASS,
                    FLAG.get(told.get("IsRestoreInProgress", "").strip()),
                    believed_epoch(expiry) if expiry else None,
                    text.get("ETag", "").removeprefix('"').removesuffix('"'),
                    text.get("IsLatest", "").strip() != "false",
                )
            )
        return frame.page(entries, versions=True)
    except UNKNOWN as error:
        raise refuse(body, error) from None
