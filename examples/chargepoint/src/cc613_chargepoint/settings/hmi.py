"""The parameters of lights, texts and sounds."""

from __future__ import annotations

from typing import Any

from cc613_chargepoint.domain.role import Role
from cc613_chargepoint.settings.parameter import Group, Kind, Parameter

__all__ = ["BLINKS", "BRIGHTNESS", "FRONT_LIGHTS", "LANGUAGES", "LIGHTS", "PARAMETERS", "REJECTED_S", "ROTATE_S", "SOUNDS", "TEXTS"]

_FILE: dict[str, Any] = {"restart": True, "change": Role.INSTALLER, "maximum": 200}

LIGHTS: Parameter[str] = Parameter(
    key="hmi.lights", kind=Kind.TEXT, default="bender", minimum=1, group=Group.HMI,
    en="What the lights say: bender, generic, or the path of a light language of your own.",
    de="Was die Leuchten sagen: bender, generic oder der Pfad einer eigenen Leuchtsprache.", **_FILE,
)  # fmt: skip
FRONT_LIGHTS: Parameter[tuple[str, ...]] = Parameter(
    key="hmi.front_lights", kind=Kind.LIST, default=("front",), maximum=8, pattern=r"[0-9A-Za-z_-]{1,64}", group=Group.HMI,
    en="Devices that are status lights of the controller itself, not lights for customers.",
    de="Geräte, die Statusleuchten der Steuerung selbst sind, keine Leuchten für Kunden.", restart=True, change=Role.INSTALLER,
)  # fmt: skip
TEXTS: Parameter[str] = Parameter(
    key="hmi.texts", kind=Kind.TEXT, default="", group=Group.HMI,
    en="Path of a file with texts and sounds of your own, laid over the ones that come along; empty for none.",
    de="Pfad einer Datei mit eigenen Texten und Tönen, die über die mitgelieferten gelegt wird; leer für keine.", **_FILE,
)  # fmt: skip
LANGUAGES: Parameter[tuple[str, ...]] = Parameter(
    key="hmi.languages", kind=Kind.LIST, default=("en",), minimum=1, maximum=8, pattern=r"[a-z]{2,3}", group=Group.HMI,
    en="Languages of the display, shown in turn.", de="Sprachen der Anzeige, im Wechsel gezeigt.",
)  # fmt: skip
ROTATE_S: Parameter[float] = Parameter(
    key="hmi.rotate_s", kind=Kind.FLOAT, default=4.0, unit="s", minimum=1.0, maximum=60.0, group=Group.HMI,
    en="How long the display shows one language or connector before the next.",
    de="Wie lange die Anzeige eine Sprache oder einen Anschluss zeigt, bevor die nächste kommt.",
)  # fmt: skip
REJECTED_S: Parameter[float] = Parameter(
    key="hmi.rejected_s", kind=Kind.FLOAT, default=2.0, unit="s", minimum=0.5, maximum=30.0, group=Group.HMI,
    en="How long a refused card is shown.", de="Wie lange eine abgelehnte Karte angezeigt wird.",
)  # fmt: skip
SOUNDS: Parameter[bool] = Parameter(
    key="hmi.sounds", kind=Kind.BOOL, default=True, group=Group.HMI,
    en="Cards and faults are heard.", de="Karten und Fehler sind zu hören.",
)  # fmt: skip

BRIGHTNESS: Parameter[int] = Parameter(
    key="hmi.brightness", kind=Kind.INT, default=100, unit="%", minimum=0, maximum=100, group=Group.HMI,
    en="How bright the lights for customers are; at 0 they are dark. A light that can only be switched is dark below its threshold.",
    de="Wie hell die Leuchten für Kunden sind; bei 0 sind sie dunkel. Eine nur schaltbare Leuchte ist unter ihrer Schwelle dunkel.",
    ocpp16="LightIntensity",
)  # fmt: skip
BLINKS: Parameter[int] = Parameter(
    key="hmi.blinks", kind=Kind.INT, default=0, minimum=0, maximum=20, group=Group.HMI,
    en="How often the lights blink for a refused card; 0: for as long as it is shown (hmi.rejected_s).",
    de="Wie oft die Leuchten bei einer abgelehnten Karte blinken; 0: solange sie angezeigt wird (hmi.rejected_s).",
    ocpp16="BlinkRepeat",
)  # fmt: skip

PARAMETERS = (LIGHTS, FRONT_LIGHTS, BRIGHTNESS, BLINKS, TEXTS, LANGUAGES, ROTATE_S, REJECTED_S, SOUNDS)
"""In the order of forms and documentation."""
