"""The HTTP server: parses requests, routes them to an adapter, injects faults, counts, answers."""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import parse_qsl, unquote_to_bytes

from aiohttp import web
from multidict import CIMultiDict

from restoretui.core.clock import Clock
from restoretui.sandbox.faults.faults import Disturbance, Faults
from restoretui.sandbox.http.control import CONTROL, Control
from restoretui.sandbox.http.stats import Stats
from restoretui.sandbox.oss.adapter import OssAdapter
from restoretui.sandbox.oss.queues import MnsAdapter
from restoretui.sandbox.s3.adapter import S3Adapter
from restoretui.sandbox.s3control.adapter import S3ControlAdapter
from restoretui.sandbox.sqs.adapter import SqsAdapter
from restoretui.sandbox.state.body import pieces
from restoretui.sandbox.state.cloud import Cloud
from restoretui.sandbox.state.refusals import ErrorAnswer
from restoretui.sandbox.sts.glacier import VERSION_HEADER, GlacierAdapter
from restoretui.sandbox.sts.iam import IamAdapter
from restoretui.sandbox.sts.sts import StsAdapter
from restoretui.sandbox.wire.call_reply import Adapter, Call, Reply
from restoretui.sandbox.wire.signature import check_signature

log = logging.getLogger("restoretui.sandbox")
# Without a handler of its own, logging's last resort would write on the terminal that the screens own.
log.addHandler(logging.NullHandler())


class RequestHandler:
    """The request handler: one listening address for all wire formats."""

    def __init__(self, cloud: Cloud, faults: Faults, stats: Stats, control: Control) -> None:
        self.cloud = cloud
        self.faults = faults
        self.stats = stats
        self.control = control
        self._s3 = S3Adapter(cloud)
        self._sqs, self._mns = SqsAdapter(cloud), MnsAdapter(cloud)
        self._others: tuple[Adapter, ...] = (
            OssAdapter(cloud),
            self._mns,
            S3ControlAdapter(cloud),
            self._sqs,
            GlacierAdapter(cloud),
            StsAdapter(cloud),
            IamAdapter(cloud),
        )
        self._requests = 0

    @property
    def clock(self) -> Clock:
        """The cloud's clock: virtual time, and the machine's."""
        return self.cloud.clock

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one HTTP request."""
        if request.headers.get("Expect", "").lower() == "100-continue":
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = await request.content.read() if request.body_exists else b""
        self._requests += 1
        request_id = f"{self._requests:016X}"
        try:
            call = take_apart(request.method, request.raw_path, request.headers, body, request_id)
        except UnicodeDecodeError:
            refusal = ErrorAnswer(400, "InvalidURI", "Couldn't parse the specified URI.")
            call = Call(request.method, "/", {}, request.headers, request_id=request_id)
            return await self._send(request, call, self._s3.refuse(call, refusal))
        if call.path.startswith(CONTROL):
            return await self._send(request, call, await self.control.answer(call))
        adapter = self._adapter(call)
        self.stats.requests[call.operation] += 1
        disturbance = self.faults.disturb(call, self.cloud.now(), self.clock.monotonic())
        if disturbance is not None:
            if disturbance.latency:
                await self.clock.pause(disturbance.latency)
            if disturbance.drop == "before":
                return self._drop(request, call, "dropped before")
            call.quirks = disturbance.quirks
        if isinstance(adapter, SqsAdapter | MnsAdapter) and (disturbance is None or disturbance.refusal is None):
            await adapter.wait(call)
        reply = self._reply(adapter, call, disturbance, request.raw_path, body)
        if disturbance is not None and disturbance.drop == "after":
            return self._drop(request, call, f"{reply.status} dropped after")
        if disturbance is not None and disturbance.drop == "middle":
            return self._cut_off(request, call, reply)
        self.stats.answers[f"{call.operation} {reply.status}"] += 1
        if disturbance is not None and disturbance.spoil:
            _spoil(reply, disturbance.spoil)
        return await self._send(request, call, reply)

    def _adapter(self, call: Call) -> Adapter:
        # The others are told by headers and paths that S3's own requests never have.
        if (
            call.path == "/"
            or call.path.startswith("/v20180820/")
            or call.headers.get("authorization", "")[:3] in ("OSS", "MNS")
            or VERSION_HEADER in call.headers
        ):
            for adapter in self._others:
                if adapter.identify(call):
                    return adapter
        self._s3.identify(call)
        return self._s3

    def _reply(
        self, adapter: Adapter, call: Call, disturbance: Disturbance | None, target: str, body: bytes
    ) -> Reply:
        try:
            if disturbance is not None and disturbance.refusal is not None:
                return adapter.refuse(call, disturbance.refusal)
            if call.service != "oss":
                check_signature(call.method, target, call.headers, body)
            return adapter.answer(call)
        except ErrorAnswer as refusal:
            return adapter.refuse(call, refusal)
        except Exception:  # boundary: a mistake of ours must not end the server
            log.exception("%s %s", call.operation, call.path)
            fault = ErrorAnswer(500, "InternalError", "We encountered an internal error. Please try again.")
            return adapter.refuse(call, fault)

    def _drop(self, request: web.BaseRequest, call: Call, how: str) -> web.StreamResponse:
        self.stats.answers[f"{call.operation} {how}"] += 1
        if request.transport is not None:
            request.transport.abort()
        # The connection is closing, so that nothing of this is sent.
        return web.Response()

    def _cut_off(self, request: web.BaseRequest, call: Call, reply: Reply) -> web.StreamResponse:
        """Send half of the answer, or of its first line where it has no body, and hang up."""
        self.stats.answers[f"{call.operation} {reply.status} dropped in the middle"] += 1
        content = next(pieces(reply.stream), b"") if reply.stream is not None else reply.body
        length = reply.length if reply.length is not None else len(content)
        sent = b"HTTP/1.1 "
        if content and call.method != "HEAD":
            head = f"HTTP/1.1 {reply.status} OK\r\nContent-Length: {length}\r\nContent-Type: {reply.content_type}"
            sent = head.encode() + b"\r\n\r\n" + content[: len(content) // 2]
        if isinstance(request.transport, asyncio.Transport):
            request.transport.write(sent)
            request.transport.close()
        return web.Response()

    async def _send(self, request: web.BaseRequest, call: Call, reply: Reply) -> web.StreamResponse:
        headers = CIMultiDict(reply.headers)
        if call.service == "oss":
            headers["x-oss-request-id"] = call.request_id
            headers["Server"] = "AliyunOSS"
        else:
            headers["x-amz-request-id"] = call.request_id
            headers["x-amz-id-2"] = "sandbox"
            # What is like a store's, AWS did not send; what it sent to older accounts, it did.
            headers["Server"] = "sandbox" if call.quirks - {"select"} else "AmazonS3"
        if reply.length is not None:
            headers["Content-Length"] = str(reply.length)
        if reply.body or reply.length is not None:
            headers["Content-Type"] = reply.content_type
        if reply.stream is not None and call.method != "HEAD":
            answer = web.StreamResponse(status=reply.status, headers=headers)
            with suppress(ConnectionResetError):
                # The client may have read enough.
                await answer.prepare(request)
                for piece in pieces(reply.stream):
                    await answer.write(piece)
                await answer.write_eof()
            return answer
        return web.Response(status=reply.status, body=reply.body or None, headers=headers)


def take_apart(method: str, target: str, headers: Mapping[str, str], body: bytes, request_id: str) -> Call:
    """A ``Call`` without its operation. UnicodeDecodeError when path or query are not UTF-8."""
    path, _, query = target.partition("?")
    call = Call(
        method,
        unquote_to_bytes(path).decode() if "%" in path else path,
        dict(parse_qsl(query, keep_blank_values=True, errors="strict")) if query else {},
        headers,
        body,
        request_id,
        query_string=query,
    )
    authorization = headers.get("Authorization", "")
    credential = authorization.partition("Credential=")[2].partition(",")[0] or call.query.get("X-Amz-Credential", "")
    parts = credential.split("/")
    if len(parts) >= 5:
        call.access_key, call.region = parts[0], parts[2]
    else:
        # Signature version 2, which SDKs still use for URLs, tells no region.
        call.access_key = authorization or call.query.get("AWSAccessKeyId", "")
    if headers.get("x-amz-content-sha256", "").startswith("STREAMING-"):
        call.body = _unchunked(body)
    return call


def _spoil(reply: Reply, how: str) -> None:
    """Make the XML of an answer unreadable; its length is right."""
    half = len(reply.body) // 2
    if how == "empty":
        reply.body = b""
        return
    reply.body = reply.body[:half] if how == "truncate" else reply.body[:half] + b"<<&\x0b>" + reply.body[half:]


def _unchunked(body: bytes) -> bytes:
    """The content of an ``aws-chunked`` upload, without its chunk signatures and trailers."""
    found: list[bytes] = []
    at = 0
    while at < len(body):
        line_end = body.find(b"\r\n", at)
        if line_end < 0:
            break
        size = int(body[at:line_end].partition(b";")[0], 16)
        if size == 0:
            break
        found.append(body[line_end + 2 : line_end + 2 + size])
        at = line_end + 2 + size + 2
    return b"".join(found)
