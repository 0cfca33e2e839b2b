"""Counts of what was asked and answered, so that tests can assert cost."""

from collections import Counter


class Stats:
    """Requests by operation, answers by operation and status."""

    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()
        self.answers: Counter[str] = Counter()

    def reset(self) -> None:
        """Count from nothing again."""
        self.requests.clear()
        self.answers.clear()

    def as_dict(self) -> dict[str, dict[str, int]]:
        """Both counts in the order of their names, as the control API answers them."""
        return {"requests": dict(sorted(self.requests.items())), "answers": dict(sorted(self.answers.items()))}
