"""Which kernel modules are loaded, in which order, and what is laid out for building them."""

from __future__ import annotations

import lzma
from pathlib import Path

import pytest

from tests.kernel.lane.errors import LaneBrokenError
from tests.kernel.lane.modules import build, collect, declared_needs, fingerprint, index, load_order, prepare_sources
from tests.kernel.lane.packages import Kit


def module(*needs: str) -> bytes:
    return b"\x7fELF...\0license=GPL\0depends=" + ",".join(needs).encode() + b"\0retpoline=Y\0"


def test_needs_are_read_from_the_module() -> None:
    assert declared_needs(module("virtio_ring", "i2c-core")) == ["virtio_ring", "i2c_core"]
    assert declared_needs(module()) == []
    assert declared_needs(b"\x7fELF without any") == []


def test_needs_come_first_and_nothing_comes_twice() -> None:
    needs = {"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": []}
    assert load_order(["a", "c"], needs.get) == ["d", "b", "c", "a"]


def test_dash_and_underscore_are_one_name_and_built_in_modules_are_left_out() -> None:
    assert load_order(["i2c-dev", "spidev", "i2c_dev"], {"i2c_dev": ["i2c_core"]}.get) == ["i2c_dev"]


def test_a_circle_is_told_instead_of_followed() -> None:
    with pytest.raises(LaneBrokenError, match="a → b → a"):
        load_order(["a"], {"a": ["b"], "b": ["a"]}.get)


def test_files_are_found_also_compressed_and_ours_win(tmp_path: Path) -> None:
    kernel, ours = tmp_path / "kernel" / "drivers", tmp_path / "built"
    kernel.mkdir(parents=True)
    ours.mkdir()
    (kernel / "i2c-dev.ko").write_bytes(module("i2c_core"))
    (kernel / "i2c-core.ko.xz").write_bytes(lzma.compress(module()))
    (kernel / "gpio-sim.ko").write_bytes(module() + b"theirs")
    (ours / "gpio-sim.ko").write_bytes(module() + b"ours")
    (ours / ".gpio-sim.ko.cmd").write_text("a trace of the build")
    found = collect(["i2c-dev", "gpio_sim"], [index(ours), index(tmp_path / "kernel")])
    assert found == [("i2c_core", module()), ("i2c_dev", module("i2c_core")), ("gpio_sim", module() + b"ours")]


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    sources = tmp_path / "sources"
    for name, text in {
        "drivers/gpio/gpio-sim.c": "gpio",
        "drivers/gpio/gpiolib.h": "header",
        "drivers/iio/accel/sca3300.c": "tilt",
        "drivers/iio/temperature/max31865.c": "temperature",
        "drivers/pwm/pwm-pca9685.c": "pwm",
        "kernel/irq/irq_sim.c": "\thandle_simple_irq(irq_to_desc(irqnum));\n",
    }.items():
        (sources / name).parent.mkdir(parents=True, exist_ok=True)
        (sources / name).write_text(text)
    return Kit("6.1.0-1-amd64", tmp_path / "root", sources, {"linux-image": "1"})


def test_the_interrupt_simulator_becomes_a_module(kit: Kit, tmp_path: Path) -> None:
    prepare_sources(kit, tmp_path / "built")
    text = (tmp_path / "built" / "irq_sim.c").read_text()
    assert "generic_handle_irq(irqnum);" in text
    assert 'MODULE_LICENSE("GPL");' in text
    assert (
        tmp_path / "built" / "Kbuild"
    ).read_text() == "obj-m := cc613_bridge.o sca3300.o max31865.o pwm-pca9685.o irq_sim.o gpio-sim.o\n"


def test_our_module_is_marked_as_the_kernel_licence_asks(kit: Kit, tmp_path: Path) -> None:
    prepare_sources(kit, tmp_path / "built")
    text = (tmp_path / "built" / "cc613_bridge.c").read_text()
    assert text.startswith("// SPDX-License-Identifier: GPL-2.0\n")
    assert 'MODULE_LICENSE("GPL");' in text


def test_nothing_is_built_twice_for_the_same_kernel(kit: Kit, tmp_path: Path) -> None:
    built = tmp_path / "built"
    built.mkdir()
    (built / "fingerprint").write_text(fingerprint(kit))
    (built / "gpio-sim.ko").write_bytes(module())
    assert build(kit, tmp_path) == {"gpio_sim": built / "gpio-sim.ko"}  # without make, headers or a compiler in the kit
    assert fingerprint(kit) != fingerprint(Kit("6.1.0-2-amd64", kit.root, kit.sources, kit.versions))
