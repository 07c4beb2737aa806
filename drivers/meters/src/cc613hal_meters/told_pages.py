"""A page of documentation per meter without a register map; what can be taken from code is."""

from __future__ import annotations

from attrs import fields, frozen

from cc613hal.plugins import DriverSpec
from cc613hal.plugins.spec import load_object
from cc613hal_meters.gsh01 import Command
from cc613hal_meters.plugin import cc613hal_drivers
from cc613hal_meters.sml_meter import OBIS
from cc613hal_meters.told_options import Gsh01Options

__all__ = ["TOLD", "ToldPage", "told_page"]


@frozen(kw_only=True)
class ToldPage:
    """What is known about a meter and stands nowhere in its code.

    Attributes:
        title: maker and model.
        wiring: lines about its connection.
        board: its part of a board file.
        tells: rows of quantity, unit, where it stands.
        missing: what it does not tell.
        asks: how values are fetched, and what that costs.
        confidence: how sure the facts are.
        notes: traps.
    """

    title: str
    wiring: tuple[str, ...]
    board: str
    tells: tuple[tuple[str, str, str], ...]
    missing: str
    asks: str
    confidence: str
    notes: tuple[str, ...] = ()


_SERIAL = '[bus.meter]\ntype = "serial"\npath = "/dev/ttyS2"\nsettings = {{ baud = {baud} }}\n'
_DEVICE = '\n[device.meter1]\ndriver = "meters.{name}"\nbus = "meter"\n'
_HEAD = (
    "Optical head on the meter's D0 port (or RS-485 where it has one) to a receive line; the driver never sends. 9600 Bd 8N1 is usual;",
    "older EasyMeter variants send plain text at 9600 7E1, which is no SML and is not read.",
)
_SML_TELLS = tuple((quantity, "", f"OBIS {', '.join(codes)}") for quantity, codes in OBIS.items())
_SML_NOTES = (
    "Power, and values per phase, are in the telegram only after the PIN was entered and the extended list (InF) was switched on.",
    "A meter that writes wrong powers of ten is corrected with `scalers`.",
    "Signed records (EDL40) are in the same telegrams: the driver `meters.edl40` takes them.",
)
_DC = "Frequency, and a second or third phase: a DC meter has one pair of conductors, whose values stand where one-phase meters have L1's."
_SML_ASKS = "Nothing is asked: the meter pushes a telegram every 1 to 4 s. Its age decides whether it still counts (`age_s`)."

TOLD: dict[str, ToldPage] = {
    "emh-ehz": ToldPage(
        title="EMH eHZ, mMe4.0, ED300",
        wiring=_HEAD,
        board=_SERIAL.format(baud=9600) + _DEVICE.format(name="emh-ehz"),
        tells=_SML_TELLS,
        missing="Voltages and currents, in most meters.",
        asks=_SML_ASKS,
        confidence="SML and OBIS are standards; speed and the list of values are general knowledge, not read in a manual of the model.",
        notes=_SML_NOTES,
    ),
    "edl40": ToldPage(
        title="EMH eHZ, ED300, eMOC with customer identification (EDL40)",
        wiring=(
            "Optical head that also sends, on the meter's port, or RS-485 where the meter has it: the driver writes the customer's",
            "identification. 9600 Bd 8N1 is usual.",
        ),
        board=_SERIAL.format(baud=9600) + _DEVICE.format(name="edl40"),
        tells=(
            *_SML_TELLS,
            ("signed records", "", "OBIS 1-0:1.17.0*255, 129-128:129.113.1*255 (page), 129-130:129.84.1*255 (contract id)"),
        ),
        missing="Voltages and currents, in most meters; the time, until somebody has set the meter's clock.",
        asks=_SML_ASKS + " At begin and end of a session the contract id is written, and a signed telegram with a later page waited for.",
        confidence="What is signed, and how pages follow, is seen in public samples. How the contract id is set is inferred.",
        notes=(
            'A meter that is told the customer in another way: `assign = "none"`, and the driver writes nothing.',
            "With `public_key` from the label, a meter with another key begins no session.",
        ),
    ),
    "easymeter-q3": ToldPage(
        title="EasyMeter Q3M, Q3D",
        wiring=_HEAD,
        board=_SERIAL.format(baud=9600) + _DEVICE.format(name="easymeter-q3"),
        tells=_SML_TELLS,
        missing="Voltages and currents, in most meters.",
        asks=_SML_ASKS,
        confidence="SML and OBIS are standards; speed and the list of values are general knowledge, not read in a manual of the model.",
        notes=_SML_NOTES,
    ),
    "speedwire": ToldPage(
        title="SMA Energy Meter 1.0 and 2.0, Sunny Home Manager 2.0 over Speedwire",
        wiring=(
            "Network: meter and controller in one Ethernet segment, multicast let through (IGMP snooping, WiFi). `interface` is the",
            "address of the controller's card on that segment; without it the system chooses.",
        ),
        board='[bus.meter]\ntype = "multicast"\ngroup = "239.12.255.254"\nport = 9522\n'
        + _DEVICE.format(name="speedwire")
        + "options = { serial_number = 1900000001 }\n",
        tells=(
            ("power, power_l1 to power_l3", "W", "elements 1/2, 21/22, 41/42, 61/62 (import, export), 0.1 W"),
            ("current_l1 to current_l3", "A", "elements 31, 51, 71, mA"),
            ("voltage_l1 to voltage_l3", "V", "elements 32, 52, 72, mV"),
            ("frequency", "Hz", "element 14, mHz; not all firmware has it"),
            ("energy_import, energy_export", "Wh", "counters 1 and 2, Ws"),
        ),
        missing="Nothing of the core set.",
        asks="Nothing is asked: the meter tells once a second, newer ones every 200 ms. Meters share the group; `serial_number` chooses.",
        confidence="More than one source agrees.",
        notes=(
            "Without `serial_number`, a second meter in the group is an error and never a guess.",
            "Anybody in the network can send such datagrams; do not bill from them.",
            "Datagrams of the extended protocol 0x6081 are passed over.",
        ),
    ),
    "lem-dcbm": ToldPage(
        title="LEM DCBM 400, DCBM 600",
        wiring=("Network, port 80. With TLS the certificate is self-signed with a key of 1024 bits: pin it with `fingerprint`.",),
        board='[bus.meter]\ntype = "http"\nhost = "192.0.2.10"\n' + _DEVICE.format(name="lem-dcbm"),
        tells=(
            ("voltage_l1, current_l1", "V, A", "`GET /v1/livemeasure`: voltage, current"),
            ("power", "W", "power, kW"),
            ("energy_import, energy_export", "Wh", "energyImportTotal, energyExportTotal, kWh"),
        ),
        missing=_DC,
        asks="One request per reading; the connection is kept.",
        confidence="One source, nothing to compare it with.",
        notes=("Settings are accepted two minutes after power-up at the earliest.", "Time must be set before every signed transaction."),
    ),
    "iem-dcr": ToldPage(
        title="Isabellenhütte IEM-DCR 125, 1000, 1500",
        wiring=("Network, HTTP.",),
        board='[bus.meter]\ntype = "http"\nhost = "192.0.2.11"\n' + _DEVICE.format(name="iem-dcr"),
        tells=(
            ("voltage_l1, current_l1, power", "V, A, W", "`GET /counter/v1/ocmf/metervalue`: U2, I, P"),
            ("energy_import, energy_export", "Wh", "RD[2].WV, RD[3].WV, kWh"),
        ),
        missing=_DC,
        asks="One request per reading; the connection is kept.",
        confidence="One source, nothing to compare it with.",
        notes=("The older IEM-DCC has no public description and is not here.",),
    ),
    "gsh01": ToldPage(
        title="DZG GSH01",
        wiring=("RS-485, two wires, 115200 Bd 8N1. The frames are DZG's own: it shares no line with Modbus meters.",),
        board=_SERIAL.format(baud=115200) + _DEVICE.format(name="gsh01"),
        tells=(
            ("voltage_l1", "V", f"command {Command.VOLTAGE:#06x}, 10 mV"),
            ("current_l1", "A", f"command {Command.CURRENT:#06x}, mA"),
            ("power", "W", f"command {Command.IMPORT_DEVICE_POWER:#06x} (device) or {Command.IMPORT_MAINS_POWER:#06x} (mains), 10 mW"),
            ("energy_import", "Wh", f"command {Command.DEVICE_ENERGY:#06x} or {Command.TOTAL_IMPORT_MAINS_ENERGY:#06x}, 0.1 Wh"),
        ),
        missing="Export. " + _DC,
        asks=f"One exchange per reading: all commands in one frame. The meter is given {Gsh01Options().reply_s:g} s.",
        confidence="One source, nothing to compare it with.",
        notes=("Energy at the vehicle and at the meter differ by the cable's loss; `point` chooses.",),
    ),
    "s0": ToldPage(
        title="Any meter with an S0 pulse output",
        wiring=("S0+ over a resistor to the input's supply, S0- to ground, or the other way round (`active_low`); at most 27 V, 27 mA.",),
        board='[bus.gpio]\ntype = "gpio"\nchips = ["/dev/gpiochip0"]\nlines = { S0 = "gpiochip0:5" }\n'
        '\n[device.meter1]\ndriver = "meters.s0"\nlines = { pulse = "S0" }\noptions = { pulses_per_kwh = 1000 }\n',
        tells=(
            ("energy_import", "Wh", "pulses since the count began, on top of `start_wh`"),
            ("power", "W", "time between the last two pulses, or since the last one"),
        ),
        missing="Everything else; import and export cannot be told apart.",
        asks="Nothing is asked: edges arrive with the kernel's time stamps.",
        confidence="The pulse output is a standard; pulses per kilowatt hour stand on the type plate.",
        notes=(
            "What flows while the station is off is not counted.",
            "The count is written down every `save_every_s` while it grows; a power cut loses what came since.",
            "Pulses shorter than `min_pulse_s` are disturbances; those that come faster than `max_power_w` are not counted, and reported.",
        ),
    ),
}


def told_page(name: str) -> str:
    """The page of a meter: wiring, options, quantities, how they are fetched, sources.

    Args:
        name: its driver, without ``meters.``.

    Returns:
        Markdown, without a line break at its end.
    """
    page = TOLD[name]
    spec = next(spec for spec in cc613hal_drivers() if spec.name == f"meters.{name}")
    bus = f" on a bus of type `{_kind(spec)}`" if spec.buses else " on a GPIO line"
    lines = [f"# {page.title}", "", f"Driver `{spec.name}`{bus}.", "", "## Wiring", "", *page.wiring, "", "```toml"]
    lines += [page.board.rstrip(), "```", "", "## Options", "", "| option | default |", "|---|---|"]
    options: type = load_object(spec.options)  # type: ignore[assignment]  # options are classes
    blank = options()
    lines += [f"| `{item.name}` | `{_shown(getattr(blank, item.name))}` |" for item in fields(options)]
    lines += ["", "What they mean stands with the driver in [Drivers](../drivers.md).", "", "## What it tells", ""]
    lines += ["| quantity | unit | where it stands |", "|---|---|---|"]
    lines += [f"| {quantity} | {unit} | {place} |" for quantity, unit, place in page.tells]
    lines += ["", f"It does not tell, or nobody documents: {page.missing}", "", "## Reads", "", page.asks]
    lines += ["", "## What is known about it", "", page.confidence, "", *(f"- {note}" for note in page.notes), "", "Sources:", ""]
    return "\n".join([*lines, *(f"- {source}" for source in spec.sources)])


def _kind(spec: DriverSpec) -> str:
    return " or ".join(kind.value for kind in spec.buses)


def _shown(value: object) -> str:
    return str(getattr(value, "value", value)) if value not in ("", {}) else "empty"
