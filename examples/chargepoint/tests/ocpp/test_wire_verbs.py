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
from cc613_chargepoint.ocpp.soap import Asked, FaultCode, Listening, SoapFault, SoapListener, Spoken
from cc613_chargepoint.wire_replay import Conversation, calls_of
from tests.ocpp.authority import Authority

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
    assert "2 calls: 1 answered, 1 refused or not answered" in captured.err
    assert "→ 2/2 Heartbeat {}" in captured.out
    assert '= {"status":"Accepted"}' in captured.out


def test_nobody_there_is_said_plainly(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ocpp", "replay", str(log), "--url", "ws://127.0.0.1:1/", "--identity", "R"]) == 3
    assert "127.0.0.1" in capsys.readouterr().err


def test_a_log_itself_may_be_named_and_the_one_before_be_shown_first(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log.with_suffix(".log.1").write_text(log.read_text().replace("id-1", "id-0"))
    assert main(["ocpp", "trace", "--data", str(log), "--action", "BootNotification", "--all"]) == 0
    assert [line.split()[2] for line in capsys.readouterr().out.splitlines()] == ["id-0", "id-0", "id-1", "id-1"]
    assert main(["ocpp", "trace", "--data", str(log), "--action", "BootNotification"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_an_action_that_nobody_called_is_answered_with_those_that_were(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ocpp", "trace", "--data", str(log.parent), "--action", "StartTransaktion"]) == 0
    assert "it has BootNotification, ChangeConfiguration, Heartbeat" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["trace", "replay"])
def test_a_file_that_is_no_wire_log_is_told(verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "notes.txt"
    for content in (b"something else\n", b"\xff\x00\xfe", b"[1,2]\n3\n"):
        other.write_bytes(content)
        words = ["--data", str(other)] if verb == "trace" else [str(other), "--url", "ws://127.0.0.1:1/", "--identity", "R"]
        assert main(["ocpp", verb, *words]) == 2
        assert "is no wire log (ocpp.wire_log=on" in capsys.readouterr().err


def conversation(path: Path, version: str, *frames: tuple[str, str]) -> Path:
    wire = WireLog(path / "ocpp.log", wall=lambda: datetime(2026, 1, 1, tzinfo=UTC))
    wire.opened("http://central.example/", version)
    for way, text in frames:
        (wire.sent if way == "sent" else wire.received)(text)
    return wire.path


SESSION = (
    ("sent", '[2,"1","BootNotification",{"chargePointModel":"M","chargePointVendor":"V"}]'),
    ("received", '[3,"1",{"status":"Accepted","currentTime":"2026-01-01T00:00:00Z","interval":60}]'),
    ("sent", '[2,"2","StatusNotification",{"connectorId":1,"status":"Preparing","errorCode":"NoError"}]'),
    ("received", '[3,"2",{}]'),
    ("sent", '[2,"3","StartTransaction",{"connectorId":1,"idTag":"A1","meterStart":1,"timestamp":"2026-01-01T00:00:00Z"}]'),
    ("received", '[3,"3",{"transactionId":4711,"idTagInfo":{"status":"Accepted"}}]'),
    ("sent", '[2,"4","StopTransaction",{"transactionId":4711,"meterStop":9,"timestamp":"2026-01-01T01:00:00Z","reason":"Local"}]'),
    ("received", '[3,"4",{}]'),
)


@contextlib.contextmanager
def soap_central(spoken: Spoken, where: Listening) -> Iterator[tuple[int, list[Asked]]]:
    """A central system over SOAP on a thread of its own; its port, and what it was asked."""
    heard: list[Asked] = []
    ready: list[int] = []
    there, over = threading.Event(), threading.Event()

    async def answer(asked: Asked) -> dict[str, object]:
        heard.append(asked)
        interval = "heartbeatInterval" if spoken is Spoken.V15 else "interval"
        answers: dict[str, dict[str, object]] = {
            "BootNotification": {"status": "Accepted", "currentTime": "2026-06-01T12:00:00Z", interval: 60},
            "StartTransaction": {"transactionId": 7, "idTagInfo": {"status": "Accepted"}},
        }
        if asked.action == "Heartbeat":
            raise SoapFault(FaultCode.NOT_SUPPORTED, "never heard of it")
        return answers.get(asked.action, {})

    async def serving() -> None:
        async with SoapListener(spoken.central, "R", answer, where) as listener:
            ready.append(listener.port)
            there.set()
            await asyncio.to_thread(over.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serving()))
    thread.start()
    there.wait(10.0)
    try:
        yield ready[0], heard
    finally:
        over.set()
        thread.join()


@pytest.mark.parametrize("spoken", list(Spoken), ids=lambda spoken: spoken.name)
def test_a_log_of_soap_is_said_again_over_soap(spoken: Spoken, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In the version of the log, with the name that the transaction gets here; the questions of each as JSON."""
    log = conversation(tmp_path, spoken.value, *SESSION)
    with soap_central(spoken, Listening(host="127.0.0.1")) as (port, heard):
        assert main(["ocpp", "replay", str(log), "--url", f"http://127.0.0.1:{port}/cs", "--identity", "R", "--json"]) == 0
    assert [each.action for each in heard] == ["BootNotification", "StatusNotification", "StartTransaction", "StopTransaction"]
    assert heard[1].payload["status"] == ("Occupied" if spoken is Spoken.V15 else "Preparing")
    assert heard[3].payload["transactionId"] == 7
    captured = capsys.readouterr()
    told = [json.loads(line) for line in captured.out.splitlines()]
    assert [(each["number"], each["of"]) for each in told] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert told[2]["answer"]["transactionId"] == 7
    assert "4 calls: 4 answered" in captured.err


def test_a_log_of_json_is_said_over_soap_too_with_tls_and_a_password(tmp_path: Path, log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    authority = Authority()
    (tmp_path / "roots.pem").write_text(authority.pem)
    (tmp_path / "secret").write_text("correct-horse-battery\n")
    where = Listening(host="127.0.0.1", tls=authority.server(tmp_path, "127.0.0.1"), user="R", password=b"correct-horse-battery")
    with soap_central(Spoken.V15, where) as (port, heard):
        words = ["ocpp", "replay", str(log), "--url", f"https://127.0.0.1:{port}/", "--identity", "R", "--subprotocol", "ocpp1.5"]
        more = ["--ca-file", str(tmp_path / "roots.pem"), "--password-file", str(tmp_path / "secret")]
        assert main([*words, *more]) == 1
        assert main([*words, *more[:2]]) == 1  # no password
        assert main([*words, *more[2:]]) == 3  # nobody's certificate
    assert [each.action for each in heard] == ["BootNotification", "Heartbeat"]
    captured = capsys.readouterr()
    assert "! NotSupported: never heard of it" in captured.out
    assert "correct-horse" not in captured.out + captured.err


@pytest.mark.parametrize(
    ("version", "url", "more", "why"),
    [
        ("ocpp2.0.1", "http://127.0.0.1:1/", [], "ocpp2.0.1 is not spoken over SOAP (name a ws://"),
        ("ocpp1.5 over SOAP", "ws://127.0.0.1:1/", [], "1.5 is spoken over SOAP alone (name an http://"),
        ("ocpp1.6", "ftp://127.0.0.1:1/", [], "is no address of a central system"),
        ("ocpp1.6", "ws://127.0.0.1:1/", ["--password-file", "/nowhere"], "the password cannot be read"),
        ("ocpp1.6", "wss://127.0.0.1:1/", ["--ca-file", "/nowhere"], "the root certificates cannot be read"),
        ("ocpp1.6", "ws://127.0.0.1:1/", ["--subprotocol", "ocpp2.0.1"], "the station calls nobody in it"),
    ],
)
def test_what_cannot_be_said_is_told_with_a_next_step(
    version: str, url: str, more: list[str], why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = conversation(tmp_path, version, *SESSION)
    assert main(["ocpp", "replay", str(log), "--url", url, "--identity", "R", *more]) == 2
    assert why in capsys.readouterr().err


def test_calls_of_another_version_are_left_out_and_counted() -> None:
    entries = [
        {"way": "sent", "frame": [2, "0", "Heartbeat", {}]},  # its beginning is in the file before
        {"way": "opened", "subprotocol": "ocpp2.0.1"},
        {"way": "sent", "frame": [2, "1", "Heartbeat", {}]},
        {"way": "opened", "subprotocol": "ocpp1.5 over SOAP"},
        {"way": "sent", "frame": [2, "2", "Authorize", {"idTag": "x"}]},
        {"way": "sent", "frame": [3, "9", {}]},
        {"way": "sent", "text": "rubbish"},
    ]
    assert calls_of(entries) == Conversation(
        version="ocpp1.5", calls=(("Heartbeat", {}, None), ("Authorize", {"idTag": "x"}, None)), others=1
    )
    assert [each[0] for each in calls_of(entries, "ocpp2.0.1").calls] == ["Heartbeat", "Heartbeat"]
