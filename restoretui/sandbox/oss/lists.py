"""ListObjectsV2 and ListObjectVersions with ``RestoreInfo``, which OSS gives unasked (FACTS 4.2)."""

from urllib.parse import quote

from restoretui.sandbox.oss.objects import restore_text
from restoretui.sandbox.state.bucket import BucketState, describe
from restoretui.sandbox.state.cloud import Cloud
from restoretui.sandbox.state.kinds import MARKER
from restoretui.sandbox.state.listing import After, Listed, list_current, list_versions
from restoretui.sandbox.state.refusals import invalid_argument
from restoretui.sandbox.state.table import Row
from restoretui.sandbox.wire.call_reply import XML, Call, Reply, escape, iso
from restoretui.sandbox.wire.tokens import read_token, token_of

MAX_KEYS = 1000
_DEFAULT_KEYS = 100


def list_objects_v2(cloud: Cloud, bucket: BucketState, call: Call) -> Reply:
    """``GET ?list-type=2``."""
    page = _OssPage(cloud, bucket, call)
    token = call.query.get("continuation-token")
    after = read_token(token) if token else After(call.query.get("start-after", ""))
    listed = list_current(bucket, page.prefix, page.delimiter, after, page.limit)
    parts = [f"<KeyCount>{len(listed.rows.keys) + len(listed.prefixes)}</KeyCount>"]
    if listed.next is not None:
        parts.append(f"<NextContinuationToken>{token_of(listed.next)}</NextContinuationToken>")
    rows = [f"<Contents>{page.row(listed.rows.row(at))}</Contents>" for at in range(len(listed.rows.keys))]
    return page.reply("ListBucketResult", parts, rows, listed)


def list_object_versions(cloud: Cloud, bucket: BucketState, call: Call) -> Reply:
    """``GET ?versions``."""
    page = _OssPage(cloud, bucket, call)
    marker, version = call.query.get("key-marker", ""), call.query.get("version-id-marker")
    grouped = bool(page.delimiter) and marker.find(page.delimiter, len(page.prefix)) >= 0 and not version
    after = After(marker, group=grouped and marker.endswith(page.delimiter))
    listed = list_versions(bucket, page.prefix, page.delimiter, after, version or None, page.limit)
    parts = []
    if listed.next is not None:
        parts.append(f"<NextKeyMarker>{page.name(listed.next.key)}</NextKeyMarker>")
        if listed.next_version is not None:
            parts.append(f"<NextVersionIdMarker>{listed.next_version}</NextVersionIdMarker>")
    rows = []
    for at in range(len(listed.rows.keys)):
        row = listed.rows.row(at)
        latest = "true" if listed.rows.latest[at] else "false"
        told = f"<VersionId>{bucket.version_id(row) or 'null'}</VersionId><IsLatest>{latest}</IsLatest>"
        if row.kind & MARKER == MARKER:
            key = f"<Key>{page.name(row.key)}</Key>"
            rows.append(f"<DeleteMarker>{key}{told}<LastModified>{iso(row.modified)}</LastModified></DeleteMarker>")
        else:
            rows.append(f"<Version>{told}{page.row(row)}</Version>")
    return page.reply("ListVersionsResult", parts, rows, listed)


class _OssPage:
    """What both listings have in common."""

    def __init__(self, cloud: Cloud, bucket: BucketState, call: Call) -> None:
        query = call.query
        self.bucket = bucket
        self.now = cloud.now()
        self.prefix = query.get("prefix", "")
        self.delimiter = query.get("delimiter", "")
        self.encoding = query.get("encoding-type", "")
        if self.encoding not in ("", "url"):
            raise invalid_argument("Invalid Encoding Method specified in Request", "encoding-type", self.encoding)
        text = query.get("max-keys") or str(_DEFAULT_KEYS)
        if not text.isdecimal() or not 1 <= int(text) <= MAX_KEYS:
            raise invalid_argument("Argument max-keys must be an integer between 1 and 1000.", "max-keys", text)
        self.limit = int(text)

    def name(self, text: str) -> str:
        return quote(text, safe="") if self.encoding else escape(text)

    def row(self, row: Row) -> str:
        restore = restore_text(self.bucket.restores.get(row.tag), self.now) if self.bucket.restores else ""
        told = f"<RestoreInfo>{escape(restore)}</RestoreInfo>" if restore else ""
        return (
            f"<Key>{self.name(row.key)}</Key><LastModified>{iso(row.modified)}</LastModified>"
            f"<ETag>&quot;{self.bucket.etag(row.tag)}&quot;</ETag><Type>Normal</Type><Size>{row.size}</Size>"
            f"<StorageClass>{describe(row.kind).storage_class}</StorageClass>{told}"
        )

    def reply(self, root: str, parts: list[str], rows: list[str], listed: Listed) -> Reply:
        head = [
            f"<Name>{self.bucket.name}</Name><Prefix>{self.name(self.prefix)}</Prefix><MaxKeys>{self.limit}</MaxKeys>",
            f"<Delimiter>{self.name(self.delimiter)}</Delimiter>",
            f"<EncodingType>{self.encoding}</EncodingType>" if self.encoding else "",
            f"<IsTruncated>{'true' if listed.next is not None else 'false'}</IsTruncated>",
        ]
        common = [
            f"<CommonPrefixes><Prefix>{self.name(prefix)}</Prefix></CommonPrefixes>" for prefix in listed.prefixes
        ]
        return Reply(body=f"{XML}<{root}>{''.join([*head, *parts, *rows, *common])}</{root}>".encode())
