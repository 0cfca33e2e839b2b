"""Host-name and certificate verification for the AWS SDK's own HTTP client and sessions.

As the SDK has them they check no host name, and nothing at all behind a proxy or where a CA bundle is named by an
empty value. That holds for the clients its credential chain makes for itself as well (STS, SSO, SSO OIDC), whatever
class a client's config names: merging configs loses it. So clients are given our HTTP client once they are made.

Imports the SDK; only ``s3.client.credential_chain`` and ``s3.client.detour`` may import this module.
"""

from typing import Any

import aiohttp
from aiobotocore.httpsession import AIOHTTPSession
from aiobotocore.session import AioSession
from aiobotocore.utils import _RefCountedSession
from botocore.exceptions import (
    BotoCoreError,
    ConnectionClosedError,
    ReadTimeoutError,
    SSLError,
    UnknownCredentialError,
)
from yarl import URL

from restoretui.core.errors import MalformedAnswer
from restoretui.providers.http.aiohttp_failures import trouble
from restoretui.providers.http.failures import S3_SETTINGS
from restoretui.providers.http.proxies import NoProxies, Proxies
from restoretui.providers.http.proxy_tunnels import Connector, NoTunnel
from restoretui.providers.http.response_limits import TooLate, TooMuch, gather, in_time
from restoretui.providers.http.tls import Tls
from restoretui.providers.s3.client.sdk_keys import forget_empty_profile


class VerifiedHttp(AIOHTTPSession):
    """The SDK's HTTP client over verified connections, through proxies that can be used."""

    def __init__(self, stock: AIOHTTPSession, tls: Tls, proxies: Proxies) -> None:
        """With the limits of ``stock``."""
        limits: Any = stock._timeout  # noqa: SLF001 - the SDK keeps what it was told in no other place
        seconds: Any = (limits.sock_connect, limits.sock_read)
        super().__init__(
            timeout=seconds,
            max_pool_connections=stock._max_pool_connections,  # noqa: SLF001
            connector_args=stock._connector_args,  # noqa: SLF001
        )
        self._tls = tls
        self._proxies = proxies
        self._proxy_config: Any = proxies

    def _create_connector(self, proxy_url: str | None) -> Connector:
        timeout: Any = self._timeout
        return Connector(
            self._tls,
            self._proxies,
            timeout.sock_connect,
            limit=self._max_pool_connections,
            **(self._connector_args or {}),
        )

    async def send(self, request: Any) -> Any:
        """As the SDK's, the answer whole within ``providers.http.response_limits``.

        ``Unreachable`` says what is wrong with a certificate or a proxy, and ``MalformedAnswer`` that an answer goes
        beyond its bounds: no retry mends either.
        """
        self._proxies.of(request.url)
        request.stream_output = True  # The SDK would take the body into memory, however long it is.
        try:
            async with in_time(len(request.body or b"")):
                answer = await super().send(request)  # type: ignore[no-untyped-call]
                try:
                    content = await gather(answer.raw.content.iter_any())
                except BaseException:
                    answer.raw.close()
                    raise
                answer._content = content  # noqa: SLF001 - where the SDK looks first
                return answer
        except TooMuch as error:
            host = URL(request.url, encoded=True).authority
            raise MalformedAnswer(
                f"the answer of {host} is not read to its end: {error}", "is it the right host?"
            ) from error
        except TooLate as error:
            raise ReadTimeoutError(endpoint_url=request.url, error=error) from error
        except aiohttp.ClientError as error:
            raise ConnectionClosedError(endpoint_url=request.url, error=error) from error
        except BotoCoreError as error:
            cause = error.kwargs.get("error")
            if isinstance(cause, NoTunnel) or (cause is not None and isinstance(error, SSLError)):
                settings = S3_SETTINGS.trusting(self._tls.trust, self._tls.proxy_trust)
                raise trouble(cause, request.url, "", settings) from error
            raise


class _MetadataHttp(VerifiedHttp, _RefCountedSession):
    """What asks the metadata services of containers and instances."""


class VerifyingSession(AioSession):
    """A session of the SDK whose every client speaks through an HTTP client of ours."""

    def __init__(self, profile: str | None, tls: Tls, proxies: Proxies) -> None:
        super().__init__(profile=profile)  # type: ignore[no-untyped-call]
        forget_empty_profile(self)
        self._tls = tls
        self._proxies = proxies

    async def _create_client(self, *args: Any, **options: Any) -> Any:
        client = await super()._create_client(*args, **options)
        endpoint = client._endpoint  # noqa: SLF001 - where the SDK keeps it
        endpoint.http_session = VerifiedHttp(endpoint.http_session, self._tls, self._proxies)
        return client

    def use(self, component: str, instance: Any) -> None:
        """Put it where the session looks for that component."""
        self.register_component(component, instance)  # type: ignore[no-untyped-call]

    def secure(self, resolver: Any) -> None:
        """Make the parts of a credential chain verify that ask by no client: container and instance metadata."""
        for name, attribute, proxies in (
            ("container-role", "_fetcher", NoProxies()),
            ("iam-role", "_role_fetcher", self._proxies),
        ):
            try:
                fetcher = getattr(resolver.get_provider(name), attribute)
            except UnknownCredentialError:
                continue
            fetcher._session = _MetadataHttp(fetcher._session, self._tls, proxies)  # noqa: SLF001
