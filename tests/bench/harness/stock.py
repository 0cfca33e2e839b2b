"""What a script on the stock SDKs does, written the straightforward way: the peers that have no command of their own.

    python stock.py boto3|aioboto3 list|restore|status BUCKET
    python stock.py obstore list BUCKET      into Arrow tables, by Rust: what a listing alone can cost

``restore`` lists and restores what is found: boto3 one by one, aioboto3 with 64 tasks.
"""

import asyncio
import json
import os
import sys
from collections.abc import Iterable
from typing import Any

TASKS = 64
REQUEST = {"Days": 1, "GlacierJobParameters": {"Tier": "Bulk"}}
STATUS: dict[str, Any] = {"OptionalObjectAttributes": ["RestoreStatus"]}


def with_boto3(job: str, bucket: str) -> int:
    import boto3

    s3 = boto3.client("s3")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, **(STATUS if job == "status" else {}))
    done = 0
    for page in pages:
        for entry in page.get("Contents", ()):
            if job == "restore":
                s3.restore_object(Bucket=bucket, Key=entry["Key"], RestoreRequest=REQUEST)
            done += 1
    return done


async def with_aioboto3(job: str, bucket: str) -> int:
    from aioboto3.session import Session
    from aiobotocore.config import AioConfig

    async with Session().client("s3", config=AioConfig(max_pool_connections=TASKS)) as s3:

        async def restore(keys: Iterable[str]) -> None:
            for key in keys:
                await s3.restore_object(Bucket=bucket, Key=key, RestoreRequest=REQUEST)

        found: list[str] = []
        extra = STATUS if job == "status" else {}
        async for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, **extra):
            found.extend(entry["Key"] for entry in page.get("Contents", ()))
        if job == "restore":
            waiting = iter(found)
            await asyncio.gather(*(restore(waiting) for _ in range(TASKS)))
        return len(found)


def with_obstore(bucket: str) -> int:
    import obstore
    from obstore.store import S3Store

    store = S3Store(
        bucket,
        endpoint=os.environ["AWS_ENDPOINT_URL"],
        virtual_hosted_style_request=False,
        client_options={"allow_http": True},
    )
    return sum(table.num_rows for table in obstore.list(store, return_arrow=True))


def main() -> None:
    client, job, bucket = sys.argv[1:]
    if client == "obstore":
        print(json.dumps({"objects": with_obstore(bucket)}))
        return
    done = with_boto3(job, bucket) if client == "boto3" else asyncio.run(with_aioboto3(job, bucket))
    print(json.dumps({"objects": done}))


if __name__ == "__main__":
    main()
