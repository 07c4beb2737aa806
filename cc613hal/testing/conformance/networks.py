"""Suites of modems: cellular, and power line on the control pilot."""

from __future__ import annotations

import re
from typing import ClassVar

import pytest

from cc613hal.errors import CommandFailed, ConfigError, SafetyRefused
from cc613hal.interfaces import Modem, PlcModem, SimState
from cc613hal.testing.conformance.base import Bench, Suite, eventually, scenario

__all__ = ["ModemSuite", "PlcModemSuite"]

_SECRET = b"conformance-key!"


class ModemSuite(Suite):
    """A cellular modem that never burns a card's last attempt.

    The emulated part is asked to ``insert_sim(pin, attempts)``, and tells ``pin_attempts``; override :meth:`insert_sim` and
    :meth:`attempts` where it has other names for them.
    """

    capability = "Modem"
    pin: ClassVar[str] = "1234"
    wrong_pin: ClassVar[str] = "4321"

    def insert_sim(self, bench: Bench, *, attempts: int) -> None:
        """Put a card with the PIN :attr:`pin` into the emulated modem."""
        bench.emulated.insert_sim(self.pin, attempts)

    def attempts(self, bench: Bench) -> int:
        """PIN attempts that are left on the card."""
        left: int = bench.emulated.pin_attempts
        return left

    @scenario
    async def test_it_says_who_it_is_and_prints_no_subscriber(self, bench: Bench) -> None:
        modem: Modem = bench.device
        identity = await modem.identify_modem()
        assert identity.vendor
        assert identity.model
        assert re.fullmatch(r"[0-9]{14,17}", identity.imei), "an IMEI has 14 digits and up to three more"
        assert identity.imei not in repr(identity), "personal data stays out of repr"

    @scenario
    async def test_the_right_pin_unlocks_the_card(self, bench: Bench) -> None:
        modem: Modem = bench.device
        self.insert_sim(bench, attempts=3)
        assert (await modem.read_modem()).sim is SimState.PIN_REQUIRED
        assert await modem.enter_pin(self.pin) is SimState.READY
        assert (await modem.read_modem()).sim is SimState.READY

    @scenario
    async def test_a_refused_pin_is_not_sent_again(self, bench: Bench) -> None:
        modem: Modem = bench.device
        self.insert_sim(bench, attempts=3)
        with pytest.raises(CommandFailed):
            await modem.enter_pin(self.wrong_pin)
        for _ in range(3):
            with pytest.raises(SafetyRefused):
                await modem.enter_pin(self.wrong_pin)
        assert self.attempts(bench) == 2

    @scenario
    async def test_the_last_attempt_is_never_used(self, bench: Bench) -> None:
        modem: Modem = bench.device
        self.insert_sim(bench, attempts=1)
        with pytest.raises(SafetyRefused):
            await modem.enter_pin(self.pin)
        assert self.attempts(bench) == 1

    @scenario
    async def test_after_a_restart_it_answers_again(self, bench: Bench) -> None:
        modem: Modem = bench.device
        await modem.set_apn("iot.example")
        await modem.reset_modem()
        await modem.read_modem()
        assert bench.health == "ok"


class PlcModemSuite(Suite):
    """A power line modem that keeps its key to itself."""

    capability = "PlcModem"

    @scenario
    async def test_it_says_who_it_is(self, bench: Bench) -> None:
        modem: PlcModem = bench.device
        reading = await modem.read_plc()
        assert re.fullmatch(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}", reading.mac)
        assert reading.firmware
        assert not reading.link, "no vehicle is there"

    @scenario
    async def test_the_key_is_taken_and_is_in_no_trace(self, bench: Bench) -> None:
        modem: PlcModem = bench.device
        await modem.set_network(bytes(7), _SECRET)
        traced = b"".join(frame.data for actor, _ in bench.board.buses.values() for frame in actor.trace)
        assert _SECRET not in traced, "send it as a secret"

    @scenario
    async def test_a_key_of_the_wrong_length_is_refused(self, bench: Bench) -> None:
        modem: PlcModem = bench.device
        for nid, nmk in ((bytes(6), _SECRET), (bytes(7), _SECRET[1:])):
            with pytest.raises(ConfigError) as refusal:
                await modem.set_network(nid, nmk)
            assert "conformance-key" not in str(refusal.value)

    @scenario
    async def test_after_a_restart_it_answers_again(self, bench: Bench) -> None:
        modem: PlcModem = bench.device
        await modem.reset_plc()

        async def answers() -> bool:
            return bool((await modem.read_plc()).firmware)

        assert await eventually(answers, bench)
