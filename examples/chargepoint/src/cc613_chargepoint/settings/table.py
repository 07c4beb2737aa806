"""The parameter table: every setting of the application, once.

A parameter stands here when something obeys it; rooms that are added bring theirs along.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

from cc613_chargepoint.domain.role import Role
from cc613_chargepoint.settings import hmi, ocpp, pairing
from cc613_chargepoint.settings.charge_rows import CHARGE_ROWS
from cc613_chargepoint.settings.pairing import PAIRING, PAIRING_RULES
from cc613_chargepoint.settings.parameter import Group, Kind, Parameter
from cc613_chargepoint.settings.rows import AT_START as _AT_START
from cc613_chargepoint.settings.rows import count as _count
from cc613_chargepoint.settings.rows import number as _number
from cc613_chargepoint.settings.rows import switch as _switch
from cc613_chargepoint.settings.surroundings_rows import SURROUNDINGS_ROWS

__all__ = ["RULES", "TABLE", "parameter"]


HARDWARE_CURRENT_A = _number(
    "installation.hardware_current_a", 80.0, "A", 6.0, 80.0,
    "What controller, contactor and wires bear per phase.", "Was Steuerung, Schütz und Leitungen je Phase tragen.",
    change=Role.MANUFACTURER,
)  # fmt: skip
INSTALLED_CURRENT_A = _number(
    "installation.current_a", 16.0, "A", 6.0, 80.0,
    "What the installation may give per phase.", "Was die Installation je Phase hergibt.", change=Role.INSTALLER,
)  # fmt: skip
OPERATOR_CURRENT_A = _number(
    "installation.operator_current_a", 80.0, "A", 0.0, 80.0,
    "What the operator allows per phase; 0 pauses.", "Was der Betreiber je Phase erlaubt; 0 pausiert.",
)  # fmt: skip

_CARD = r"[0-9A-Za-z:_*-]{1,36}"

AUTHORIZATION_MODE: Parameter[str] = Parameter(
    key="authorization.mode", kind=Kind.CHOICE, default="every-card", choices=("every-card", "list", "backend", "free"),
    group=Group.AUTHORIZATION,
    en="Who may charge: every card with an identity, the cards of the list, whom the backend knows, or everybody without identifying.",
    de="Wer laden darf: jede Karte mit Identität, die Karten der Liste, wen das Backend kennt, oder jeder ohne Anmeldung.",
)  # fmt: skip
AUTHORIZATION_CARDS: Parameter[tuple[str, ...]] = Parameter(
    key="authorization.cards", kind=Kind.LIST, default=(), maximum=1000, pattern=_CARD, group=Group.AUTHORIZATION, see=Role.OPERATOR,
    en="The cards of the list, by identifier.", de="Die Karten der Liste, nach Kennung.",
)  # fmt: skip
MASTER_CARDS: Parameter[tuple[str, ...]] = Parameter(
    key="authorization.master_cards", kind=Kind.LIST, default=(), maximum=20, pattern=_CARD, group=Group.AUTHORIZATION, see=Role.OPERATOR,
    en="Cards that end every charge and begin none.", de="Karten, die jede Ladung beenden und keine beginnen.",
)  # fmt: skip
PRE_AUTHORIZE = _switch(
    "authorization.pre_authorize", False,
    "List and cache count although the backend could be asked.", "Liste und Cache gelten, obwohl das Backend gefragt werden könnte.",
    ocpp16="LocalPreAuthorize", ocpp201="AuthCtrlr.LocalPreAuthorize",
)  # fmt: skip
AUTHORIZE_OFFLINE = _switch(
    "authorization.offline", True,
    "List and cache count while the backend cannot be asked.", "Liste und Cache gelten, solange das Backend nicht gefragt werden kann.",
    ocpp16="LocalAuthorizeOffline", ocpp201="AuthCtrlr.LocalAuthorizeOffline",
)  # fmt: skip
UNKNOWN_OFFLINE = _switch(
    "authorization.unknown_offline", False,
    "Unknown cards may charge while the backend cannot be asked.",
    "Unbekannte Karten dürfen laden, solange das Backend nicht gefragt werden kann.",
    ocpp16="AllowOfflineTxForUnknownId", ocpp201="AuthCtrlr.OfflineTxForUnknownIdEnabled",
)  # fmt: skip
LOCAL_LIST = _switch(
    "authorization.local_list", True, "The local list of the backend counts.", "Die lokale Liste des Backends gilt.",
    ocpp16="LocalAuthListEnabled", ocpp201="LocalAuthListCtrlr.Enabled",
)  # fmt: skip
CACHE = _switch(
    "authorization.cache", True, "The backend's answers are kept.", "Antworten des Backends werden gemerkt.",
    ocpp16="AuthorizationCacheEnabled", ocpp201="AuthCacheCtrlr.Enabled",
)  # fmt: skip
LATE_CARD = _switch(
    "authorization.late_card", False,
    "Mode backend: a card begins a charge although the plug has waited for longer than a customer may take; it may be somebody else's.",
    "Modus backend: Eine Karte beginnt eine Ladung, obwohl der Stecker länger wartet, als ein Kunde Zeit hat; er kann ein fremder sein.",
)  # fmt: skip
CACHE_SIZE = _count("authorization.cache_size", 1000, "", 0, 100_000, "How many answers are kept.", "Wie viele Antworten gemerkt werden.")
CACHE_LIFETIME_S = _number(
    "authorization.cache_lifetime_s", 0.0, "s", 0.0, 31_536_000.0,
    "How long an answer counts; 0 for as long as it says itself.", "Wie lange eine Antwort gilt; 0: so lange, wie sie selbst sagt.",
    ocpp201="AuthCacheCtrlr.LifeTime",
)  # fmt: skip
BACKEND_TIMEOUT_S = _number(
    "authorization.backend_timeout_s", 30.0, "s", 1.0, 300.0,
    "How long a customer waits for the backend.", "Wie lange ein Kunde auf das Backend wartet.",
)  # fmt: skip
FREE_MODE: Parameter[str] = Parameter(
    key="authorization.free_mode", kind=Kind.CHOICE, default="accept", choices=("accept", "authorize"), group=Group.AUTHORIZATION,
    en="Free charging asks nobody, or asks list, cache and backend for its fixed identifier as for a card.",
    de="Freies Laden fragt niemanden, oder fragt Liste, Cache und Backend nach seiner festen Kennung wie nach einer Karte.",
)  # fmt: skip
AUTOCHARGE = _switch(
    "authorization.autocharge", False,
    "Vehicles may identify by their own address (VID:…), which anybody can copy.",
    "Fahrzeuge dürfen sich mit ihrer Adresse (VID:…) anmelden, die jeder kopieren kann.",
)  # fmt: skip
CONTRACTS = _switch(
    "authorization.contracts", True, "Contract certificates of Plug & Charge are taken.", "Vertragszertifikate (Plug & Charge) gelten.",
)  # fmt: skip
SECURE_ONLY = _switch(
    "authorization.secure_only", False,
    "Cards have to prove themselves by cryptography; a number alone is refused.",
    "Karten müssen sich kryptographisch ausweisen; eine Nummer allein wird abgelehnt.",
)  # fmt: skip
REPEAT_S = _number(
    "authorization.repeat_s", 3.0, "s", 0.0, 60.0,
    "The same card again within this time is the same presentation.", "Dieselbe Karte gilt in dieser Zeit als einmal vorgehalten.",
)  # fmt: skip
FREE_ID: Parameter[str] = Parameter(
    key="authorization.free_id", kind=Kind.TEXT, default="FREE", minimum=1, maximum=36, pattern=_CARD, group=Group.AUTHORIZATION,
    en="The identifier of a session that nobody identified for.", de="Die Kennung einer Ladung ohne Anmeldung.",
)  # fmt: skip
KEY_SWITCH: Parameter[str] = Parameter(
    key="authorization.key_switch", kind=Kind.TEXT, default="", maximum=64, pattern=r"[0-9A-Za-z_-]{0,64}", group=Group.AUTHORIZATION,
    en="The digital input that lets charge while it is active; empty for none.",
    de="Der digitale Eingang, der das Laden freigibt, solange er aktiv ist; leer für keinen.", **_AT_START,
)  # fmt: skip

SAMPLE_S = _number(
    "metering.sample_s", 1.0, "s", 0.2, 60.0,
    "Between readings of the meter in a session.", "Abstand der Zählerablesungen in einer Ladung.", **_AT_START,
)  # fmt: skip
STORE_SAMPLE_S = _number(
    "metering.store_sample_s", 60.0, "s", 1.0, 3600.0,
    "Between stored samples of a session.", "Abstand der gespeicherten Messwerte einer Ladung.",
)  # fmt: skip
METER_LOST_POLICY: Parameter[str] = Parameter(
    key="metering.lost_policy", kind=Kind.CHOICE, default="stop", choices=("stop", "continue"), group=Group.METERING,
    en="A charge whose meter is lost stops, or goes on unbilled; nothing then sees too much current but the breaker. Signed ones stop.",
    de="Eine Ladung ohne Zähler stoppt, oder läuft unbezahlt weiter; Überstrom sieht dann nur der Schutzschalter. Signierte stoppen.",
    **_AT_START,
)  # fmt: skip
METER_BEHIND_RCD = _switch(
    "metering.behind_rcd", False,
    "The meter hangs behind a residual current device: a silent meter may mean that it tripped.",
    "Der Zähler hängt hinter einem Fehlerstromschutzschalter: Schweigt er, hat dieser vielleicht ausgelöst.", **_AT_START,
)  # fmt: skip
METER_LOST_S = _number(
    "metering.lost_s", 5.0, "s", 1.0, 300.0,
    "How long the meter may be silent in a session.", "Wie lange der Zähler in einer Ladung schweigen darf.", **_AT_START,
)  # fmt: skip

SIGN = _switch(
    "metering.sign", True,
    "Sessions are signed where the meter can.", "Ladungen werden signiert, wo der Zähler es kann.", **_AT_START,
)  # fmt: skip
SIGNED_CHARGE_POINT: Parameter[str] = Parameter(
    key="metering.signed_charge_point", kind=Kind.TEXT, default="", maximum=36, pattern=r"[0-9A-Za-z*._ -]{0,36}", group=Group.METERING,
    en="What signed records call this charge point: its EVSE ID.", de="Wie signierte Datensätze diesen Ladepunkt nennen: seine EVSE-ID.",
    **_AT_START,
)  # fmt: skip
SIGNED_TARIFF_TEXT: Parameter[str] = Parameter(
    key="metering.signed_tariff_text", kind=Kind.TEXT, default="", maximum=200, pattern=r"[^|\x00-\x1f\x7f]{0,200}", group=Group.METERING,
    en="The tariff in words, for meters whose records have a place for it.",
    de="Der Tarif in Worten, für Zähler, deren Datensätze Platz dafür haben.", **_AT_START,
)  # fmt: skip
SIGN_NEEDS_TIME = _switch(
    "metering.sign_needs_time", False,
    "No session begins while the clock is not synchronised: for tariffs that bill time.",
    "Keine Ladung beginnt, solange die Uhr nicht synchron ist: für Tarife nach Zeit.", **_AT_START,
)  # fmt: skip

SESSION_DAYS = _count(
    "store.session_days", 730, "d", 1, 7300, "How long sessions are kept.", "Wie lange Ladevorgänge aufbewahrt werden.", restart=True
)
SAMPLE_DAYS = _count(
    "store.sample_days", 90, "d", 1, 7300,
    "How long the samples of sessions are kept.", "Wie lange Messwerte von Ladevorgängen aufbewahrt werden.", restart=True,
)  # fmt: skip
FAULT_ROWS = _count(
    "store.fault_rows", 10_000, "", 100, 1_000_000, "How many past faults are kept.", "Wie viele vergangene Fehler aufbewahrt werden.",
    restart=True,
)  # fmt: skip
AUDIT_ROWS = _count(
    "store.audit_rows", 20_000, "", 100, 1_000_000, "How many changes are kept.", "Wie viele Änderungen aufbewahrt werden.", restart=True
)
SIZE_LIMIT_MB = _count(
    "store.size_limit_mb", 256, "MB", 1, 65_536, "The database never grows beyond.", "Größer wird die Datenbank nie.", **_AT_START
)
STATUS_PORT = _count(
    "status.http_port", 0, "", 0, 65_535,
    "Port of /health and /status on the loopback interface; 0 for none.", "Port von /health und /status auf loopback; 0 für keinen.",
    **_AT_START,
)  # fmt: skip

TABLE: Mapping[str, Parameter[Any]] = {
    each.key: each
    for each in (
        HARDWARE_CURRENT_A, INSTALLED_CURRENT_A, OPERATOR_CURRENT_A,
        *CHARGE_ROWS,
        *SURROUNDINGS_ROWS,
        AUTHORIZATION_MODE, AUTHORIZATION_CARDS, MASTER_CARDS, PRE_AUTHORIZE, AUTHORIZE_OFFLINE, UNKNOWN_OFFLINE, LOCAL_LIST, CACHE,
        LATE_CARD, CACHE_SIZE, CACHE_LIFETIME_S, BACKEND_TIMEOUT_S, FREE_MODE, FREE_ID, AUTOCHARGE, CONTRACTS,
        SECURE_ONLY, REPEAT_S, KEY_SWITCH,
        SAMPLE_S, STORE_SAMPLE_S, METER_LOST_S, METER_LOST_POLICY, METER_BEHIND_RCD,
        SIGN, SIGNED_CHARGE_POINT, SIGNED_TARIFF_TEXT, SIGN_NEEDS_TIME,
        SESSION_DAYS, SAMPLE_DAYS, FAULT_ROWS, AUDIT_ROWS, SIZE_LIMIT_MB,
        STATUS_PORT,
        *hmi.PARAMETERS,
        *ocpp.PARAMETERS,
        *PAIRING,
    )
}  # fmt: skip
"""Key → parameter, in the order of forms and documentation."""


def _cards_to_accept(values: Mapping[str, Any]) -> str | None:
    if values[AUTHORIZATION_MODE.key] == "list" and not values[AUTHORIZATION_CARDS.key]:
        return f"{AUTHORIZATION_MODE.key} is list, and {AUTHORIZATION_CARDS.key} is empty: nobody could charge"
    return None


def _samples_in_order(values: Mapping[str, Any]) -> str | None:
    if values[SAMPLE_S.key] >= values[METER_LOST_S.key]:
        return f"{METER_LOST_S.key} must be longer than {SAMPLE_S.key}: every pause between readings would be a lost meter"
    return None


def _days_in_order(values: Mapping[str, Any]) -> str | None:
    if values[SAMPLE_DAYS.key] > values[SESSION_DAYS.key]:
        return f"{SAMPLE_DAYS.key} is longer than {SESSION_DAYS.key}: samples go with their session"
    return None


def _curves_in_order(values: Mapping[str, Any]) -> str | None:
    for prefix in ("", "external_"):
        points = [tuple(float(part) for part in point.split(":")) for point in values[f"heat.{prefix}curve"]]
        if any(later[0] <= earlier[0] or later[1] > earlier[1] for earlier, later in pairwise(points)):
            return f"heat.{prefix}curve: temperatures must rise from point to point, and currents must not"
        if not points and values[f"heat.{prefix}reduce_c"] >= values[f"heat.{prefix}stop_c"]:
            return f"heat.{prefix}reduce_c must be lower than heat.{prefix}stop_c"
    if values["heat.reduce_to_a"] > values["heat.reduce_from_a"]:
        return "heat.reduce_to_a is more than heat.reduce_from_a: it would be allowed more as it gets hotter"
    return None


def _climate_in_order(values: Mapping[str, Any]) -> str | None:
    if values["heat.lower_c"] + values["heat.band_c"] > values["heat.upper_c"]:
        return "heat.lower_c and heat.band_c reach above heat.upper_c: heater and fan would work against each other"
    return None


def _inputs_once(values: Mapping[str, Any]) -> str | None:
    names = [each.partition("=")[0] for each in values["surroundings.inputs"]]
    twice = sorted({name for name in names if names.count(name) > 1})
    return f"surroundings.inputs: {', '.join(twice)} can watch one thing only" if twice else None


def _soap_has_a_version(values: Mapping[str, Any]) -> str | None:
    if ocpp.speaks_soap(values[ocpp.URL.key]) and "1.6" not in values[ocpp.VERSIONS.key]:
        return f"{ocpp.URL.key} is an address of SOAP, which 1.6 and older are spoken over, and {ocpp.VERSIONS.key} lacks 1.6"
    return None


def _soap_listens_alone(values: Mapping[str, Any]) -> str | None:
    if not ocpp.speaks_soap(values[ocpp.URL.key]):
        return None
    taken = {STATUS_PORT.key: values[STATUS_PORT.key]}
    if values[pairing.ROLE.key] == "master":
        taken[pairing.PORT.key] = values[pairing.PORT.key]
    twice = [key for key, port in taken.items() if port == values[ocpp.SOAP_PORT.key]]
    return f"{ocpp.SOAP_PORT.key} and {twice[0]} are the same port" if twice else None


def _soap_certificates_go_with_tls(values: Mapping[str, Any]) -> str | None:
    if not ocpp.speaks_soap(values[ocpp.URL.key]) or values[ocpp.SOAP_TLS.key] or not values[ocpp.SOAP_CLIENT_CA.key]:
        return None
    return f"{ocpp.SOAP_CLIENT_CA.key} keeps nobody out without TLS: set {ocpp.SOAP_TLS.key}=on with it, or leave it empty"


RULES: tuple[Callable[[Mapping[str, Any]], str | None], ...] = (
    _cards_to_accept, _samples_in_order, _days_in_order, _curves_in_order, _climate_in_order, _inputs_once,
    _soap_has_a_version, _soap_listens_alone, _soap_certificates_go_with_tls, *PAIRING_RULES,
)  # fmt: skip
"""What must hold between the values in effect; each gives the mistake, or nothing."""


def parameter(key: str) -> Parameter[Any]:
    """The parameter of a key, in any case.

    Raises:
        KeyError: there is none.
    """
    found = TABLE.get(key) or next((each for each in TABLE.values() if each.key.casefold() == key.casefold()), None)
    if found is None:
        raise KeyError(key)
    return found
