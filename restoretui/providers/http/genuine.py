"""Body of an answer as the cloud itself gave it: unpacked, and nobody else's.

Both providers read through this: what stands between them and a cloud (a proxy, a portal, a firewall) does not ask
which cloud it is.
"""

from collections.abc import Mapping

from restoretui.providers.http.unasked_encodings import unpacked
from restoretui.providers.wire.foreign_answers import why_foreign
from restoretui.providers.wire.xml_trees import Unreadable


def genuine_body(operation: str, status: int, headers: Mapping[str, str], body: bytes) -> bytes:
    """What was answered; ``Unreadable`` says, as the end of a sentence, what shows that it cannot be believed.

    ``headers`` are found by lower-case name.
    """
    plain = unpacked(operation, headers, body)
    if why := why_foreign(operation, status, headers, plain):
        raise Unreadable(why)
    return plain
