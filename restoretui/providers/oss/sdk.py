"""The OSS SDK at work: clients per Region, signing, one HTTP exchange per call.

Imports the SDK, so it is itself imported late, by ``OssProvider.open``.
"""

import os
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple, Self

import aiohttp
import alibabacloud_oss_v2 as oss
from alibabacloud_oss_v2._client import AddressStyle
from alibabacloud_oss_v2.aio import AsyncClient
from alibabacloud_oss_v2.aio.transport import AioHttpClient
from yarl import URL

from restoretui import __version__
from restoretui.core import doing
from restoretui.core.errors import CloudError, CredentialsError, InvalidRequest, MalformedAnswer, Unsupported
from restoretui.core.network.endpoints import aliyun_region, is_aliyun_internal
from restoretui.core.provider import Connection, Limits
from restoretui.providers.http.aiohttp_failures import trouble
from restoretui.providers.http.failures import SettingNames
from restoretui.providers.http.proxies import Proxies
from restoretui.providers.http.proxy_tunnels import Connector, refuse_without_password
from restoretui.providers.http.response_limits import NotHttp, gather, in_time
from restoretui.providers.http.tls import Tls, make_tls, trust_of
from restoretui.providers.oss.credentials import FoundKeys, KeyRing
from restoretui.providers.oss.errors import EXPIRED
from restoretui.providers.oss.key_sources import OssKeys
from restoretui.providers.wire.foreign_answers import why_foreign
from restoretui.providers.wire.refusals import Refusal, printable

DEFAULT_REGION = "cn-hangzhou"
"""Where to ask about no bucket when nobody said where: any Region lists them all."""
_SETTINGS = SettingNames("OSS_ENDPOINT", "SSL_CERT_FILE", "an OSS")


class OssRequest(NamedTuple):
    """One request, in OSS's own names."""

    operation: str
    method: str
    bucket: str = ""
    key: str = ""
    query: Mapping[str, str] = {}
    body: bytes = b""
    headers: Mapping[str, str] = {}


class OssResponse(NamedTuple):
    """A whole response."""

    status: int
    headers: Mapping[str, str]
    """Case-insensitive."""
    body: bytes

    @property
    def request_id(self) -> str:
        """What support will ask for."""
        return self.headers.get("x-oss-request-id", "")


class Refused(Exception):
    """OSS said no."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal


class OssSdk:
    """An OSS session: one set of keys, with one SDK client per Region."""

    def __init__(self, connection: Connection, limits: Limits, ring: KeyRing, found: FoundKeys) -> None:
        given = connection.endpoint_url or found.endpoint
        own_region = aliyun_region(given)
        self.named_region = connection.region or found.region or own_region
        """As somebody said it; empty where nobody did."""
        self.region = self.named_region or DEFAULT_REGION
        self.endpoint = "" if own_region else given
        """Of one store for all Regions; empty where each Region has Alibaba Cloud's own."""
        self._internal = bool(connection.internal) or is_aliyun_internal(given)
        styled = connection.path_style is not None
        self._path_style = connection.path_style if styled else found.style == "path"
        cname = connection.cname if connection.cname is not None else found.style == "cname"
        self.is_cname = bool(cname and self.endpoint)
        """The endpoint is a custom domain, which stands for one bucket."""
        self._pays = connection.requester_pays
        self._limits = limits
        self._ring = ring
        self._signing = _Signing()
        self._proxies = Proxies()
        self._proxies.check(self._address())
        self._tls: Tls | None = None
        self._settings = _SETTINGS
        if not self._address().lower().startswith("http:") or self._proxies.of(self._address()):
            # AWS's variables name what else is believed: they say nothing of who else is not to be.
            trust = trust_of(os.environ, replaces=False)
            self._tls = make_tls(trust)
            self._settings = _SETTINGS.trusting(trust, trust)
        self._clients: dict[str, AsyncClient] = {}
        self._http: _Http | None = None

    async def exchange(self, ask: OssRequest, region: str) -> OssResponse:
        """Send one request, once. ``Refused`` when OSS says no; ``CloudError`` for everything that is no answer."""
        keys = await self._ring.keys()
        doing.note(ask.operation, ask.bucket)
        self._signing.use(keys)
        client = self._client(region)
        headers = {**({"Content-Type": "application/xml"} if ask.body else {}), **ask.headers}
        if self._pays and _takes_payer(ask.operation):
            headers["x-oss-request-payer"] = "requester"
        asked = oss.OperationInput(
            op_name=ask.operation,
            method=ask.method,
            headers=oss.CaseInsensitiveDict(headers),
            parameters=dict(ask.query),
            body=ask.body or None,
            bucket=ask.bucket or None,
            key=ask.key or None,
        )
        try:
            output = await client.invoke_operation(asked)
        except oss.exceptions.BaseError as error:
            raise self._what(error, ask, keys) from error
        return OssResponse(output.status_code, output.headers, output.http_response.content or b"")

    async def presigned_get(self, bucket: str, key: str, version_id: str | None, region: str, seconds: int) -> str:
        """A link that reads an object, as the SDK signs it; sends nothing."""
        self._signing.use(await self._ring.keys())
        asked = oss.GetObjectRequest(bucket=bucket, key=key, version_id=version_id)
        if self._pays:
            # It is agreed to by a header, which whoever has the link would have to send.
            raise Unsupported("a link of OSS cannot agree to requester pays", "copy the download command instead")
        made = await self._client(region).presign(asked, expires=timedelta(seconds=seconds))
        return str(made.url)

    async def aclose(self) -> None:
        """Close every connection."""
        self._clients.clear()
        if self._http is not None:
            await self._http.aclose()

    def _client(self, region: str) -> AsyncClient:
        if region not in self._clients:
            if self._http is None:
                self._http = _Http(self._limits, self._tls, self._proxies)
            config = oss.config.load_default()
            config.region = region
            config.endpoint = self.endpoint or None
            config.use_internal_endpoint = self._internal
            config.use_path_style = bool(self._path_style)
            config.use_cname = self.is_cname
            config.credentials_provider = self._signing
            config.http_client = AioHttpClient(
                session=self._http,
                connect_timeout=self._limits.connect_s,
                readwrite_timeout=self._limits.read_s,
            )
            config.retry_max_attempts = 1  # repeating is the engine's business, and a restore must leave once only
            config.user_agent = f"restoretui/{__version__}"
            self._clients[region] = client = AsyncClient(config)
            if self.is_cname:  # which the SDK takes back where the domain is written as an address
                client._client._options.address_style = AddressStyle.CName  # noqa: SLF001
        return self._clients[region]

    def _what(self, error: Exception, ask: OssRequest, keys: OssKeys) -> Exception:
        inner = error.unwrap() if hasattr(error, "unwrap") else error
        match inner:
            case CloudError():
                return inner
            case oss.exceptions.ServiceError():
                headers = inner.headers or {}
                if why := why_foreign(ask.operation, int(inner.status_code), headers, inner.snapshot or b""):
                    return MalformedAnswer(
                        f"the answer to {ask.operation} cannot be read: {why}",
                        "is OSS_ENDPOINT an OSS endpoint?",
                        status=int(inner.status_code),
                        operation=ask.operation,
                    )
                refusal = _refusal(inner, ask)
                if refusal.code in EXPIRED:
                    self._ring.reject(keys)
                return Refused(refusal)
            case oss.exceptions.RequestError() | oss.exceptions.ResponseError():
                return trouble(inner.unwrap(), self._address(), ask.operation, self._settings)
            case oss.exceptions.CredentialsBaseError():
                return CredentialsError(printable(str(inner)), "check OSS_ACCESS_KEY_ID and OSS_ACCESS_KEY_SECRET")
            case oss.exceptions.BucketNameInvalidError():
                return InvalidRequest(f"{ask.bucket!r} cannot be a bucket's name", operation=ask.operation)
            case oss.exceptions.DeserializationError():
                return MalformedAnswer(
                    f"the answer to {ask.operation} cannot be read: {printable(str(inner))}",
                    "is OSS_ENDPOINT an OSS endpoint?",
                    operation=ask.operation,
                )
            case OSError() | NotHttp():
                return trouble(inner, self._address(), ask.operation, self._settings)
        said = printable(str(inner))
        return InvalidRequest(
            f"{ask.operation} cannot be asked: {said}", "check OSS_ENDPOINT", operation=ask.operation
        )

    def _address(self) -> str:
        if not self.endpoint:
            return f"https://oss-{self.region}.aliyuncs.com/"
        return self.endpoint if "://" in self.endpoint else f"https://{self.endpoint}/"


def _takes_payer(operation: str) -> bool:
    """The operation can be told that the requester pays, as the SDK's model of it says."""
    model = getattr(oss, f"{operation}Request", None)
    return model is not None and "request_payer" in getattr(model, "_attribute_map", ())


def _refusal(error: Any, ask: OssRequest) -> Refusal:
    fields = error.error_fileds or {}
    code = "" if error.code == "BadErrorResponse" else str(error.code or "")
    return Refusal(
        operation=ask.operation,
        status=int(error.status_code),
        code=code or str(error.status_code),
        message=str(error.message or "") if code else "",
        request_id=str(error.request_id or ""),
        bucket=ask.bucket,
        region=aliyun_region(fields.get("Endpoint") or ""),
        delete_marker=str((error.headers or {}).get("x-oss-delete-marker", "")).lower() == "true",
        detail_code=str(getattr(error, "ec", "") or ""),
        denied_action=printable(str(fields.get("AuthAction") or ""), 80),
        explicit_deny=fields.get("NoPermissionType") == "ExplicitDeny",
        policy_kind=printable(str(fields.get("PolicyType") or ""), 80),
    )


class _Signing(oss.credentials.StaticCredentialsProvider):  # type: ignore[misc]  # the SDK ships no types
    """The keys of the request at hand: the SDK asks for them inside the event loop, right after ``use``."""

    def __init__(self) -> None:
        super().__init__("", "")

    def use(self, keys: OssKeys) -> None:
        self._credentials = oss.credentials.Credentials(keys.key_id, keys.secret, keys.token)


class _Taken(NamedTuple):
    """An adapter: a response that has been read, in the shape of aiohttp's."""

    status: int
    reason: str
    headers: Mapping[str, str]
    content: bytes

    async def read(self) -> bytes:
        """The body."""
        return self.content

    def close(self) -> None:
        """The connection has been given back already."""


class _Http:
    """One aiohttp session in the place where the SDK would make its own.

    Its URLs go out exactly as they were signed (the SDK's session resolves ``./`` and ``../`` in keys), it has as
    many connections as asked for, and it goes through the proxies the environment names.
    """

    def __init__(self, limits: Limits, tls: Tls | None, proxies: Proxies) -> None:
        self._session = aiohttp.ClientSession(
            connector=Connector(tls, proxies, limits.connect_s, limit=limits.connections),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        # It would send a PUT again by itself whose answer is lost, and so make a copy twice.
        self._session._retry_connection = False  # noqa: SLF001 - nothing public says it
        self._proxies = proxies

    async def __aenter__(self) -> Self:
        return self

    async def request(self, method: str, url: str, **options: Any) -> "_Taken":
        """As aiohttp's, for a URL that is encoded already; the answer is taken whole, within ``response_limits``."""
        proxy = self._proxies.of(url)
        options["proxy"] = proxy.url if proxy else None
        asking = self._session.request(method, URL(url, encoded=True), **options)
        async with in_time(len(options.get("data") or b"")), asking as response:
            refuse_without_password(response.status, proxy)
            content = await gather(response.content.iter_any())
        return _Taken(response.status, response.reason or "", response.headers, content)

    async def aclose(self) -> None:
        await self._session.close()
