"""Where a run's objects lie: the longest prefix that all of them have."""

import os

from restoretui.core.location import Location
from restoretui.ledger.records import JobRow, View


async def common_prefix(view: View[JobRow], scheme: str) -> Location | None:
    """Of a view in key order: what its first and its last row have in common; None when that is not even a bucket."""
    await view.wait()
    ends = [*view.rows(0, 1), *view.rows(view.count - 1, 1)]
    if not ends or ends[0].ref.bucket != ends[-1].ref.bucket:
        return None
    if ends[0].ref.key == ends[-1].ref.key:
        return Location(scheme, ends[0].ref.bucket, key=ends[0].ref.key)
    common = os.path.commonprefix([end.ref.key for end in ends])  # noqa: RUF071  keys are no paths
    return Location(scheme, ends[0].ref.bucket, common[: common.rfind("/") + 1])
