"""The fuzz targets with hypothesis: noise, and genuine material with noise in it."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.records import TARGETS, one_input

SAMPLES = [path.read_bytes() for path in sorted((Path(__file__).parent / "samples").glob("*.xml"))]


@given(st.integers(0, len(TARGETS) - 1), st.binary(max_size=500))
def test_noise_raises_nothing_but_what_the_readers_promise(target: int, noise: bytes) -> None:
    one_input(bytes([target]) + noise)


@given(st.integers(0, len(TARGETS) - 1), st.sampled_from(SAMPLES), st.data())
def test_genuine_material_with_noise_in_it(target: int, material: bytes, draw: st.DataObject) -> None:
    begin = draw.draw(st.integers(0, len(material)))
    end = draw.draw(st.integers(begin, min(len(material), begin + 40)))
    one_input(bytes([target]) + material[:begin] + draw.draw(st.binary(max_size=40)) + material[end:])
