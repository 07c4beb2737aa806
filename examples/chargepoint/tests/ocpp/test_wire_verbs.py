"""The verbs ``ocpp trace`` and ``ocpp replay``."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from websockets.asyncio.server import ServerConnection, serve

from cc613_chargepoint.cli import main
from cc613_chargepoint.ocpp.rpc.wire_log import WireLog

SAID = [
    ("sent", '[2,"id-1","BootNotification",{"chargePointModel":"M","chargePointVendor":"V"}]'),
    ("received", '[3,"id-1",{"status":"Accepted","currentTime":"2026-01-01T00:00:00Z","interval":60}]'),
    ("received", '[2,"id-2","ChangeConfiguration",{"key":"AuthorizationKey","value":"hush"}]'),
    ("sent", '[3,"id-2",{"status":"Accepted"}]'),
    ("sent", '[2,"id-3","Heartbeat",{}]'),
    ("received", '[4,"id-3","NotSupported","never heard of it",{}]'),
    ("received", "rubbish"),
]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    wire = WireLog(tmp_path / "ocpp.log", wall=lambda: datetime(2026, 1, 1, tzinfo=UTC))
    wire.opened("wss://me:hush@central.example/", "ocpp1.6")
    for way, text in SAID:
        (wire.sent if way == "sent" else wire.received)(text)
    return wire.path


def test_the_log_is_shown_line_by_line_without_secrets(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ocpp", "trace", "--data", str(log.parent)]) == 0
    out = capsys.readouterr().out
    assert "hush" not in out
    assert "→ id-1 BootNotification" in out
    assert '← id-1 = {"status":"Accepted"' in out
    assert "! NotSupported never heard of it" in out
    assert "rubbish" in out
    assert len(out.splitlines()) == 8


def test_one_action_with_its_answers(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ocpp", "trace", "--data", str(log.parent), "--action", "Heartbeat", "--json"]) == 0
    frames = [json.loads(line)["frame"] for line in capsys.readouterr().out.splitlines()]
    assert [frame[1] for frame in frames] == ["id-3", "id-3"]


def test_without_a_log_it_says_how_to_get_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ocpp", "trace", "--data", str(tmp_path)]) == 2
    assert "ocpp.wire_log=on" in capsys.readouterr().err


@contextlib.contextmanager
def central(heard: list[str]) -> Iterator[int]:
    """A central system on a thread of its own; its port."""
    ready: list[int] = []
    there, over = threading.Event(), threading.Event()

    async def meet(connection: ServerConnection) -> None:
        async for text in connection:
            _, identifier, action, _ = json.loads(text)
            heard.append(action)
            answer = [4, identifier, "NotSupported", "", {}] if action == "Heartbeat" else [3, identifier, {"status": "Accepted"}]
            await connection.send(json.dumps(answer))

    async def serving() -> None:
        async with serve(meet, "127.0.0.1", 0, subprotocols=["ocpp1.6"]) as server:  # type: ignore[list-item]
            ready.append(server.sockets[0].getsockname()[1])
            there.set()
            await asyncio.to_thread(over.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serving()))
    thread.start()
    there.wait(10.0)
    try:
        yield ready[0]
    finally:
        over.set()
        thread.join()


def test_a_log_is_said_again_to_another_central_system(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    heard: list[str] = []
    with central(heard) as port:
        assert main(["ocpp", "replay", str(log), "--url", f"ws://127.0.0.1:{port}/x", "--identity", "R"]) == 1
    assert heard == ["BootNotification", "Heartbeat"]
    captured = capsys.readouterr()
    assert "1 calls were refused" in captured.err
    assert '= {"status":"Accepted"}' in captured.out


def test_nobody_there_is_said_plainly(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ocpp", "replay", str(log), "--url", "ws://127.0.0.1:1/", "--identity", "R"]) == 3
    assert "127.0.0.1" in capsys.readouterr().err
