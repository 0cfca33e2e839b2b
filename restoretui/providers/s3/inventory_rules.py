"""ListBucketInventoryConfigurations: where a bucket's inventories are written (botocore's model of it)."""

from collections.abc import Sequence

from restoretui.core.errors import CloudError
from restoretui.core.inventory.rules import InventoryRule, read_rules
from restoretui.providers.s3.client.client import S3Client
from restoretui.providers.s3.client.request_builder import S3Request
from restoretui.providers.wire.continuation import all_of

OPERATION = "ListBucketInventoryConfigurations"


async def inventory_rules(calls: S3Client, bucket: str) -> Sequence[InventoryRule]:
    """Of all pages; none where there is no configuration. It needs ``s3:GetInventoryConfiguration``."""

    async def ask(token: str) -> tuple[list[InventoryRule], object]:
        given = {"ContinuationToken": token} if token else {}
        told = await calls.read(S3Request(OPERATION, bucket, given), calls.parsed(OPERATION))
        rules = read_rules(told.get("InventoryConfigurationList", ()), "S3BucketDestination")
        return rules, told.get("NextContinuationToken")

    try:
        return await all_of(OPERATION, ask)
    except CloudError as error:
        if error.code == "NoSuchConfiguration":
            return []
        raise
