"""The parameters of what is around a connector: heat, tilt, supply, inputs, parking, and the household socket."""

from __future__ import annotations

from typing import Any

from cc613_chargepoint.settings.parameter import Parameter
from cc613_chargepoint.settings.rows import AT_START, choice, number, switch, text, texts

__all__ = ["INPUT", "POINT", "SURROUNDINGS_ROWS"]

POINT = r"-?\d{1,3}(\.\d{1,2})?:\d{1,2}(\.\d{1,2})?"
"""A point of a derating curve: temperature in °C, colon, current in A."""
INPUT = (
    r"[0-9A-Za-z_-]{1,64}=(mcb-type2|mcb-household|rcd-tripped|earth-missing|phase-rotation|wrong-wiring|safety-processor|no-power)"
    r"(@[1-9])?"
)
"""What a digital input watches: its name, the fault that it means when it opens, and whose it is."""
_NAME = r"[0-9A-Za-z_-]{1,64}"

REDUCE_C = number(
    "heat.reduce_c", 60.0, "°C", -40.0, 125.0,
    "From here on the current is reduced; below heat.stop_c.", "Ab hier wird der Strom verringert; unter heat.stop_c.", **AT_START,
)  # fmt: skip
STOP_C = number("heat.stop_c", 75.0, "°C", -40.0, 125.0, "Above this nobody charges.", "Darüber lädt niemand.", **AT_START)
REDUCE_FROM_A = number(
    "heat.reduce_from_a", 16.0, "A", 6.0, 80.0,
    "What is allowed per phase where the reduction begins.", "Was je Phase am Anfang der Verringerung erlaubt ist.", **AT_START,
)  # fmt: skip
REDUCE_TO_A = number(
    "heat.reduce_to_a", 6.0, "A", 6.0, 80.0,
    "What is allowed per phase just before the stop.", "Was je Phase kurz vor dem Abschalten erlaubt ist.", **AT_START,
)  # fmt: skip
CURVE = texts(
    "heat.curve", POINT,
    "A curve in place of the thresholds: points as °C:A, rising temperatures, falling currents; empty for the thresholds.",
    "Eine Kurve statt der Schwellen: Punkte als °C:A, Temperaturen steigend, Ströme fallend; leer für die Schwellen.",
    maximum=16, **AT_START,
)  # fmt: skip
EXTERNAL_SENSORS = texts(
    "heat.external_sensors", _NAME,
    "Temperature sensors outside the controller, by name; the thresholds below are theirs.",
    "Temperaturfühler außerhalb der Steuerung, nach Namen; für sie gelten die folgenden Schwellen.", maximum=16, **AT_START,
)  # fmt: skip
EXTERNAL_REDUCE_C = number(
    "heat.external_reduce_c", 60.0, "°C", -40.0, 125.0,
    "As heat.reduce_c, for external sensors.", "Wie heat.reduce_c, für externe Fühler.", **AT_START,
)  # fmt: skip
EXTERNAL_STOP_C = number(
    "heat.external_stop_c", 75.0, "°C", -40.0, 125.0,
    "As heat.stop_c, for external sensors.", "Wie heat.stop_c, für externe Fühler.", **AT_START,
)  # fmt: skip
EXTERNAL_CURVE = texts(
    "heat.external_curve", POINT,
    "As heat.curve, for external sensors.", "Wie heat.curve, für externe Fühler.", maximum=16, **AT_START,
)  # fmt: skip
HYSTERESIS_C = number(
    "heat.hysteresis_c", 3.0, "K", 0.0, 30.0,
    "How much cooler it must get before more is allowed again.", "Wie viel kühler es werden muss, bevor wieder mehr erlaubt ist.",
    **AT_START,
)  # fmt: skip
HEAT_PERIOD_S = number(
    "heat.period_s", 10.0, "s", 0.5, 600.0, "Between readings of a sensor.", "Abstand der Ablesungen eines Fühlers.", **AT_START
)
STALE_S = number(
    "heat.stale_s", 60.0, "s", 1.0, 3600.0,
    "A sensor that has given no value for so long is not known.", "Ein Fühler ohne Wert gilt nach dieser Zeit als unbekannt.", **AT_START,
)  # fmt: skip
SAFE_A = number(
    "heat.safe_a", 6.0, "A", 0.0, 80.0,
    "What is allowed per phase while a sensor is not known.", "Was je Phase erlaubt ist, solange ein Fühler unbekannt ist.", **AT_START,
)  # fmt: skip
CLIMATE = choice(
    "heat.climate", "off", ("off", "fan", "heater"),
    "What the auxiliary relay switches for the climate of the housing.", "Was das Hilfsrelais für das Klima im Gehäuse schaltet.",
    **AT_START,
)  # fmt: skip
CLIMATE_SENSOR = text(
    "heat.climate_sensor", "", r"[0-9A-Za-z_-]{0,64}",
    "Whose temperature switches it; empty: the warmest (fan) or the coldest (heater).",
    "Wessen Temperatur es schaltet; leer: die wärmste (Lüfter) oder kälteste (Heizung).", maximum=64, **AT_START,
)  # fmt: skip
LOWER_C = number("heat.lower_c", 5.0, "°C", -40.0, 125.0, "The heater is on below.", "Darunter ist die Heizung an.", **AT_START)
UPPER_C = number("heat.upper_c", 45.0, "°C", -40.0, 125.0, "The fan is on above.", "Darüber ist der Lüfter an.", **AT_START)
BAND_C = number("heat.band_c", 5.0, "K", 0.1, 40.0, "Between on and off.", "Zwischen an und aus.", **AT_START)

TILT_PERIOD_S = number(
    "surroundings.tilt_period_s", 1.0, "s", 0.1, 60.0, "Between looks at a tilt sensor.", "Abstand der Blicke auf den Neigungssensor.",
    **AT_START,
)  # fmt: skip
TILT_UNTIL_REBOOT = switch(
    "surroundings.tilt_until_reboot", False,
    "A station that was tilted stays out of order until it is started again.",
    "Eine geneigte Station bleibt bis zum Neustart außer Betrieb.", **AT_START,
)  # fmt: skip
INPUTS = texts(
    "surroundings.inputs", INPUT,
    "What digital inputs watch: input=fault, or input=fault@connector; the fault stands while the input is not active.",
    "Was digitale Eingänge überwachen: Eingang=Fehler oder Eingang=Fehler@Anschluss; er steht, solange der Eingang nicht aktiv ist.",
    maximum=16, **AT_START,
)  # fmt: skip
RELEASE_ON_MAINS_LOSS = switch(
    "surroundings.release_on_mains_loss", True,
    "The plug is released when the vehicle's mains is lost.", "Der Stecker wird freigegeben, wenn die Netzspannung ausfällt.", **AT_START,
)  # fmt: skip
PARKED_TOO_LONG_S = number(
    "surroundings.parked_too_long_s", 0.0, "s", 0.0, 604_800.0,
    "A bay that is taken by somebody who does not charge is told after so long; 0 never.",
    "Ein Platz, auf dem jemand nicht lädt, wird nach dieser Zeit gemeldet; 0 nie.", **AT_START,
)  # fmt: skip

HOUSEHOLD = switch(
    "household.enabled", True,
    "The board's household socket is a connector of the station.", "Die Haushaltssteckdose des Boards ist ein Anschluss der Station.",
    **AT_START,
)  # fmt: skip
IDLE_A = number(
    "household.idle_a", 0.2, "A", 0.0, 16.0,
    "Less than this is no charging.", "Weniger ist kein Laden.", **AT_START,
)  # fmt: skip
IDLE_S = number(
    "household.idle_s", 0.0, "s", 0.0, 86_400.0,
    "A session that drew less for so long ends; 0 never.", "Eine Ladung, die so lange weniger zog, endet; 0 nie.", **AT_START,
)  # fmt: skip
FLAP_MUST_CLOSE = switch(
    "household.flap_must_close", False,
    "No current while the flap is open.", "Kein Strom bei offener Klappe.", **AT_START,
)  # fmt: skip
HOUSEHOLD_WELD_UNPROVEN = switch(
    "household.weld_unproven", True,
    "Its contactor may close although nothing shows that it is open.",
    "Ihr Schütz darf schließen, auch wenn nichts zeigt, dass es offen ist.",
    **AT_START,
)  # fmt: skip

SURROUNDINGS_ROWS: tuple[Parameter[Any], ...] = (
    REDUCE_C, STOP_C, REDUCE_FROM_A, REDUCE_TO_A, CURVE, EXTERNAL_SENSORS, EXTERNAL_REDUCE_C, EXTERNAL_STOP_C, EXTERNAL_CURVE,
    HYSTERESIS_C, HEAT_PERIOD_S, STALE_S, SAFE_A, CLIMATE, CLIMATE_SENSOR, LOWER_C, UPPER_C, BAND_C,
    TILT_PERIOD_S, TILT_UNTIL_REBOOT, INPUTS, RELEASE_ON_MAINS_LOSS, PARKED_TOO_LONG_S,
    HOUSEHOLD, IDLE_A, IDLE_S, FLAP_MUST_CLOSE, HOUSEHOLD_WELD_UNPROVEN,
)  # fmt: skip
"""In the order of forms and documentation."""
