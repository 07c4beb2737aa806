"""The parameters of the backend connection."""

from __future__ import annotations

import ipaddress
from datetime import UTC, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cc613_chargepoint.domain.role import Role
from cc613_chargepoint.settings.parameter import Group, Kind, Parameter

__all__ = ["MEASURANDS", "PARAMETERS", "POINTS", "speaks_soap", "zone_named"]

_OCPP: dict[str, Any] = {"group": Group.OCPP}

MEASURANDS = (
    "Energy.Active.Import.Register",
    "Energy.Active.Export.Register",
    "Power.Active.Import",
    "Power.Offered",
    "Current.Import",
    "Current.Offered",
    "Voltage",
    "Frequency",
)
"""What the station can report; those that are measured per phase may be asked for with ``.L1``, ``.L2`` or ``.L3`` behind."""

_MEASURAND = "(" + "|".join(each.replace(".", r"\.") for each in MEASURANDS) + r"|(Power\.Active\.Import|Current\.Import|Voltage)\.L[123])"


def _text(key: str, default: str, maximum: int, en: str, de: str, **more: Any) -> Parameter[str]:
    return Parameter(key=key, kind=Kind.TEXT, default=default, maximum=maximum, en=en, de=de, **_OCPP, **more)


def _count(  # noqa: PLR0917 - a row of a table
    key: str, default: int, unit: str, minimum: int, maximum: int, en: str, de: str, **more: Any
) -> Parameter[int]:
    return Parameter(key=key, kind=Kind.INT, default=default, unit=unit, minimum=minimum, maximum=maximum, en=en, de=de, **_OCPP, **more)


def _switch(key: str, default: bool, en: str, de: str, **more: Any) -> Parameter[bool]:
    return Parameter(key=key, kind=Kind.BOOL, default=default, en=en, de=de, **_OCPP, **more)


def _measurands(key: str, default: tuple[str, ...], en: str, de: str, **more: Any) -> Parameter[tuple[str, ...]]:
    return Parameter(key=key, kind=Kind.LIST, default=default, maximum=16, pattern=_MEASURAND, en=en, de=de, **_OCPP, **more)


def speaks_soap(url: str) -> bool:
    """Whether a central system at this address is spoken to over SOAP."""
    return url.startswith(("http:", "https:"))


def zone_named(name: str) -> tzinfo:
    """A time zone by its name; UTC needs no database of zones.

    Raises:
        ValueError: there is none on this machine.
    """
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError) as error:  # a folder of the database, Europe for one, is an OSError
        raise ValueError(f"{name!r} is no time zone that this machine knows") from error


def _must_be_a_zone(name: str) -> str | None:
    try:
        zone_named(name)
    except ValueError:
        return "a time zone that this machine knows, as Europe/Berlin or UTC"
    return None


def _must_be_a_place(name: str) -> str | None:
    if not name or (name[0].isalpha() and ":" not in name and len(name) < 16):
        return None  # the name of an interface (Linux: IFNAMSIZ), which may come later
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return "a numeric address as 127.0.0.1 or ::1, or the name of an interface as eth0"
    return None


URL = _text(
    "ocpp.url", "", 512,
    "Address of the central system without the identity: ws:// or wss:// for JSON, http:// or https:// for SOAP; empty for none.",
    "Adresse des Zentralsystems ohne die Kennung: ws:// oder wss:// für JSON, http:// oder https:// für SOAP; leer für keines.",
    pattern=r"((ws|http)s?://[^\s/@#]+(/[^\s#]*)?)?", restart=True,
)  # fmt: skip
VERSIONS: Parameter[tuple[str, ...]] = Parameter(
    key="ocpp.versions", kind=Kind.LIST, default=("1.6", "2.0.1"), minimum=1, maximum=2, pattern=r"1\.6|2\.0\.1",
    en="Versions of the protocol that are offered, the preferred one first; the central system chooses.",
    de="Angebotene Protokollversionen, die bevorzugte zuerst; das Zentralsystem wählt.", restart=True, **_OCPP,
)  # fmt: skip
SOAP_VERSION: Parameter[str] = Parameter(
    key="ocpp.soap_version", kind=Kind.CHOICE, default="1.6", choices=("1.6", "1.5"),
    en="Version of the protocol that is spoken over SOAP.", de="Protokollversion, die über SOAP gesprochen wird.", restart=True, **_OCPP,
)  # fmt: skip
SOAP_HOST = _text(
    "ocpp.soap_host", "", 45,
    "SOAP: where the station listens: a numeric address, the name of a network interface, or empty for every interface.",
    "SOAP: wo die Station wartet: numerische Adresse, Name einer Netzwerkschnittstelle oder leer für alle Schnittstellen.",
    pattern=r"[0-9A-Za-z:._-]*", holds=_must_be_a_place, restart=True,
)  # fmt: skip
SOAP_PORT = _count(
    "ocpp.soap_port", 9016, "", 1, 65_535,  # any would do: the standard names none
    "SOAP: port at which the station listens for the central system's questions.",
    "SOAP: Port, an dem die Station auf Fragen des Zentralsystems wartet.", restart=True,
)  # fmt: skip
SOAP_CALLBACK_URL = _text(
    "ocpp.soap_callback_url", "", 512,
    "SOAP: address at which the central system reaches the station, behind a router for one; empty for the own address and port.",
    "SOAP: Adresse, unter der das Zentralsystem die Station erreicht, etwa hinter einem Router; leer für eigene Adresse und Port.",
    pattern=r"(https?://[^\s/@#]+(/[^\s#]*)?)?", restart=True,
)  # fmt: skip
SOAP_PASSWORD = _text(
    "ocpp.soap_password", "", 64,
    "SOAP: password with which the central system logs in at the station (HTTP Basic, the identity is the user); empty for none.",
    "SOAP: Passwort, mit dem sich das Zentralsystem an der Station anmeldet (HTTP Basic, Benutzer ist die Kennung); leer für keines.",
    pattern=r"|[!-~]{12,64}", secret=True, see=Role.OPERATOR, restart=True,
)  # fmt: skip
SOAP_TLS = _switch(
    "ocpp.soap_tls", False,
    "SOAP: the station listens with TLS, and the address that the central system is told begins with https.",
    "SOAP: Die Station wartet mit TLS, und die dem Zentralsystem genannte Adresse beginnt mit https.", restart=True,
)  # fmt: skip
SOAP_CERTIFICATE = _text(
    "ocpp.soap_certificate", "", 200,
    "SOAP: file with the certificate chain and key of the station's listener; empty for the station's own certificate.",
    "SOAP: Datei mit Zertifikatskette und Schlüssel, mit denen die Station wartet; leer für das eigene Zertifikat der Station.",
    restart=True, change=Role.INSTALLER,
)  # fmt: skip
SOAP_CLIENT_CA = _text(
    "ocpp.soap_client_ca", "", 200,
    "SOAP: file with the root certificates of who may ask the station over TLS; empty: who asks needs no certificate.",
    "SOAP: Datei mit den Stammzertifikaten derer, die die Station über TLS fragen dürfen; leer: kein Zertifikat nötig.",
    restart=True, change=Role.INSTALLER,
)  # fmt: skip
SOAP_COMPRESS = _switch(
    "ocpp.soap_compress", False,
    "SOAP: what the station asks goes out compressed (gzip); the central system must understand that.",
    "SOAP: Was die Station fragt, geht komprimiert hinaus (gzip); das Zentralsystem muss das verstehen.", restart=True,
)  # fmt: skip
NETWORK_PRIORITY: Parameter[tuple[str, ...]] = Parameter(
    key="ocpp.network_priority", kind=Kind.LIST, default=("0",), minimum=1, maximum=10, pattern=r"\d{1,4}",
    en="Order in which network profiles are tried: 0 is the address of these settings, others were set by the central system.",
    de="Reihenfolge der Netzwerkprofile: 0 ist die Adresse dieser Einstellungen, andere hat das Zentralsystem gesetzt.",
    restart=True, ocpp201="OCPPCommCtrlr.NetworkConfigurationPriority", **_OCPP,
)  # fmt: skip
NETWORK_ATTEMPTS = _count(
    "ocpp.network_attempts", 3, "", 1, 100,
    "Attempts to connect before the next network profile is tried.", "Verbindungsversuche, bevor das nächste Netzwerkprofil versucht wird.",
    ocpp201="OCPPCommCtrlr.NetworkProfileConnectionAttempts",
)  # fmt: skip
IDENTITY = _text(
    "ocpp.identity", "", 48, "What the central system calls this station.", "Wie das Zentralsystem diese Station nennt.", restart=True
)
PASSWORD = _text(
    "ocpp.password", "", 128,
    "Password for HTTP Basic: 32 to 40 hexadecimal digits are taken as bytes, 16 to 40 other characters as text; empty for none.",
    "Passwort für HTTP Basic: 32 bis 40 Hexadezimalziffern gelten als Bytes, 16 bis 40 andere Zeichen als Text; leer für keines.",
    pattern=r"|[0-9A-Fa-f]{32}([0-9A-Fa-f]{2}){0,4}|[!-~]{16,40}", secret=True, see=Role.OPERATOR,
    ocpp16="AuthorizationKey", ocpp201="SecurityCtrlr.BasicAuthPassword",
)  # fmt: skip
SECURITY_PROFILE = _count(
    "ocpp.security_profile", 0, "", 0, 3,
    "0 none, 1 password, 2 password over TLS, 3 TLS with a certificate of the station's own.",
    "0 keine, 1 Passwort, 2 Passwort über TLS, 3 TLS mit eigenem Zertifikat der Station.",
    ocpp16="SecurityProfile", ocpp201="SecurityCtrlr.SecurityProfile",
)  # fmt: skip
CA_FILE = _text(
    "ocpp.ca_file", "", 200,
    "File with the root certificates that the central system's must come from; empty for those of the system.",
    "Datei mit den Stammzertifikaten des Zentralsystems; leer für die des Systems.", restart=True, change=Role.INSTALLER,
)  # fmt: skip
ROOT_CHECK = _switch(
    "ocpp.root_check", False,
    "Of the central system's root certificates there is one and one to fall back on, and a new one must be signed by the one before.",
    "Vom Zentralsystem gibt es ein Stammzertifikat und eines als Rückfall; ein neues muss vom vorigen unterschrieben sein.",
    ocpp16="AdditionalRootCertificateCheck", ocpp201="SecurityCtrlr.AdditionalRootCertificateCheck", change=Role.INSTALLER,
)  # fmt: skip
CLIENT_CERTIFICATE = _text(
    "ocpp.client_certificate", "", 200,
    "File with the station's own certificate chain and key, for profile 3.",
    "Datei mit eigener Zertifikatskette und Schlüssel der Station, für Profil 3.", restart=True, change=Role.INSTALLER,
)  # fmt: skip
CPO_NAME = _text(
    "ocpp.cpo_name", "", 64, "The operator's name in the station's certificate.", "Name des Betreibers im Zertifikat der Station.",
    ocpp16="CpoName", ocpp201="SecurityCtrlr.OrganizationName",
)  # fmt: skip
CERT_WAIT_S = _count(
    "ocpp.cert_signing_wait_s", 60, "s", 1, 86_400,
    "How long the certificate that was asked for may take before it is asked for again; doubles with each time.",
    "Wie lange ein angefragtes Zertifikat dauern darf, bevor es erneut angefragt wird; verdoppelt sich jedes Mal.",
    ocpp16="CertSigningWaitMinimum", ocpp201="SecurityCtrlr.CertSigningWaitMinimum",
)  # fmt: skip
CERT_REPEATS = _count(
    "ocpp.cert_signing_repeats", 3, "", 0, 20,
    "How often a certificate is asked for again where none comes.", "Wie oft ein Zertifikat erneut angefragt wird, wenn keines kommt.",
    ocpp16="CertSigningRepeatTimes", ocpp201="SecurityCtrlr.CertSigningRepeatTimes",
)  # fmt: skip
VENDOR = _text("ocpp.vendor", "cc613hal", 20, "The maker, as backends are told.", "Hersteller, wie er Backends genannt wird.", restart=True)
MODEL = _text(
    "ocpp.model", "", 20, "The model, as backends are told; empty for the board's name.",
    "Modell, wie es Backends genannt wird; leer für den Namen der Steuerung.", restart=True,
)  # fmt: skip
SERIAL = _text(
    "ocpp.serial", "", 25, "Serial number of the station, as backends are told; empty for none.",
    "Seriennummer der Station, wie sie Backends genannt wird; leer für keine.", restart=True, change=Role.INSTALLER,
)  # fmt: skip
HEARTBEAT_S = _count(
    "ocpp.heartbeat_s", 300, "s", 1, 86_400,
    "Between heartbeats without any other exchange; the central system says it at boot.",
    "Abstand der Lebenszeichen ohne anderen Verkehr; das Zentralsystem nennt ihn beim Start.",
    ocpp16="HeartbeatInterval", ocpp201="OCPPCommCtrlr.HeartbeatInterval",
)  # fmt: skip
BOOT_RETRY_S = _count(
    "ocpp.boot_retry_s", 60, "s", 5, 86_400,
    "Until the next BootNotification where the central system does not say.",
    "Bis zur nächsten BootNotification, wenn das Backend nichts sagt.",
)  # fmt: skip
MESSAGE_TIMEOUT_S = _count(
    "ocpp.message_timeout_s", 30, "s", 1, 600, "How long an answer may take.", "Wie lange eine Antwort dauern darf.",
    ocpp16="MessageTimeout", ocpp201="OCPPCommCtrlr.MessageTimeout",
)  # fmt: skip
PING_S = _count(
    "ocpp.ping_s", 60, "s", 0, 3600, "Between pings of the connection; 0 for none.", "Abstand der Pings der Verbindung; 0 für keine.",
    ocpp16="WebSocketPingInterval", ocpp201="OCPPCommCtrlr.WebSocketPingInterval",
)  # fmt: skip
OFFLINE_THRESHOLD_S = _count(
    "ocpp.offline_threshold_s", 60, "s", 0, 86_400,
    "After more time without a connection every connector's status is told again (2.0.1).",
    "Nach längerer Zeit ohne Verbindung wird der Status aller Anschlüsse erneut gemeldet (2.0.1).",
    ocpp201="OCPPCommCtrlr.OfflineThreshold",
)  # fmt: skip
BACKOFF_S = _count(
    "ocpp.backoff_s", 2, "s", 1, 3600,
    "Pause before the second attempt to connect; it doubles from attempt to attempt.",
    "Pause vor dem zweiten Verbindungsversuch; sie verdoppelt sich von Versuch zu Versuch.",
    ocpp201="OCPPCommCtrlr.RetryBackOffWaitMinimum",
)  # fmt: skip
BACKOFF_REPEATS = _count(
    "ocpp.backoff_repeats", 6, "", 0, 16,
    "How often the pause doubles before it stays as it is.", "Wie oft sich die Pause verdoppelt, bevor sie so bleibt.",
    ocpp201="OCPPCommCtrlr.RetryBackOffRepeatTimes",
)  # fmt: skip
BACKOFF_RANDOM_S = _count(
    "ocpp.backoff_random_s", 5, "s", 0, 3600,
    "Up to how much is added to each pause by chance, so that many stations do not return at once.",
    "Wie viel höchstens zu jeder Pause zufällig hinzukommt, damit nicht viele Stationen zugleich zurückkehren.",
    ocpp201="OCPPCommCtrlr.RetryBackOffRandomRange",
)  # fmt: skip
ATTEMPTS = _count(
    "ocpp.attempts", 3, "", 1, 100,
    "How often a message of a transaction is sent before it is given up.",
    "Wie oft eine Transaktionsnachricht gesendet wird, bevor sie verfällt.",
    ocpp16="TransactionMessageAttempts", ocpp201="OCPPCommCtrlr.MessageAttempts",
)  # fmt: skip
RETRY_S = _count(
    "ocpp.retry_s", 60, "s", 0, 3600,
    "Pause after a failed attempt, times the number of attempts.", "Pause nach einem Fehlversuch, mal Anzahl der Versuche.",
    ocpp16="TransactionMessageRetryInterval", ocpp201="OCPPCommCtrlr.MessageAttemptInterval",
)  # fmt: skip
QUEUED_SAMPLES = _count(
    "ocpp.queued_samples", 10_000, "", 100, 1_000_000,
    "Meter values that wait for the backend; beyond, every second one in the middle of a transaction goes.",
    "Zählerwerte, die auf das Backend warten; darüber hinaus entfällt jeder zweite aus der Mitte einer Transaktion.",
)  # fmt: skip
AUTHORIZE_REMOTE = _switch(
    "ocpp.authorize_remote", True,
    "Whoever the backend starts is judged like a card.", "Wen das Backend startet, der wird wie eine Karte beurteilt.",
    ocpp16="AuthorizeRemoteTxRequests", ocpp201="AuthCtrlr.AuthorizeRemoteStart",
)  # fmt: skip
BEFORE_ACCEPTED = _switch(
    "ocpp.before_accepted", False,
    "Where a backend decides who may charge: charges begin although it has never accepted this station; it may never take them.",
    "Wo ein Backend entscheidet, wer laden darf: Ladungen beginnen, obwohl es die Station nie angenommen hat; es nimmt sie vielleicht nie.",
    ocpp201="TxCtrlr.TxBeforeAcceptedEnabled",
)  # fmt: skip
STOP_ON_INVALID = _switch(
    "ocpp.stop_on_invalid", True,
    "A charge whose customer the backend refuses is ended; otherwise it only gets no more energy.",
    "Eine Ladung, deren Kunden das Backend ablehnt, wird beendet; sonst bekommt sie nur keine Energie mehr.",
    ocpp16="StopTransactionOnInvalidId", ocpp201="TxCtrlr.StopTxOnInvalidId",
)  # fmt: skip
MAX_ENERGY_ON_INVALID_WH = _count(
    "ocpp.max_energy_on_invalid_wh", 0, "Wh", 0, 100_000,
    "Energy of a whole charge that a customer gets whom the backend refuses after its begin; 0 for none from then on.",
    "Energie einer ganzen Ladung, die ein nach deren Beginn abgelehnter Kunde bekommt; 0: ab dann keine.",
    ocpp16="MaxEnergyOnInvalidId", ocpp201="TxCtrlr.MaxEnergyOnInvalidId",
)  # fmt: skip
POINTS = ("EVConnected", "Authorized", "PowerPathClosed", "EnergyTransfer")
"""Where a transaction of OCPP 2.0.1 may begin and end."""
_POINT = "|".join(POINTS)
TX_START: Parameter[tuple[str, ...]] = Parameter(
    key="ocpp.tx_start", kind=Kind.LIST, default=("EnergyTransfer",), minimum=1, maximum=4, pattern=_POINT,
    en="With which of these a transaction of OCPP 2.0.1 begins, whichever comes first.",
    de="Womit eine Transaktion von OCPP 2.0.1 beginnt: was zuerst eintritt.", ocpp201="TxCtrlr.TxStartPoint", **_OCPP,
)  # fmt: skip
TX_STOP: Parameter[tuple[str, ...]] = Parameter(
    key="ocpp.tx_stop", kind=Kind.LIST, default=("PowerPathClosed",), minimum=1, maximum=4, pattern=_POINT,
    en="With the end of which of these a transaction of OCPP 2.0.1 ends, whichever comes first.",
    de="Mit wessen Ende eine Transaktion von OCPP 2.0.1 endet: was zuerst eintritt.", ocpp201="TxCtrlr.TxStopPoint", **_OCPP,
)  # fmt: skip
MINIMUM_STATUS_S = _count(
    "ocpp.minimum_status_s", 0, "s", 0, 3600,
    "How long a status must last before it is told.", "Wie lange ein Status bestehen muss, bevor er gemeldet wird.",
    ocpp16="MinimumStatusDuration",
)  # fmt: skip
SAMPLE_S = _count(
    "ocpp.sample_s", 60, "s", 0, 86_400,
    "Between meter values in a transaction; 0 for none.", "Abstand der Zählerwerte in einer Transaktion; 0 für keine.",
    ocpp16="MeterValueSampleInterval", ocpp201="SampledDataCtrlr.TxUpdatedInterval",
)  # fmt: skip
ALIGNED_S = _count(
    "ocpp.aligned_s", 0, "s", 0, 86_400,
    "Between meter values on the clock, counted from midnight UTC; 0 for none.",
    "Abstand der Zählerwerte nach der Uhr, ab Mitternacht UTC; 0 für keine.",
    ocpp16="ClockAlignedDataInterval", ocpp201="AlignedDataCtrlr.Interval",
)  # fmt: skip
SAMPLED_DATA = _measurands(
    "ocpp.sampled_data", (MEASURANDS[0],), "What is told during a transaction.", "Was während einer Transaktion gemeldet wird.",
    ocpp16="MeterValuesSampledData", ocpp201="SampledDataCtrlr.TxUpdatedMeasurands",
)  # fmt: skip
ALIGNED_DATA = _measurands(
    "ocpp.aligned_data", (MEASURANDS[0],), "What is told on the clock.", "Was nach der Uhr gemeldet wird.",
    ocpp16="MeterValuesAlignedData", ocpp201="AlignedDataCtrlr.Measurands",
)  # fmt: skip
STOP_SAMPLED_DATA = _measurands(
    "ocpp.stop_sampled_data", (), "What the end of a transaction tells of its samples.",
    "Was das Ende einer Transaktion von ihren Messwerten meldet.",
    ocpp16="StopTxnSampledData", ocpp201="SampledDataCtrlr.TxEndedMeasurands",
)  # fmt: skip
STOP_ALIGNED_DATA = _measurands(
    "ocpp.stop_aligned_data", (), "What the end of a transaction tells of the values on the clock.",
    "Was das Ende einer Transaktion von den Werten nach der Uhr meldet.",
    ocpp16="StopTxnAlignedData", ocpp201="AlignedDataCtrlr.TxEndedMeasurands",
)  # fmt: skip
STOP_SAMPLE_S: Parameter[int | None] = Parameter(
    key="ocpp.stop_sample_s", kind=Kind.INT, default=None, unit="s", minimum=0, maximum=86_400, none=True,
    en="Between the samples that the end of a transaction brings; 0 for none, without a value as ocpp.sample_s.",
    de="Abstand der Messwerte, die das Ende einer Transaktion bringt; 0 für keine, ohne Wert wie ocpp.sample_s.",
    ocpp201="SampledDataCtrlr.TxEndedInterval", **_OCPP,
)  # fmt: skip
STOP_ALIGNED_S: Parameter[int | None] = Parameter(
    key="ocpp.stop_aligned_s", kind=Kind.INT, default=None, unit="s", minimum=0, maximum=86_400, none=True,
    en="Between the values on the clock that the end of a transaction brings; 0 for none, without a value as ocpp.aligned_s.",
    de="Abstand der Werte nach der Uhr, die das Ende einer Transaktion bringt; 0 für keine, ohne Wert wie ocpp.aligned_s.",
    ocpp201="AlignedDataCtrlr.TxEndedInterval", **_OCPP,
)  # fmt: skip
STOP_VALUES = _count(
    "ocpp.stop_values", 100, "", 2, 1000, "Most values in the end of a transaction; the middle ones go first.",
    "Höchstzahl der Werte im Ende einer Transaktion; mittlere entfallen zuerst.", ocpp16="StopTransactionMaxMeterValues",
)  # fmt: skip
STOP_SIGNED_VALUES = _count(
    "ocpp.stop_signed_values", 20, "", 0, 1000,
    "Samples in the end of a transaction that keep their signature, beside its begin and end: a long message may not arrive.",
    "Messwerte im Ende einer Transaktion, die ihre Signatur behalten, neben Beginn und Schluss: Langes kommt womöglich nicht an.",
)  # fmt: skip
SIGNED_BARE = _switch(
    "ocpp.signed_bare", False,
    "Signed records are sent as they are, not in the container of the OCPP application note: many backends expect it so.",
    "Signierte Datensätze werden unverpackt gesendet, nicht im Container der OCPP Application Note: viele Backends erwarten es so.",
)  # fmt: skip
SIGNED_ENDS = _switch(
    "ocpp.signed_ends", True,
    "The signed begin and end of a transaction are told with its end, whatever the central system sets; off leaves it the choice.",
    "Signierter Beginn und Schluss werden am Ende einer Transaktion gemeldet, was immer das Backend stellt; aus lässt ihm die Wahl.",
)  # fmt: skip
SIGN_SAMPLED = _switch(
    "ocpp.sign_sampled", True,
    "The end of a transaction brings signed values: begin, end, and those of its samples that the meter signs.",
    "Das Ende einer Transaktion bringt signierte Werte: Beginn, Schluss und die Messwerte, die der Zähler signiert.",
    ocpp16="SampledDataSignReadings", ocpp201="SampledDataCtrlr.SignReadings",
)  # fmt: skip
SIGN_STARTED = _switch(
    "ocpp.sign_started", False,
    "The begin of a transaction is told signed, too, where the meter signs it by itself; only with ocpp.sign_sampled.",
    "Auch der Beginn einer Transaktion wird signiert gemeldet, wenn der Zähler ihn einzeln signiert; nur mit ocpp.sign_sampled.",
    ocpp16="SampledDataSignStartedReadings", ocpp201="SampledDataCtrlr.SignStartedReadings",
)  # fmt: skip
SIGN_UPDATED = _switch(
    "ocpp.sign_updated", False,
    "Values during a transaction are told signed, too, where the meter can; only with ocpp.sign_sampled.",
    "Auch Werte während einer Transaktion werden signiert gemeldet, wo der Zähler es kann; nur mit ocpp.sign_sampled.",
    ocpp16="SampledDataSignUpdatedReadings", ocpp201="SampledDataCtrlr.SignUpdatedReadings",
)  # fmt: skip
SIGN_ALIGNED = _switch(
    "ocpp.sign_aligned", False,
    "As ocpp.sign_sampled, of the values on the clock.", "Wie ocpp.sign_sampled, für die Werte nach der Uhr.",
    ocpp16="AlignedDataSignReadings", ocpp201="AlignedDataCtrlr.SignReadings",
)  # fmt: skip
SIGN_ALIGNED_UPDATED = _switch(
    "ocpp.sign_aligned_updated", False,
    "Values on the clock are told signed during a transaction, where the meter can; only with ocpp.sign_aligned.",
    "Werte nach der Uhr werden während einer Transaktion signiert gemeldet, wo der Zähler es kann; nur mit ocpp.sign_aligned.",
    ocpp16="AlignedDataSignUpdatedReadings", ocpp201="AlignedDataCtrlr.SignUpdatedReadings",
)  # fmt: skip
SIGNED_KEY: Parameter[str] = Parameter(
    key="ocpp.signed_key", kind=Kind.CHOICE, default="EveryMeterValue", choices=("Never", "OncePerTransaction", "EveryMeterValue"),
    en="Which signed values bring their public key along.", de="Welche signierten Werte ihren öffentlichen Schlüssel mitbringen.",
    ocpp16="PublicKeyWithSignedMeterValue", ocpp201="OCPPCommCtrlr.PublicKeyWithSignedMeterValue", **_OCPP,
)  # fmt: skip
SIGNED_KEY_FORM: Parameter[str] = Parameter(
    key="ocpp.signed_key_form", kind=Kind.CHOICE, default="note", choices=("note", "oca", "der"),
    en="How public keys are told: as in the OCPP application note (base64 of oca:base16:asn1:…), without its base64, or as DER in base64.",
    de="Wie öffentliche Schlüssel gemeldet werden: nach der OCPP Application Note, ohne deren base64, oder als DER in base64.", **_OCPP,
)  # fmt: skip
START_SAMPLED_DATA = _measurands(
    "ocpp.start_sampled_data", (), "What is told of a transaction right after its begin (1.6).",
    "Was gleich nach dem Beginn einer Transaktion gemeldet wird (1.6).", ocpp16="StartTxnSampledData",
)  # fmt: skip
PHASE_ROTATION: Parameter[tuple[str, ...]] = Parameter(
    key="ocpp.phase_rotation", kind=Kind.LIST, default=(), maximum=16,
    pattern=r"\d{1,2}\.(NotApplicable|Unknown|RST|RTS|SRT|STR|TRS|TSR)",
    en="How the phases of each connector are wired, as 1.RST; told to backends.",
    de="Wie die Phasen jedes Anschlusses verdrahtet sind, etwa 1.RST; für Backends.", ocpp16="ConnectorPhaseRotation", **_OCPP,
)  # fmt: skip
TIME_ZONE = _text(
    "ocpp.time_zone", "UTC", 64,
    "Time zone that daily and weekly charging profiles follow, by its name in the IANA database, as Europe/Berlin.",
    "Zeitzone, der tägliche und wöchentliche Ladeprofile folgen, mit ihrem Namen der IANA-Datenbank, etwa Europe/Berlin.",
    pattern=r"[A-Za-z][A-Za-z0-9_+/-]*", holds=_must_be_a_zone, ocpp201="ClockCtrlr.TimeZone",
)  # fmt: skip
RESERVE_ANY = _switch(
    "ocpp.reserve_any", True,
    "A place may be reserved without saying which connector.", "Ein Platz kann reserviert werden, ohne den Anschluss zu nennen.",
    ocpp16="ReserveConnectorZeroSupported", ocpp201="ReservationCtrlr.NonEvseSpecific", change=Role.INSTALLER,
)  # fmt: skip
RESERVATIONS = _switch(
    "ocpp.reservations", True, "Backends may reserve.", "Backends dürfen reservieren.",
    ocpp201="ReservationCtrlr.Enabled", change=Role.INSTALLER,
)  # fmt: skip
LIMIT_CHANGE_PERCENT: Parameter[float] = Parameter(
    key="ocpp.limit_change_percent", kind=Kind.FLOAT, default=5.0, unit="Percent", minimum=0.0, maximum=100.0,
    en="By how much a limit that others set must change before the backend hears of it (2.0.1).",
    de="Um wie viel sich ein Grenzwert anderer ändern muss, bevor das Backend davon erfährt (2.0.1).",
    ocpp201="SmartChargingCtrlr.LimitChangeSignificance", **_OCPP,
)  # fmt: skip
LIMITS_WITH_SCHEDULES = _switch(
    "ocpp.limits_with_schedules", False,
    "The backend hears how much is allowed by limits that others set, not only that there are some (2.0.1).",
    "Das Backend erfährt, wie viel Grenzwerte anderer erlauben, nicht nur, dass es sie gibt (2.0.1).",
    ocpp201="SmartChargingCtrlr.NotifyChargingLimitWithSchedules",
)  # fmt: skip
RESET_TRIES = _count(
    "ocpp.reset_tries", 1, "", 0, 10,
    "How often a restart that failed is tried again.", "Wie oft ein missglückter Neustart wiederholt wird.",
    ocpp16="ResetRetries", ocpp201="OCPPCommCtrlr.ResetRetries",
)  # fmt: skip
WIRE_LOG = _switch(
    "ocpp.wire_log", False,
    "Everything that goes over the connection is written into ocpp.log, without secrets.",
    "Alles, was über die Verbindung geht, wird ohne Geheimnisse in ocpp.log geschrieben.", restart=True,
)  # fmt: skip

PARAMETERS: tuple[Parameter[Any], ...] = (
    URL, VERSIONS, SOAP_VERSION, SOAP_HOST, SOAP_PORT, SOAP_CALLBACK_URL, SOAP_PASSWORD,
    SOAP_TLS, SOAP_CERTIFICATE, SOAP_CLIENT_CA, SOAP_COMPRESS, NETWORK_PRIORITY, NETWORK_ATTEMPTS,
    IDENTITY, PASSWORD, SECURITY_PROFILE, CA_FILE, ROOT_CHECK, CLIENT_CERTIFICATE, CPO_NAME, CERT_WAIT_S, CERT_REPEATS,
    VENDOR, MODEL, SERIAL, HEARTBEAT_S, OFFLINE_THRESHOLD_S, BOOT_RETRY_S, MESSAGE_TIMEOUT_S, PING_S, ATTEMPTS, RETRY_S, QUEUED_SAMPLES,
    BEFORE_ACCEPTED, AUTHORIZE_REMOTE, STOP_ON_INVALID, MAX_ENERGY_ON_INVALID_WH, MINIMUM_STATUS_S, SAMPLE_S, ALIGNED_S, SAMPLED_DATA,
    ALIGNED_DATA, STOP_SAMPLED_DATA, STOP_ALIGNED_DATA, STOP_SAMPLE_S, STOP_ALIGNED_S, STOP_VALUES, STOP_SIGNED_VALUES,
    START_SAMPLED_DATA, SIGNED_BARE, SIGNED_ENDS, SIGN_SAMPLED, SIGN_STARTED, SIGN_UPDATED, SIGN_ALIGNED, SIGN_ALIGNED_UPDATED,
    SIGNED_KEY, SIGNED_KEY_FORM,
    TX_START, TX_STOP, BACKOFF_S, BACKOFF_REPEATS, BACKOFF_RANDOM_S,
    PHASE_ROTATION, TIME_ZONE, RESERVE_ANY, RESERVATIONS, LIMIT_CHANGE_PERCENT, LIMITS_WITH_SCHEDULES, RESET_TRIES,
    WIRE_LOG,
)  # fmt: skip
"""In the order of forms and documentation."""
