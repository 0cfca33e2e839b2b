"""Finds out what it means that a store's listing names no class of an object (FACTS 5).

AWS names each. Of stores, some leave out STANDARD alone, as AWS documents it for HEAD; some leave out whatever it is,
and there an archived object looks like any other. HEADs of a few such objects tell them apart where the listing names
other classes; where it names none at all, nothing but a HEAD of each tells.
"""

from collections.abc import Awaitable, Callable, Sequence

from restoretui.core.errors import CloudError
from restoretui.core.model import ObjectRef
from restoretui.ledger import Ledger
from restoretui.ledger.marks.doubts import Doubt
from restoretui.ledger.records import CloudId, Observation

FEW = 16
"""Objects that are looked at to find out."""
_AMONG = 4096
"""Marks that the few are spread over."""
Heads = Callable[[Sequence[ObjectRef]], Awaitable[list[tuple[ObjectRef, Observation | CloudError]]]]


async def settle(ledger: Ledger, sel: int, cloud: CloudId, heads: Heads) -> bool:
    """Look at a few marked objects without a class; True where that has shown that all are in ``rules.unnamed``.

    That stands with the marks then. A store that names that class, too, means nothing by its silence. What the HEADs
    told is kept in any case.
    """
    if cloud.rules.lists_class is not None:
        return False
    refs = await ledger.selections.unlooked(sel, cloud, _AMONG, Doubt.CLASS)
    if len(refs) <= FEW:
        return False  # Each is looked at anyway.
    named = await ledger.selections.named_classes(sel, cloud)
    if not named or cloud.rules.unnamed in named:
        return False
    found = await heads(refs[:: len(refs) // FEW][:FEW])
    by_bucket: dict[str, list[Observation]] = {}
    for ref, seen in found:
        if isinstance(seen, Observation):
            by_bucket.setdefault(ref.bucket, []).append(seen)
    for bucket, looks in by_bucket.items():
        await ledger.catalog.observe(cloud, bucket, looks)
    told = {(seen.storage_class, seen.in_progress) for _, seen in found if isinstance(seen, Observation)}
    if told != {(cloud.rules.unnamed, None)} or any(isinstance(seen, CloudError) for _, seen in found):
        return False
    await ledger.selections.name_class(sel, cloud, cloud.rules.unnamed)
    return True
