"""The seeded world."""

from restoretui.sandbox.cloud import Cloud


def build_world(cloud: Cloud, objects: int | None = None) -> None:
    """Fill ``cloud`` with buckets worth demonstrating."""
    cloud.add_bucket("acme-media-archive")
