"""Faults happen as often as they are told to, and the same way every time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc613hal.bus.sim.faults import Faults


def test_nothing_is_wrong_unless_somebody_says_so() -> None:
    faults = Faults()
    assert not faults.any
    assert not faults.loses()
    assert faults.delay_s() == 0.0
    assert faults.garble(b"abc") == b"abc"


@pytest.mark.parametrize("probability", [0.1, 0.5])
def test_loss_and_noise_come_about_as_often_as_asked(probability: float) -> None:
    faults = Faults(loss=probability, noise=probability, late_s=0.5, late=probability)
    lost = sum(faults.loses() for _ in range(4000)) / 4000
    noisy = sum(faults.garble(b"\1\3\2\0\7") != b"\1\3\2\0\7" for _ in range(4000)) / 4000
    late = sum(faults.delay_s() > 0 for _ in range(4000)) / 4000
    assert (lost, noisy, late) == pytest.approx((probability,) * 3, abs=0.03)


def test_the_same_seed_gives_the_same_faults() -> None:
    first, second, other = (Faults(noise=1.0, seed=seed) for seed in (5, 5, 6))
    frames = [bytes(range(10))] * 20
    assert [first.garble(frame) for frame in frames] == [second.garble(frame) for frame in frames]
    assert [first.garble(frame) for frame in frames] != [other.garble(frame) for frame in frames]


@given(st.binary(min_size=1, max_size=50), st.integers(0, 1000))
def test_corruption_always_changes_the_bytes(data: bytes, seed: int) -> None:
    assert Faults(seed=seed).corrupt(data) != data


def test_who_waits_on_the_wire_learns_of_unplugging_once() -> None:
    faults, heard = Faults(), []
    faults.on_plug(heard.append)
    faults.unplug()
    faults.unplug()
    faults.plug()
    faults.clear()
    assert heard == [False, True]


def test_clearing_puts_everything_right() -> None:
    faults = Faults(nack=True, silence=True, late_s=1.0, late=0.5, crc=True, noise=0.5, loss=0.5, plugged=False)
    assert faults.any
    faults.clear()
    assert not faults.any


@pytest.mark.parametrize("wrong", [{"noise": 1.5}, {"loss": -0.1}, {"late_s": -1.0}])
def test_impossible_faults_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError):
        Faults(**wrong)
