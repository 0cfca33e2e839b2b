"""ListObjects, ListObjectsV2, ListObjectVersions (FACTS 1.7). Built by joining strings: a page is a thousand rows."""

from collections.abc import Callable, Sequence
from urllib.parse import quote_plus

from restoretui.sandbox.state.bucket import BucketState, made_etag
from restoretui.sandbox.state.kinds import KINDS, MARKER, TIERING
from restoretui.sandbox.state.listing import After, Listed, PageColumns, list_current, list_versions
from restoretui.sandbox.state.refusals import invalid_argument
from restoretui.sandbox.wire.call_reply import Call, Reply, document, escape, iso
from restoretui.sandbox.wire.tokens import read_token, token_of

MAX_KEYS = 1000
_CLASSES = [kind.storage_class for kind in KINDS]


def list_objects_v2(bucket: BucketState, call: Call, now: float) -> Reply:
    """``GET /bucket?list-type=2``."""
    query = call.query
    token = query.get("continuation-token")
    after = After(_start_after(query.get("start-after", ""), call.quirks))
    if token is not None:
        after = read_token(token)
    page = _S3Page(bucket, call, now)
    listed = list_current(bucket, page.prefix, page.delimiter, after, page.limit)
    parts = [page.head(), f"<KeyCount>{len(listed.rows.keys) + len(listed.prefixes)}</KeyCount>"]
    if token is not None:
        parts.append(f"<ContinuationToken>{escape(token)}</ContinuationToken>")
    if "start-after" in query:
        parts.append(f"<StartAfter>{page.name(query['start-after'])}</StartAfter>")
    if listed.next is not None and "no-token" not in call.quirks:
        next_token = token if token is not None and "repeat-token" in call.quirks else token_of(listed.next)
        parts.append(f"<NextContinuationToken>{escape(next_token)}</NextContinuationToken>")
    return page.reply("ListBucketResult", parts, listed, page.objects(listed.rows))


def list_objects(bucket: BucketState, call: Call, now: float) -> Reply:
    """``GET /bucket``: the first version of the API, which some tools still speak."""
    page = _S3Page(bucket, call, now)
    marker = call.query.get("marker", "")
    listed = list_current(bucket, page.prefix, page.delimiter, page.after(marker), page.limit)
    parts = [page.head(), f"<Marker>{page.name(marker)}</Marker>"]
    if listed.next is not None and page.delimiter:
        parts.append(f"<NextMarker>{page.name(listed.next.key)}</NextMarker>")
    return page.reply("ListBucketResult", parts, listed, page.objects(listed.rows))


def list_object_versions(bucket: BucketState, call: Call, now: float) -> Reply:
    """``GET /bucket?versions``."""
    page = _S3Page(bucket, call, now)
    marker = call.query.get("key-marker", "")
    version = call.query.get("version-id-marker")
    if version is not None and not marker:
        raise invalid_argument(
            "A version-id marker cannot be specified without a key marker.", "version-id-marker", version
        )
    after = After(marker) if version else page.after(marker)
    listed = list_versions(bucket, page.prefix, page.delimiter, after, version or None, page.limit)
    parts = [
        page.head(),
        f"<KeyMarker>{page.name(marker)}</KeyMarker>",
        f"<VersionIdMarker>{escape(version or '')}</VersionIdMarker>",
    ]
    if listed.next is not None:
        parts.append(f"<NextKeyMarker>{page.name(listed.next.key)}</NextKeyMarker>")
        if listed.next_version is not None:
            parts.append(f"<NextVersionIdMarker>{listed.next_version}</NextVersionIdMarker>")
    return page.reply("ListVersionsResult", parts, listed, page.versions(listed.rows))


class _S3Page:
    """What the three listings have in common."""

    def __init__(self, bucket: BucketState, call: Call, now: float) -> None:
        query = call.query
        self.bucket = bucket
        self.now = now
        self.prefix = query.get("prefix", "")
        self.delimiter = query.get("delimiter", "")
        self.encoding = query.get("encoding-type", "")
        if self.encoding not in ("", "url"):
            raise invalid_argument("Invalid Encoding Method specified in Request", "encoding-type", self.encoding)
        self.name: Callable[[str], str] = _quoted if self.encoding else escape
        self.asked_keys = _max_keys(query.get("max-keys"))
        self.limit = min(self.asked_keys, MAX_KEYS)
        self.with_status = _wants_status(call) and "no-restore-status" not in call.quirks
        self.quirks = call.quirks

    def after(self, marker: str) -> After:
        """A marker that is itself a common prefix stands for all below it."""
        cut = marker.find(self.delimiter, len(self.prefix)) if self.delimiter else -1
        return After(marker, group=cut >= 0 and cut + len(self.delimiter) == len(marker))

    def head(self) -> str:
        parts = [f"<Name>{self.bucket.name}</Name><Prefix>{self.name(self.prefix)}</Prefix>"]
        if self.delimiter:
            parts.append(f"<Delimiter>{self.name(self.delimiter)}</Delimiter>")
        if self.encoding:
            parts.append("<EncodingType>url</EncodingType>")
        parts.append(f"<MaxKeys>{self.asked_keys}</MaxKeys>")
        return "".join(parts)

    def reply(self, root: str, parts: list[str], listed: Listed, rows: list[str]) -> Reply:
        parts.append(f"<IsTruncated>{'true' if listed.next is not None else 'false'}</IsTruncated>")
        if "utf16-order" in self.quirks:
            order = sorted(range(len(rows)), key=lambda at: listed.rows.keys[at].encode("utf-16-be"))
            rows = [rows[at] for at in order]
        parts += reversed(rows) if "unsorted" in self.quirks else rows
        for prefix in listed.prefixes:
            parts.append(f"<CommonPrefixes><Prefix>{self.name(prefix)}</Prefix></CommonPrefixes>")
        return Reply(body=document(root, "".join(parts)))

    def objects(self, rows: PageColumns) -> list[str]:
        keys = self._names(rows.keys)
        etags = self._etags(rows.tags)
        status = self._status(rows)
        if "no-dates" in self.quirks:
            return [
                f"<Contents><Key>{key}</Key>{named}{restore}</Contents>"
                for key, named, restore in zip(keys, self._classes(rows), status, strict=True)
            ]
        return [
            f"<Contents><Key>{key}</Key><LastModified>{date}</LastModified><ETag>&quot;{etag}&quot;</ETag>"
            f"<Size>{size}</Size>{named}{restore}</Contents>"
            for key, date, etag, size, named, restore in zip(
                keys, _dates(rows.modified), etags, rows.sizes, self._classes(rows), status, strict=True
            )
        ]

    def versions(self, rows: PageColumns) -> list[str]:
        found: list[str] = []
        dates, status = _dates(rows.modified), self._status(rows)
        etags, classes = self._etags(rows.tags), self._classes(rows)
        for at, key in enumerate(self._names(rows.keys)):
            row = rows.row(at)
            latest = "true" if rows.latest[at] else "false"
            common = (
                f"<Key>{key}</Key><VersionId>{self.bucket.version_id(row) or 'null'}</VersionId>"
                f"<IsLatest>{latest}</IsLatest><LastModified>{dates[at]}</LastModified>"
            )
            owner = f"<Owner><ID>{self.bucket.owner}</ID></Owner>"
            if row.kind & MARKER == MARKER:
                found.append(f"<DeleteMarker>{common}{owner}</DeleteMarker>")
            else:
                found.append(
                    f"<Version>{common}<ETag>&quot;{etags[at]}&quot;</ETag><Size>{row.size}</Size>"
                    f"{classes[at]}{owner}{status[at]}</Version>"
                )
        return found

    def _classes(self, rows: PageColumns) -> list[str]:
        """As elements; nothing where this store leaves a class out."""
        names = [_CLASSES[kind & 0x7F] if kind & 0x7F < len(_CLASSES) else "" for kind in rows.kinds]
        if "online-while-restored" in self.quirks and self.bucket.restores:
            restores = [self.bucket.restores.get(tag) for tag in rows.tags]
            names = [
                "STANDARD" if restore is not None and restore.available(self.now) else name
                for name, restore in zip(names, restores, strict=True)
            ]
        unnamed = (
            _CLASSES if "no-class" in self.quirks else ["STANDARD"] if "no-class-standard" in self.quirks else ()
        )
        return ["" if name in unnamed else f"<StorageClass>{name}</StorageClass>" for name in names]

    def _names(self, keys: Sequence[str]) -> list[str]:
        return [self.name(key) for key in keys]

    def _etags(self, tags: Sequence[int]) -> list[str]:
        extras = self.bucket.extras
        if not extras:
            return [made_etag(tag) for tag in tags]
        return [self.bucket.etag(tag) for tag in tags]

    def _status(self, rows: PageColumns) -> list[str]:
        if not self.with_status or not self.bucket.restores:
            return [""] * len(rows.keys)
        restores, now = self.bucket.restores, self.now
        hidden = TIERING if "tiering-unlisted" in self.quirks else len(KINDS)
        found = []
        for tag, kind in zip(rows.tags, rows.kinds, strict=True):
            restore = restores.get(tag)
            if restore is None or now >= restore.until or hidden <= kind & 0x7F:
                found.append("")
            elif now < restore.ready:
                found.append("<RestoreStatus><IsRestoreInProgress>true</IsRestoreInProgress></RestoreStatus>")
            elif restore.until == float("inf"):
                found.append("")
            else:
                until = f"<RestoreExpiryDate>{iso(restore.until)}</RestoreExpiryDate>"
                found.append(
                    "<RestoreStatus><IsRestoreInProgress>false</IsRestoreInProgress>"
                    f"{'' if 'no-expiry' in self.quirks else until}</RestoreStatus>"
                )
        return found


def _start_after(key: str, quirks: frozenset[str]) -> str:
    """Where the listing begins behind, as this store takes it."""
    if "ignore-start-after" in quirks:
        return ""
    if "inclusive-start-after" in quirks and key:
        return key[:-1] + chr(max(1, ord(key[-1]) - 1)) + "\U0010ffff"
    return key


def _wants_status(call: Call) -> bool:
    asked = call.headers.get("x-amz-optional-object-attributes", "")
    names = [name.strip() for name in asked.split(",") if name.strip()]
    if any(name != "RestoreStatus" for name in names):
        raise invalid_argument("Invalid attribute name specified.", "x-amz-optional-object-attributes", asked)
    return bool(names)


def _max_keys(text: str | None) -> int:
    if text is None or not text:
        return MAX_KEYS
    try:
        number = int(text)
    except ValueError:
        raise invalid_argument("Provided max-keys not an integer or within integer range", "max-keys", text) from None
    if not 0 <= number < 2**31:
        raise invalid_argument("Argument maxKeys must be an integer between 0 and 2147483647", "maxKeys", text)
    return number


def _quoted(text: str) -> str:
    return quote_plus(text, safe="/*")


_days: dict[int, str] = {}


def _dates(seconds: Sequence[int]) -> list[str]:
    found = []
    for at in seconds:
        day, rest = divmod(at, 86400)
        text = _days.get(day)
        if text is None:
            text = _days[day] = iso(day * 86400)[:11]
        hour, rest = divmod(rest, 3600)
        found.append(f"{text}{hour:02d}:{rest // 60:02d}:{rest % 60:02d}.000Z")
    return found
