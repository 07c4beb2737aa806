"""The power line modem: who it is, its link, its key, its restart, and every way in which it can lie or fall silent."""

from __future__ import annotations

import asyncio
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc613hal.clock import run_virtual
from cc613hal.errors import (
    BusTimeout,
    CommandFailed,
    ConfigError,
    ConnectFailed,
    DeadlineExceeded,
    NoAnswer,
    ProtocolViolation,
    WrongIdentity,
)
from cc613hal_bender.homeplug import LINK_STATUS, SET_KEY, SOFTWARE_VERSION, parse, set_key, vendor_request
from cc613hal_bender.qca7000 import framed, unframed

DRIVER = "bender.plc-qca7000"
NID, NMK = bytes(range(7)), b"supersecret16byt"


def test_it_says_who_it_is_and_whether_it_has_a_link(open_part):
    async def main():
        async with open_part(DRIVER, options={"interface": "plc0"}) as it:
            identity = await it.device.identify()
            assert (identity.vendor, identity.model, identity.serial) == ("Qualcomm", "QCA7000", "00:b0:52:8a:1c:07")
            assert (await it.device.read_plc()).link is False
            it.emulated.link = True
            reading = await it.device.read_plc()
            assert (reading.link, reading.interface, reading.mac, reading.source) == (True, "plc0", "00:b0:52:8a:1c:07", "part")
            assert reading.firmware == "MAC-QCA7000-1.1.3.11-00"

    run_virtual(main())


def test_the_network_key_is_set_and_is_in_no_trace_no_log_and_no_error(open_part, caplog):
    async def main():
        async with open_part(DRIVER) as it:
            await it.device.set_network(NID, NMK)
            assert it.emulated.network == (NID, NMK)
            it.emulated.refuses_key = True
            with pytest.raises(CommandFailed, match="did not take the key") as failure:
                await it.device.set_network(NID, NMK)
            traced = b"".join(frame.data for actor, _ in it.board.buses.values() for frame in actor.trace)
            assert NMK not in traced
            assert "supersecret" not in str(failure.value) + caplog.text
            assert NMK.hex() not in caplog.text

    with caplog.at_level(logging.DEBUG):
        run_virtual(main())


@pytest.mark.parametrize(("nid", "nmk"), [(b"", NMK), (NID, NMK[:-1]), (NID + b"x", NMK)])
def test_a_key_of_the_wrong_length_is_refused_and_not_printed(open_part, nid, nmk):
    async def main():
        async with open_part(DRIVER) as it:
            with pytest.raises(ConfigError) as refusal:
                await it.device.set_network(nid, nmk)
            assert "supersecret" not in str(refusal.value)
            assert it.emulated.network is None

    run_virtual(main())


def test_a_restart_by_the_line_waits_until_its_firmware_answers_again(open_part):
    async def main():
        async with open_part(DRIVER, "reset", low=("reset",)) as it:
            it.emulated.link = True
            begun_s = it.simulation.clock.monotonic_s()
            await it.device.reset_plc()
            assert it.emulated.resets == 1
            assert 2.0 <= it.simulation.clock.monotonic_s() - begun_s <= 4.0
            assert not (await it.device.read_plc()).link

    run_virtual(main())


def test_a_restart_without_a_line_is_asked_for_by_message():
    from cc613hal.board import open_board
    from cc613hal.interfaces import PlcModem
    from cc613hal.plant import Simulation
    from cc613hal.testing.bench import PART, board_for

    async def main():
        description = board_for(DRIVER, lines={"reset": None})
        async with Simulation(description) as simulation, open_board(description, simulation.buses, clock=simulation.clock) as board:
            await board.get(PlcModem).reset_plc()
            assert simulation.plant.parts[PART].resets == 1

    run_virtual(main())


def test_a_modem_that_never_comes_back_is_reported_in_time(open_part):
    async def main():
        async with open_part(DRIVER) as it:
            it.emulated.boot_s = -1.0
            with pytest.raises(DeadlineExceeded, match="10 s after its restart"):
                await it.device.reset_plc()

    run_virtual(main())


def test_a_modem_whose_firmware_is_silent_is_told_apart_from_one_that_is_gone(open_part):
    async def main():
        async with open_part(DRIVER) as it:
            it.emulated.mute = True
            with pytest.raises(BusTimeout, match="does not answer software version"):
                await it.device.read_plc()
            it.emulated.absent = True
            with pytest.raises((NoAnswer, ProtocolViolation, BusTimeout)):
                await it.device.read_plc()
            it.emulated.absent = it.emulated.mute = False
            await it.device.read_plc()

    run_virtual(main())


@pytest.mark.parametrize(("signature", "error"), [(0xFFFF, NoAnswer), (0x0000, NoAnswer), (0x55AA, WrongIdentity), (0x7005, WrongIdentity)])
def test_another_chip_is_not_taken_for_the_modem(open_part, signature, error):
    async def main():
        def other(simulation):
            simulation.plant.parts["part"].signature = signature

        with pytest.raises(ConnectFailed) as failure:
            async with open_part(DRIVER, before=other):
                pass
        assert isinstance(failure.value.failures["part"], error)

    run_virtual(main())


def test_remains_in_the_buffer_and_answers_that_come_too_late_are_not_taken_for_the_answer(open_part):
    async def main():
        async with open_part(DRIVER) as it:
            it.emulated.garbage = b"\xaa\xaa\xaa\xaa\xff\xff\x00\x00garbage\xaa\xaa"
            assert (await it.device.read_plc()).firmware == "MAC-QCA7000-1.1.3.11-00"

    run_virtual(main())


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"claims": 0x0FFF}, "in a buffer of"),
        ({"full": True}, "room for 0 bytes"),
        ({"nonsense": True}, "makes no sense"),
        ({"firmware": ""}, "no sense"),
    ],
)
def test_a_modem_that_lies_is_found_out(open_part, change, match):
    async def main():
        async with open_part(DRIVER) as it:
            for name, value in change.items():
                setattr(it.emulated, name, value)
            with pytest.raises(ProtocolViolation, match=match):
                await it.device.read_plc()

    run_virtual(main())


def test_callers_take_turns(open_part):
    async def main():
        async with open_part(DRIVER) as it:
            readings = await asyncio.gather(*(it.device.read_plc() for _ in range(4)), it.device.set_network(NID, NMK))
            assert {reading.mac for reading in readings[:4]} == {"00:b0:52:8a:1c:07"}

    run_virtual(main())


@given(st.lists(st.binary(min_size=60, max_size=200), max_size=4), st.binary(max_size=40))
def test_frames_come_out_as_they_went_in(frames, remains):
    clean = remains.replace(b"\xaa", b"\x00")
    wire = clean + b"".join(len(frame).to_bytes(4) + framed(frame) for frame in frames)
    found = unframed(wire)
    assert [frame for frame in frames if b"\xaa\xaa\xaa\xaa" not in frame] == [frame for frame in found if b"\xaa\xaa\xaa\xaa" not in frame]


@given(st.binary(max_size=300))
def test_no_bytes_upset_the_parsers(data):
    for frame in unframed(data):
        parse(frame)
    parse(data)


def test_messages_have_the_layout_of_public_implementations():
    host = bytes.fromhex("020000000001")
    assert vendor_request(SOFTWARE_VERSION, source=host).hex() == "00b05200000102000000000188e10000a000b052"
    assert vendor_request(LINK_STATUS, source=host)[14:] == bytes.fromhex("00b8a000b052")
    frame = set_key(NID, NMK, source=host)
    assert frame[12:19] == bytes.fromhex("88e10108600000")
    assert frame[19] == 1
    assert frame[-16:] == NMK
    assert frame[-24:-17] == NID
    assert frame[-17] == 1
    assert parse(frame.ljust(60, b"\0")).kind == SET_KEY
