"""The Phoenix Contact EV-T2M3S: 600 ms strokes, 3 s rest, contact closed when locked."""

from __future__ import annotations

import pytest

from cc613hal.clock import run_virtual
from cc613hal.errors import CommandFailed

DRIVER = "phoenix_contact.ev-t2m3s"
DRIVE_S = 0.6
LINES = ("in1", "in2", "feedback", "energy_ok")


def test_a_stroke_lasts_as_long_as_the_preset_says(open_part):
    async def main():
        async with open_part(DRIVER, *LINES) as it:
            await it.device.lock()
            assert it.emulated.motor.longest_drive_s == pytest.approx(DRIVE_S)

    run_virtual(main())


def test_a_broken_contact_wire_never_reads_locked(open_part):
    async def main():
        async with open_part(DRIVER, *LINES) as it:
            it.emulated.feedback.hold(False)
            with pytest.raises(CommandFailed, match="not locked"):
                await it.device.lock()

    run_virtual(main())


def test_the_variant_in_the_sm_frame_behaves_alike(open_part):
    async def main():
        async with open_part("phoenix_contact.ev-t2m3sm", *LINES) as it:
            assert (await it.device.lock()).verified
            assert it.emulated.motor.longest_drive_s == pytest.approx(DRIVE_S)

    run_virtual(main())
