"""Servers with certificates, and proxies on the way to them."""

import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.certificates import Authority
from tests.providers.conftest import OpenOss, OpenS3, ScriptedServer, StartServer
from tests.providers.http.callers import Meet, Scene, cloud
from tests.proxying import HttpProxy


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
async def proxy() -> AsyncIterator[HttpProxy]:
    async with HttpProxy() as started:
        yield started


@pytest.fixture(params=["direct", "proxied"])
def way(request: pytest.FixtureRequest, proxy: HttpProxy, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "proxied":
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    return str(request.param)


@pytest.fixture
async def meet(
    scripted: StartServer, open_s3: OpenS3, open_oss: OpenOss, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Meet:
    """A scene with a TLS server: ``scene, server = await meet(context, host)``."""
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "RESTORETUI_HTTP"):
        monkeypatch.delenv(name, raising=False)

    async def start(context: ssl.SSLContext, host: str = "localhost") -> tuple[Scene, ScriptedServer]:
        server, plain = await scripted(cloud, context), await scripted(cloud)
        url = server.url.replace("127.0.0.1", host)
        return Scene(url, plain, open_s3, open_oss, monkeypatch, tmp_path), server

    return start
