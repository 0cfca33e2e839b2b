"""Starts and stops the server of the simulated clouds, on 127.0.0.1."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web
from msgspec import Struct
from msgspec.structs import replace

from restoretui.core.blocking import beside
from restoretui.core.clock import EPOCH, AdjustableClock, Clock, ScaledClock, SystemClock
from restoretui.core.errors import UsageError
from restoretui.sandbox.faults.faults import Faults
from restoretui.sandbox.faults.scenario import load_scenario
from restoretui.sandbox.http.control import Control
from restoretui.sandbox.http.http_server import RequestHandler, log
from restoretui.sandbox.http.stats import Stats
from restoretui.sandbox.oss.signature import OSS_ACCESS_KEY_ID, OSS_ACCESS_KEY_SECRET
from restoretui.sandbox.s3control.roles import BATCH_ROLE_ARN
from restoretui.sandbox.state.cloud import Cloud
from restoretui.sandbox.wire.signature import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from restoretui.sandbox.world.inventory import write_inventories
from restoretui.sandbox.world.world import build_world

HOST = "127.0.0.1"
REGION = "us-east-1"
OSS_REGION = "cn-hangzhou"
_MAX_LINE = 65536
_ANSWER_FIRST_S = 0.05


class SandboxOptions(Struct, frozen=True):
    """What to serve.

    ``objects`` is the size of the first bucket (None: about 2,000); ``speed`` is virtual seconds per second;
    ``scenario`` names faults that ship with the package, or a TOML file of them; ``empty`` serves no buckets;
    ``now`` is the virtual time to begin at (an aware instant).
    """

    port: int = 0
    objects: int | None = None
    speed: float = 3600.0
    seed: int = 1
    scenario: str | Path | None = None
    empty: bool = False
    now: datetime = EPOCH
    inventories: bool = False
    """A bucket with an inventory of each S3 bucket, of last midnight."""


class RunningSandbox:
    """The simulated clouds, being served. An async context manager that stops them."""

    def __init__(self, cloud: Cloud, faults: Faults) -> None:
        self.cloud = cloud
        self.faults = faults
        self.stats = Stats()
        self.control = Control(cloud, faults, self.stats, self._black_out, lambda: self.clock)
        self.port = 0
        self._front = RequestHandler(cloud, faults, self.stats, self.control)
        self._blackout: asyncio.Task[None] | None = None
        self._web: web.Server | None = None
        self._listener: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    @property
    def url(self) -> str:
        """The one address of all endpoints."""
        return f"http://{HOST}:{self.port}"

    @property
    def endpoints(self) -> dict[str, str]:
        """Base URL by service. Those not built yet answer 501 NotImplemented."""
        return dict.fromkeys(("s3", "s3control", "sts", "sqs", "oss"), self.url)

    @property
    def clock(self) -> Clock:
        """The virtual time as clients must count it, including what ``advance`` added."""
        clock = self.cloud.clock.pace if isinstance(self.cloud.clock, AdjustableClock) else self.cloud.clock
        if isinstance(clock, ScaledClock) and self.cloud.skew:
            return replace(clock, origin=clock.origin + timedelta(seconds=self.cloud.skew))
        return clock

    @property
    def env(self) -> dict[str, str]:
        """Environment variables with which the SDKs and restoretui use this sandbox and nothing else."""
        env = {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "RESTORETUI_BATCH_ROLE_ARN": BATCH_ROLE_ARN,
            "OSS_ENDPOINT": self.url,
            "OSS_REGION": OSS_REGION,
            "OSS_ACCESS_KEY_ID": OSS_ACCESS_KEY_ID,
            "OSS_ACCESS_KEY_SECRET": OSS_ACCESS_KEY_SECRET,
        }
        if isinstance(self.clock, ScaledClock):
            env["RESTORETUI_CLOCK"] = str(self.clock)
        return env

    @property
    def buckets(self) -> list[dict[str, object]]:
        """Location and number of objects (current ones) of each bucket, the first bucket first."""
        return [
            {"location": f"{bucket.scheme}://{bucket.name}", "objects": bucket.current_objects()}
            for bucket in self.cloud.buckets.values()
        ]

    def contract(self) -> dict[str, object]:
        """What ``restoretui sandbox`` prints as its first line: what a script needs to use it, as one JSON object."""
        return {**self.endpoints, "env": self.env, "buckets": self.buckets}

    async def listen(self, port: int) -> None:
        """Begin to answer; port 0 takes a free one."""
        self._web = web.Server(
            self._front,
            access_log=None,
            logger=log,
            auto_decompress=False,
            lingering_time=0.0,
            max_line_size=_MAX_LINE,
            max_field_size=_MAX_LINE,
        )
        self._listener = await asyncio.get_running_loop().create_server(self._web, HOST, port, backlog=1024)
        self.port = self._listener.sockets[0].getsockname()[1]

    @property
    def client_options(self) -> dict[str, str]:
        """Keyword arguments for an SDK client of this sandbox."""
        return {
            "endpoint_url": self.url,
            "aws_access_key_id": ACCESS_KEY_ID,
            "aws_secret_access_key": SECRET_ACCESS_KEY,
            "region_name": REGION,
        }

    async def advance(self, seconds: float) -> None:
        """Move virtual time forward."""
        await self.cloud.advance(seconds)

    async def go_down(self) -> None:
        """Stop listening and drop every connection: clients cannot even connect until ``come_back``."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        if self._web is not None:
            await self._web.shutdown(0.1)
            self._web = None

    async def come_back(self) -> None:
        """Listen again, on the same port."""
        await self.listen(self.port)

    async def aclose(self) -> None:
        """Stop answering, within a second."""
        if self._blackout is not None:
            self._blackout.cancel()
        await self.go_down()

    def _black_out(self, seconds: float) -> None:
        """Be down for so many machine seconds, once the present request is answered."""

        async def later() -> None:
            await asyncio.sleep(_ANSWER_FIRST_S)
            await self.go_down()
            await self.cloud.clock.pause(seconds)
            await self.come_back()

        self._blackout = asyncio.create_task(later())


async def serve(options: SandboxOptions | None = None, *, clock: Clock | None = None) -> RunningSandbox:
    """Build the world and serve it until ``aclose``.

    ``clock``: any clock; by default one that runs ``options.speed`` times as fast as the machine's, from
    ``options.now``.
    Raises OSError when the port is taken, UsageError when the options cannot be meant.
    """
    options = options or SandboxOptions()
    if not 0 < options.speed < float("inf"):
        raise UsageError(
            f"the sandbox cannot run {options.speed:g} times as fast as time", "choose --speed 1 or more"
        )
    if options.objects is not None and options.objects < 0:
        raise UsageError(f"a bucket cannot hold {options.objects} objects", "choose --objects 0 or more")
    if not 2000 <= options.now.year < 3000:
        raise UsageError(f"the sandbox knows no year {options.now.year}", "choose --now from 2000 to 2999")
    if clock is None:
        clock = AdjustableClock(ScaledClock(options.speed, options.now, SystemClock().wall()))
    cloud = Cloud(clock, options.seed)
    faults = Faults(options.seed)
    scenario = None
    if (name := options.scenario) is not None:
        scenario = await beside(lambda: load_scenario(name), "restoretui-scenario")
    running = RunningSandbox(cloud, faults)
    if not options.empty:
        # A million objects take half a second, which a screen in the same process would feel.
        await asyncio.to_thread(build_world, cloud, options.objects)
        if options.inventories:
            await asyncio.to_thread(write_inventories, cloud)
    cloud.conditions = faults
    if scenario is not None:
        faults.set(scenario.faults, cloud.now())
    await running.listen(options.port)
    return running
