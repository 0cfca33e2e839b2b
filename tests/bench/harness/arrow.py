"""A bare listing by obstore (Rust) into Arrow tables, of which nothing is printed: what a listing alone can cost.

python arrow.py BUCKET
"""

import json
import os
import sys


def main() -> None:
    import obstore
    from obstore.store import S3Store

    store = S3Store(
        sys.argv[1],
        endpoint=os.environ["AWS_ENDPOINT_URL"],
        virtual_hosted_style_request=False,
        client_options={"allow_http": True},
    )
    print(json.dumps({"objects": sum(table.num_rows for table in obstore.list(store, return_arrow=True))}))


if __name__ == "__main__":
    main()
