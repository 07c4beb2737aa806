"""The parameters of a connector that charges vehicles."""

from __future__ import annotations

from typing import Any

from cc613_chargepoint.settings.parameter import Group, Kind, Parameter
from cc613_chargepoint.settings.rows import AT_START, choice, count, number, switch

__all__ = ["CHARGE_ROWS", "UNLOCK_ON_EV_SIDE"]

PLUG_IN_S = number(
    "connector.plug_in_s", 60.0, "s", 1.0, 86_400.0,
    "How long an accepted customer may take to plug in, and whoever plugged in to identify.",
    "Wie lange ein freigegebener Kunde zum Stecken hat, und wer gesteckt hat zum Anmelden.",
    ocpp16="ConnectionTimeOut", ocpp201="TxCtrlr.EVConnectionTimeOut",
)  # fmt: skip
UNLOCK_ON_EV_SIDE = switch(
    "connector.unlock_on_ev_side", True,
    "A socket lets go of the plug when the vehicle at its other end leaves; otherwise it stays locked until whoever began comes back.",
    "Eine Dose gibt den Stecker frei, wenn das Fahrzeug am anderen Ende geht; sonst bleibt er gesperrt, bis der Kunde zurückkommt.",
    ocpp16="UnlockConnectorOnEVSideDisconnect", ocpp201="OCPPCommCtrlr.UnlockOnEVSideDisconnect",
)  # fmt: skip
VEHICLE_STOP_S = number(
    "connector.vehicle_stop_s", 6.0, "s", 6.0, 60.0,
    "How long a vehicle may take to stop drawing before the contactor opens under load.",
    "Wie lange ein Fahrzeug zum Abschalten hat, bevor das Schütz unter Last öffnet.", **AT_START,
)  # fmt: skip
FAULT_LOOK_S = number(
    "connector.fault_look_s", 1.0, "s", 0.2, 60.0,
    "Between looks whether the plug is still there while a fault stands.", "Abstand der Blicke auf den Stecker, solange ein Fehler steht.",
    **AT_START,
)  # fmt: skip
VENTILATION = switch(
    "connector.ventilation", False,
    "The place is ventilated: vehicles in state D are served.", "Der Ort ist belüftet: Fahrzeuge im Zustand D werden geladen.", **AT_START,
)  # fmt: skip
TOGGLE_HOLD_S = number(
    "connector.toggle_hold_s", 0.45, "s", 0.0, 2.0,
    "How long a vehicle must ask before the contactor closes.", "Wie lange ein Fahrzeug anfordern muss, bevor das Schütz schließt.",
    **AT_START,
)  # fmt: skip
WAKE_UP = switch(
    "connector.wake_up", True,
    "A vehicle that does not answer an offer is woken with a pulse of state F.",
    "Ein Fahrzeug, das auf ein Angebot nicht reagiert, wird mit einem F-Puls geweckt.", **AT_START,
)  # fmt: skip
WAKE_AFTER_S = number(
    "connector.wake_after_s", 30.0, "s", 1.0, 600.0, "Silence before the wake-up pulse.", "Stille vor dem Weckpuls.", **AT_START
)
WAKE_PULSE_S = number("connector.wake_pulse_s", 4.0, "s", 0.3, 10.0, "Length of the wake-up pulse.", "Länge des Weckpulses.", **AT_START)
WAKE_REST_S = number(
    "connector.wake_rest_s", 0.75, "s", 0.5, 10.0, "Time without PWM after the wake-up pulse.", "Zeit ohne PWM nach dem Weckpuls.",
    **AT_START,
)  # fmt: skip
SIMPLIFIED_PILOT_A: Parameter[float | None] = Parameter(
    key="connector.simplified_pilot_a", kind=Kind.FLOAT, default=None, unit="A", minimum=6.0, maximum=80.0, none=True,
    group=Group.CONNECTOR,
    en="Limit for a vehicle that goes from A to C without B; none leaves it to the vehicle.",
    de="Grenze für ein Fahrzeug, das ohne B von A nach C geht; none überlässt es dem Fahrzeug.", **AT_START,
)  # fmt: skip
RCD_TEST_INTERVAL_S = number(
    "connector.rcd_test_interval_s", 86_400.0, "s", 60.0, 604_800.0,
    "A charge longer than this is paused for another self-test of the residual current monitor.",
    "Eine längere Ladung wird für einen weiteren Selbsttest der Fehlerstromüberwachung pausiert.", **AT_START,
)  # fmt: skip
RCD_RESET_S = number(
    "connector.rcd_reset_s", 10.0, "s", 1.0, 3600.0,
    "Between attempts to reset a tripped monitor after unplugging.", "Abstand der Rücksetzversuche nach dem Abstecken.", **AT_START,
)  # fmt: skip
RCD_RESETS = count(
    "connector.rcd_resets", 6, "", 1, 100,
    "Attempts to reset before somebody has to come.", "Rücksetzversuche, bevor jemand kommen muss.", **AT_START,
)  # fmt: skip
LOCK_PERMANENT = switch(
    "connector.lock_permanent", False,
    "The plug stays locked between sessions (a cable that belongs to the station).",
    "Der Stecker bleibt zwischen den Ladungen verriegelt (ein Kabel der Station).", **AT_START,
)  # fmt: skip
PHASE_SWITCHING = switch(
    "connector.phase_switching", False,
    "One and three phases may be changed in a session; some vehicles do not bear it.",
    "Ein- und dreiphasig darf während der Ladung gewechselt werden; manche Fahrzeuge vertragen es nicht.", **AT_START,
)  # fmt: skip
PHASE_PAUSE_S = number(
    "connector.phase_pause_s", 10.0, "s", 5.0, 300.0,
    "Time without current when the phases are changed.", "Zeit ohne Strom beim Wechsel der Phasen.", **AT_START,
)  # fmt: skip
PHASE_BUDGET = count(
    "connector.phase_budget", 10, "", 0, 1000,
    "Changes of phases per session.", "Phasenwechsel je Ladung.", **AT_START,
)  # fmt: skip
RCD_DELTA_MA = number(
    "connector.rcd_delta_ma", 1.0, "mA", 0.0, 99.9,
    "Residual current is told when it moved by so much; 0 only at a trip.",
    "Fehlerstrom wird gemeldet, wenn er sich um so viel ändert; 0 nur beim Auslösen.", **AT_START,
)  # fmt: skip
WELD_UNPROVEN = switch(
    "connector.weld_unproven", False,
    "A contactor of which nothing shows that it is open may close.", "Ein Schütz, dessen Offenstellung nichts belegt, darf schließen.",
    **AT_START,
)  # fmt: skip
LOCK_UNPROVEN = switch(
    "connector.lock_unproven", False,
    "A bolt that no feedback confirms is believed home after its drive time.",
    "Einem Riegel ohne Rückmeldung wird nach seiner Fahrzeit geglaubt.", **AT_START,
)  # fmt: skip
CABLE_MIN_A = number(
    "connector.cable_min_a", 0.0, "A", 0.0, 63.0,
    "A cable that carries less is refused; 0 takes every valid one.",
    "Ein Kabel, das weniger trägt, wird abgelehnt; 0 nimmt jedes gültige.", **AT_START,
)  # fmt: skip
FAULT_RELEASE_S = number(
    "connector.fault_release_s", 5.0, "s", 0.0, 600.0,
    "The plug is released so long after a fault; never under power.",
    "So lange nach einem Fehler wird der Stecker freigegeben; nie unter Spannung.", **AT_START,
)  # fmt: skip
UNLOCK_RETRIES = count(
    "connector.unlock_retries", 5, "", 0, 100,
    "Further tries to release a plug that is stuck.", "Weitere Versuche, einen klemmenden Stecker freizugeben.", **AT_START,
)  # fmt: skip
UNLOCK_AGAIN_S = number(
    "connector.unlock_again_s", 10.0, "s", 3.0, 600.0,
    "Before the first of them; the pause doubles.", "Vor dem ersten davon; die Pause verdoppelt sich.", **AT_START,
)  # fmt: skip
AFTER_POWER_LOSS = choice(
    "connector.after_power_loss", "end", ("end", "resume"),
    "A session that a power cut interrupted ends, or goes on where the vehicle is still there and nothing is signed.",
    "Eine vom Stromausfall unterbrochene Ladung endet, oder geht weiter, wenn das Fahrzeug noch da ist und nichts signiert wird.",
    **AT_START,
)  # fmt: skip
RESUME_WITHIN_S = number(
    "connector.resume_within_s", 600.0, "s", 1.0, 86_400.0,
    "A longer interruption ends the session all the same.", "Eine längere Unterbrechung beendet die Ladung trotzdem.", **AT_START,
)  # fmt: skip

CHARGE_ROWS: tuple[Parameter[Any], ...] = (
    PLUG_IN_S, UNLOCK_ON_EV_SIDE, VEHICLE_STOP_S, FAULT_LOOK_S, FAULT_RELEASE_S, VENTILATION, TOGGLE_HOLD_S, WAKE_UP, WAKE_AFTER_S,
    WAKE_PULSE_S, WAKE_REST_S, SIMPLIFIED_PILOT_A, CABLE_MIN_A, WELD_UNPROVEN, RCD_TEST_INTERVAL_S, RCD_RESET_S, RCD_RESETS, RCD_DELTA_MA,
    LOCK_PERMANENT, LOCK_UNPROVEN, UNLOCK_RETRIES, UNLOCK_AGAIN_S, PHASE_SWITCHING, PHASE_PAUSE_S, PHASE_BUDGET,
    AFTER_POWER_LOSS, RESUME_WITHIN_S,
)  # fmt: skip
"""In the order of forms and documentation."""
