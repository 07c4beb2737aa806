"""What may be asked of a station, and what it answers: frozen values that survive serialisation."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from attrs import field, frozen

from cc613_chargepoint.domain.role import Role

__all__ = [
    "ANSWERS",
    "COMMANDS",
    "Answer",
    "CancelReservation",
    "ChangeSettings",
    "ClearFault",
    "Command",
    "ConnectorStatus",
    "Done",
    "FaultList",
    "FaultView",
    "GetPublicKey",
    "GetSettings",
    "GetStatus",
    "LimitView",
    "ListFaults",
    "ListSessions",
    "ListSigned",
    "MeterView",
    "Present",
    "PublicKeyView",
    "ReadMeter",
    "Reserve",
    "Restart",
    "SessionList",
    "SetAvailability",
    "SetLimit",
    "SettingView",
    "SettingsAnswer",
    "SignNow",
    "SignedList",
    "SignedNow",
    "SignedView",
    "StartCharge",
    "StationStatus",
    "StopCharge",
    "Unlock",
    "WithdrawLimit",
]


@frozen(kw_only=True)
class Command:
    """Base of all commands; ``role`` is the least that may ask."""

    role: ClassVar[Role] = Role.OPERATOR


@frozen(kw_only=True)
class GetStatus(Command):
    """How the station is."""

    role: ClassVar[Role] = Role.USER


@frozen(kw_only=True)
class ListSessions(Command):
    """Sessions, newest first.

    Attributes:
        limit: at most so many, 1 to 1000.
        before: only those with a smaller number.
    """

    limit: int = 20
    before: int | None = None


@frozen(kw_only=True)
class ListSigned(Command):
    """Signed meter records, as the transparency file holds them: of one session, or of a period; oldest first, in parts.

    Attributes:
        session: number of the session; ``None`` for a period.
        since: sessions that ended at this moment or later, UTC; ``None`` from the first on.
        until: sessions that ended before this moment, UTC; ``None`` up to the last.
        after: ``id`` of the last record of the part before.
    """

    session: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    after: int = 0


@frozen(kw_only=True)
class GetPublicKey(Command):
    """The key that verifies what a connector's meter signs; for everybody, as it stands on the housing.

    Attributes:
        connector: whose meter.
        drawing: whether the label's QR code is wanted along.
    """

    role: ClassVar[Role] = Role.USER
    connector: int
    drawing: bool = True


@frozen(kw_only=True)
class SignNow(Command):
    """Have a value in between signed, by a meter that can; it is kept with the session's records.

    Attributes:
        connector: whose meter.
        session: number of the session that runs there.
        context: why, as OCPP names it: ``Sample.Periodic``, ``Sample.Clock``, ``Trigger``.
    """

    connector: int
    session: int
    context: str


@frozen(kw_only=True)
class StartCharge(Command):
    """Accept a customer at a connector, as a card would.

    Attributes:
        connector: where.
        token: identifier of the customer.
    """

    connector: int
    token: str


@frozen(kw_only=True)
class Present(Command):
    """A customer identifies from afar; the station's rules decide, and tell the verdict as an event. Answered before they have.

    Attributes:
        connector: where; ``None`` leaves it to the station.
        token: identifier of the customer.
    """

    connector: int | None
    token: str


@frozen(kw_only=True)
class SetAvailability(Command):
    """Put a connector into service or out of it; a session that runs goes on.

    Attributes:
        connector: which.
        in_service: whether customers are served there.
    """

    connector: int
    in_service: bool


@frozen(kw_only=True)
class ReadMeter(Command):
    """Everything the meter of a connector tells now."""

    connector: int


@frozen(kw_only=True)
class Reserve(Command):
    """Keep a connector for a customer; the same number again replaces the reservation. It is not kept over a restart.

    Attributes:
        number: of the reservation.
        connector: which; 0 for any.
        token: for whom.
        until: when it ends, UTC.
        parent: for everybody of this group too.
    """

    number: int
    connector: int
    token: str
    until: datetime
    parent: str | None = None


@frozen(kw_only=True)
class CancelReservation(Command):
    """End a reservation."""

    number: int


@frozen(kw_only=True)
class Restart(Command):
    """Start the station again, or one outlet of it; sessions that run there are ended first.

    Attributes:
        reason: for the record.
        connector: which; 0 for the station.
    """

    role: ClassVar[Role] = Role.OPERATOR
    reason: str
    connector: int = 0


@frozen(kw_only=True)
class StopCharge(Command):
    """End the session of a connector.

    Attributes:
        connector: where.
        reason: for the record.
        keep_plug: a plug that is locked stays so until whoever began comes back, or somebody unlocks it.
    """

    connector: int
    reason: str = "stopped by the operator"
    keep_plug: bool = False


@frozen(kw_only=True)
class Unlock(Command):
    """Release the plug; a session that runs is ended first."""

    connector: int


@frozen(kw_only=True)
class SetLimit(Command):
    """Set the limit of one source.

    Attributes:
        connector: where; 0 for every connector.
        source: who sets it, as everybody shall read it.
        current_a: A per phase; 0 pauses.
        for_s: how long it counts, s; ``None`` until it is withdrawn.
        then_a: what counts when that time is over and nothing new was said, A per phase; ``None``: nothing of this source.
        phases: how many phases may be used, 1 or 3; ``None`` for all.
    """

    connector: int
    source: str
    current_a: float
    for_s: float | None = None
    then_a: float | None = None
    phases: int | None = None


@frozen(kw_only=True)
class WithdrawLimit(Command):
    """Remove the limit of one source."""

    connector: int
    source: str


@frozen(kw_only=True)
class ListFaults(Command):
    """Faults, those that stand and those that stood, newest first."""

    role: ClassVar[Role] = Role.USER
    limit: int = 20


@frozen(kw_only=True)
class ClearFault(Command):
    """Somebody has been there: clear a fault that needs service.

    Attributes:
        connector: where; 0 for the station.
        name: word of the catalogue.
    """

    role: ClassVar[Role] = Role.INSTALLER
    connector: int
    name: str


@frozen(kw_only=True)
class GetSettings(Command):
    """The settings that the asker's role may see."""


@frozen(kw_only=True)
class ChangeSettings(Command):
    """Change settings, all or none.

    Attributes:
        layers: layer → key → value as JSON has it; ``None`` where the layer shall say nothing.
        texts: whether the values are texts to be parsed.
    """

    layers: Mapping[str, Mapping[str, Any]]
    texts: bool = False


@frozen(kw_only=True)
class Answer:
    """Base of all answers."""


@frozen(kw_only=True)
class Done(Answer):
    """It was done; ``detail`` is the evidence, in words."""

    detail: str


@frozen(kw_only=True)
class MeterView(Answer):
    """What a meter tells.

    Attributes:
        at: when it was read, UTC.
        power_w: active power towards the vehicle, W.
        phase_power_w: of L1, L2, L3, W; ``None`` for a phase that is not measured.
        current_a: of L1, L2, L3, A.
        voltage_v: of L1, L2, L3 to neutral, V.
        frequency_hz: of the mains, Hz.
        import_wh: energy towards vehicles since the meter was made, decimal text, Wh.
        export_wh: energy back from vehicles, decimal text, Wh.
        offered_a: what the vehicle may draw now, A per phase.
    """

    at: datetime
    power_w: float
    phase_power_w: tuple[float | None, ...]
    current_a: tuple[float | None, ...]
    voltage_v: tuple[float | None, ...]
    frequency_hz: float | None = None
    import_wh: str | None = None
    export_wh: str | None = None
    offered_a: float = 0.0


@frozen(kw_only=True)
class LimitView:
    """A limit that counts.

    Attributes:
        source: who set it; of one that fell silent, that its fail-safe value counts.
        current_a: what it leaves per phase, A.
        phases: how many phases it allows; ``None`` for all.
        ends_s: seconds until its end; ``None`` if it has none.
        then_a: what counts from then on, A per phase; ``None``: nothing of it.
    """

    source: str
    current_a: float
    phases: int | None = None
    ends_s: float | None = None
    then_a: float | None = None


@frozen(kw_only=True)
class FaultView:
    """A fault.

    Attributes:
        name: word of the catalogue.
        connector: where; 0 for the station.
        severity: word of the catalogue.
        detail: what was seen.
        en: for people, in English.
        de: for people, in German.
        raised: UTC; ``None`` where no history is kept.
        cleared: UTC; ``None`` while it stands.
    """

    name: str
    connector: int
    severity: str
    detail: str
    en: str
    de: str
    raised: datetime | None = None
    cleared: datetime | None = None


@frozen(kw_only=True)
class ConnectorStatus:
    """How a connector is.

    Attributes:
        number: which.
        state: word of its state.
        token: who has it; empty if nobody, or if the asker may not know.
        offer_a: what the vehicle may draw now, A per phase.
        offer_source: whose limit that is.
        limits: every limit that counts, smallest first.
        power_w: drawn now, W; ``None`` outside sessions.
        energy_wh: delivered in this session, Wh; ``None`` outside sessions.
        faults: what stands.
        in_service: whether customers are served there.
        locks: whether it has a lock for the plug.
        signs: whether its sessions are signed.
        signs_now: whether values in between can be signed, too.
        restarts: whether it can start again by itself.
    """

    number: int
    state: str
    token: str = ""
    offer_a: float = 0.0
    offer_source: str = ""
    limits: tuple[LimitView, ...] = ()
    power_w: float | None = None
    energy_wh: float | None = None
    faults: tuple[FaultView, ...] = ()
    in_service: bool = True
    locks: bool = False
    signs: bool = False
    signs_now: bool = False
    restarts: bool = False


@frozen(kw_only=True)
class StationStatus(Answer):
    """How the station is.

    Attributes:
        board: its name.
        connectors: ascending.
        devices: health by device.
        clock_state: how far the wall clock can be trusted.
        backend: how the backend connection is, in words; empty without one.
        faults: what stands at the station as a whole.
        lights: it has lights for customers.
    """

    board: str
    connectors: tuple[ConnectorStatus, ...]
    devices: Mapping[str, str] = field(factory=dict[str, str])
    clock_state: str = "unknown"
    backend: str = ""
    faults: tuple[FaultView, ...] = ()
    lights: bool = False


@frozen(kw_only=True)
class SessionList(Answer):
    """Sessions as plain data, see :func:`cc613_chargepoint.store.export.session_dict`."""

    sessions: tuple[Mapping[str, Any], ...]


@frozen(kw_only=True)
class SignedView:
    """A signed record, as a value of the transparency file.

    Attributes:
        id: rises with every record.
        session: number of its session; ``None`` outside sessions.
        connector: whose meter.
        created: UTC.
        format: ``OCMF``, ``EDL_40_P`` …
        encoding: of ``data``: ``plain`` or ``hex``.
        data: the record as the meter made it.
        public_key: DER, hexadecimal; empty if the meter gave none.
        transaction_id: binds the records of a session; empty for a record that holds begin and end.
        context: where in the session it belongs, as OCPP names it; empty for a record that holds begin and end.
    """

    id: int
    session: int | None
    connector: int
    created: datetime
    format: str
    encoding: str
    data: str
    public_key: str
    transaction_id: str = ""
    context: str = ""


@frozen(kw_only=True)
class SignedNow(Answer):
    """A value that was signed just now.

    Attributes:
        at: when, UTC.
        format: ``OCMF``, ``EDL_40_P`` …
        record: as the meter made it; telegrams in hexadecimal.
        public_key: DER, hexadecimal; empty if the meter gave none.
    """

    at: datetime
    format: str
    record: str
    public_key: str


@frozen(kw_only=True)
class SignedList(Answer):
    """Signed records, oldest first.

    Attributes:
        records: of this part.
        more: whether there may be more behind the last one.
    """

    records: tuple[SignedView, ...]
    more: bool = False


@frozen(kw_only=True)
class PublicKeyView(Answer):
    """A public key.

    Attributes:
        connector: whose meter.
        curve: as OCMF names it.
        hex: DER, hexadecimal: what goes on the label.
        base64: the same, base64.
        fingerprint: short form to compare by eye.
        qr_svg: the label's QR code as a drawing for the web page; empty where the package ``segno`` is missing.
    """

    connector: int
    curve: str
    hex: str
    base64: str
    fingerprint: str
    qr_svg: str = ""


@frozen(kw_only=True)
class FaultList(Answer):
    """Faults."""

    faults: tuple[FaultView, ...]


@frozen(kw_only=True)
class SettingView:
    """A setting's value in effect, and who said it."""

    value: Any
    layer: str


@frozen(kw_only=True)
class SettingsAnswer(Answer):
    """Settings.

    Attributes:
        values: by key; of a change, the ones that changed in effect.
        restart: those that wait for the next start.
    """

    values: Mapping[str, SettingView]
    restart: tuple[str, ...] = ()


COMMANDS: Mapping[str, type[Command]] = {
    each.__name__: each
    for each in (
        GetStatus, ListSessions, StartCharge, StopCharge, Unlock, SetLimit, WithdrawLimit, ListFaults, ClearFault, GetSettings,
        ChangeSettings, Present, SetAvailability, ReadMeter, Reserve, CancelReservation, Restart,
        ListSigned, GetPublicKey, SignNow,
    )
}  # fmt: skip
"""Every command by its name on the wire."""

ANSWERS: Mapping[str, type[Answer]] = {
    each.__name__: each
    for each in (Done, StationStatus, SessionList, FaultList, SettingsAnswer, MeterView, SignedList, SignedNow, PublicKeyView)
}
"""Every answer by its name on the wire."""
