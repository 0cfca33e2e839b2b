"""What goes wrong, by scenario."""

from dataclasses import dataclass

from restoretui.sandbox.conditions import Conditions
from restoretui.sandbox.refusals import Refusal
from restoretui.sandbox.wire import Call


@dataclass(slots=True)
class Disturbance:
    """What happens to one request."""

    latency: float = 0.0
    """Machine seconds before it is applied."""
    refusal: Refusal | None = None
    drop: str = ""
    """``before`` it is applied, ``after`` it was, or in the ``middle`` of the answer."""
    spoil: str = ""
    """``truncate`` or ``malformed``: what becomes of the answer's XML."""


class Faults(Conditions):
    """The faults in force."""

    def disturb(self, call: Call, now: float, machine: float) -> Disturbance | None:
        """What shall happen to ``call`` at virtual time ``now`` and machine time ``machine``; None: nothing."""
        return None
