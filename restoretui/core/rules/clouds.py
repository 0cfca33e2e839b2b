"""The registry of clouds, by scheme. A further one is its table beside this file and its line in ``CLOUDS``.

What connects to it is found by the same scheme: ``providers/SCHEME/provider.py``. Nothing else names a cloud; a test
holds that.
"""

from restoretui.core.rules.kind import CloudKind
from restoretui.core.rules.oss import OSS_KIND
from restoretui.core.rules.s3 import S3_KIND

CLOUDS: dict[str, CloudKind] = {kind.scheme: kind for kind in (S3_KIND, OSS_KIND)}
"""In the order they are shown in; the first is meant where a location names none."""


def cloud_with_jobs() -> CloudKind:
    """The one cloud that has S3 Batch Operations."""
    return next(kind for kind in CLOUDS.values() if kind.rules.has_jobs)
