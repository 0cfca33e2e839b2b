"""SQL for jobs that are chosen by their ids."""

from collections.abc import Iterable


def is_among(column: str, ids: Iterable[int]) -> str:
    """A condition that ``column`` is one of ``ids``.

    The jobs of a run have numbers in a row, so that many are mostly a range, which SQLite need not keep a list of.
    """
    chosen = sorted({int(job_id) for job_id in ids})
    if chosen and chosen[-1] - chosen[0] == len(chosen) - 1:
        return f"{column} BETWEEN {chosen[0]} AND {chosen[-1]}"
    return f"{column} IN ({', '.join(map(str, chosen))})"
