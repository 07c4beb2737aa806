"""Register contents and temperatures, as the data sheets print them, and everything in between."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc613hal_sensors.variants import VARIANTS

DATA_SHEETS = [
    # LM75: TI SNOS808 and ST Doc ID 13296, table 3 (nine bits, left-aligned here)
    *(("lm75", code << 7, celsius) for code, celsius in
      [(0x0FA, 125.0), (0x032, 25.0), (0x001, 0.5), (0x000, 0.0), (0x1FF, -0.5), (0x1CE, -25.0), (0x1B0, -40.0), (0x192, -55.0)]),
    # LM75B: NXP data sheet rev. 6.1, table 10 (eleven bits); PCT2075: same format
    *((word, code << 5, celsius) for word in ("lm75b", "pct2075") for code, celsius in
      [(0x3F8, 127.0), (0x3F7, 126.875), (0x3F1, 126.125), (0x3E8, 125.0), (0x0C8, 25.0), (0x001, 0.125), (0x000, 0.0), (0x7FF, -0.125),
       (0x738, -25.0), (0x649, -54.875), (0x648, -55.0)]),
    # TMP102: TI SBOS397, table 5 (twelve bits)
    *(("tmp102", code << 4, celsius) for code, celsius in
      [(0x7FF, 127.9375), (0x640, 100.0), (0x500, 80.0), (0x4B0, 75.0), (0x320, 50.0), (0x190, 25.0), (0x004, 0.25), (0x000, 0.0),
       (0xFFC, -0.25), (0xE70, -25.0), (0xC90, -55.0)]),
    # TMP102 in extended mode, told by bit D0: SBOS397, table 6 (thirteen bits)
    *(("tmp102", code << 3 | 1, celsius) for code, celsius in
      [(0x0960, 150.0), (0x0800, 128.0), (0x07FF, 127.9375), (0x0640, 100.0), (0x0190, 25.0), (0x0000, 0.0), (0x1FFC, -0.25),
       (0x1E70, -25.0),
       (0x1C90, -55.0)]),
    # TMP1075: TI SBOS854, table 7-1
    *(("tmp1075", raw, celsius) for raw, celsius in
      [(0x7FF0, 127.9375), (0x6400, 100.0), (0x5000, 80.0), (0x4B00, 75.0), (0x3200, 50.0), (0x1900, 25.0), (0x0040, 0.25),
       (0x0010, 0.0625),
       (0x0000, 0.0), (0xFFF0, -0.0625), (0xFFC0, -0.25), (0xE700, -25.0), (0xCE00, -50.0), (0x8000, -128.0)]),
    # TMP117: TI SNOSD82, table 7-1
    *(("tmp117", raw, celsius) for raw, celsius in
      [(0x8000, -256.0), (0xF380, -25.0), (0xFFF0, -0.125), (0xFFFF, -0.0078125), (0x0000, 0.0), (0x0001, 0.0078125), (0x0010, 0.125),
       (0x0080, 1.0), (0x0C80, 25.0), (0x3200, 100.0), (0x7FFF, 255.9921875)]),
]  # fmt: skip

words = st.sampled_from(sorted(VARIANTS))


@pytest.mark.parametrize(("word", "raw", "celsius"), DATA_SHEETS)
def test_register_contents_mean_what_the_data_sheet_says(word, raw, celsius):
    assert VARIANTS[word].celsius(raw) == celsius


@pytest.mark.parametrize(("word", "raw", "celsius"), [row for row in DATA_SHEETS if not (row[0] == "tmp102" and row[1] & 1)])
def test_the_emulated_chip_encodes_as_the_data_sheet_says(word, raw, celsius):
    assert VARIANTS[word].raw(celsius) == raw


@given(words, st.floats(-55.0, 125.0))
def test_a_temperature_survives_the_register_to_half_a_step(word, celsius):
    variant = VARIANTS[word]
    assert variant.celsius(variant.raw(celsius)) == pytest.approx(celsius, abs=variant.step_c / 2)


@given(words, st.integers(0, 0xFFFF))
def test_every_used_bit_counts_and_no_other(word, raw):
    variant = VARIANTS[word]
    used = raw >> variant.shift << variant.shift
    assert variant.raw(variant.celsius(used)) == used
    assert variant.celsius(raw & ~variant.extended_flag) == variant.celsius(used)


@given(words, st.floats(-1e6, 1e6))
def test_beyond_the_scale_the_chip_stays_at_its_end_instead_of_wrapping(word, celsius):
    variant = VARIANTS[word]
    lowest, highest = variant.celsius(variant.raw(-1e9)), variant.celsius(variant.raw(1e9))
    assert lowest < variant.low_c < variant.high_c < highest
    assert variant.celsius(variant.raw(celsius)) == pytest.approx(max(lowest, min(highest, celsius)), abs=variant.step_c / 2)


@given(st.integers(-880, 2400))
def test_both_formats_of_a_tmp102_agree(sixteenths):
    variant = VARIANTS["tmp102"]
    assert variant.celsius(sixteenths << 3 & 0xFFF8 | 1) == sixteenths / 16
    if sixteenths < 2048:
        assert variant.celsius(sixteenths << 4 & 0xFFF0) == sixteenths / 16


def test_every_variant_names_its_source_and_is_plausible():
    for word, variant in VARIANTS.items():
        assert variant.source, word
        assert variant.low_c == -55.0, word
        assert 0 < variant.conversion_s <= 0.3, word
        assert variant.shutdown_value & ~variant.shutdown_mask == 0, word
