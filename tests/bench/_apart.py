"""What benchmarks against a Modbus server share: the server in a process of its own, and the time a read takes."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path


@contextlib.asynccontextmanager
async def server_process(script: str) -> AsyncIterator[int]:
    """A script of this folder in a process of its own, listening on a free port of this machine; yields the port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    process = await asyncio.create_subprocess_exec(sys.executable, str(Path(__file__).with_name(script)), str(port), stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        async with asyncio.timeout(10):
            assert await process.stdout.readline() == b"listening\n"
        yield port
    finally:
        process.terminate()
        await process.wait()


async def seconds_per_call(read: Callable[[], Awaitable[object]], count: int) -> float:
    """Wall time of one call, s, over ``count`` calls one after the other."""
    begun = time.perf_counter()
    for _ in range(count):
        await read()
    return (time.perf_counter() - begun) / count
