"""Rows of inventories are sorted beside the loop; whoever stops waiting leaves a step behind."""

import threading
from pathlib import Path

from restoretui.core.errors import LedgerError
from restoretui.core.model import Entry
from restoretui.core.rows import Rows
from restoretui.ledger.catalog.row_sorter import RowSorter


def test_it_ends_between_two_steps_of_whoever_still_works_with_it(tmp_path: Path) -> None:
    sorter = RowSorter(tmp_path)
    rows = Rows.of([Entry(f"k{number:06}", None, 1, 1, "GLACIER") for number in range(5000)])
    begun, ends = threading.Event(), list[Exception]()

    def work() -> None:
        try:
            while True:
                sorter.add(rows)
                begun.set()
        except LedgerError as error:
            ends.append(error)

    working = threading.Thread(target=work)
    working.start()
    assert begun.wait(30)
    sorter.close()
    working.join(30)
    assert len(ends) == 1
    assert list(tmp_path.iterdir()) == []
