"""The library without ``await``: every capability as a class of blocking methods, and boards to get them from.

This file is generated from :mod:`cc613hal.interfaces` by ``tests/tools/generate_sync.py``; do not edit it.

    with open_board("bender.cc613", sim=True) as board:
        print(board.get(EnergyMeter).read_energy().imported.kwh)

Methods block their thread until the device answered and raise what the asynchronous ones raise. Ctrl-C in a blocking call cancels it;
leaving the board, also through an error or at the end of the program, takes every device to its safe state.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from cc613hal._facade import BlockingBoard, Facade, SyncEvents
from cc613hal.interfaces import (
    Beep,
    Card,
    CardEvent,
    CardReader,
    CardRefusal,
    CardRefusals,
    ClimateControl,
    ClimateReading,
    Contactor,
    ContactorReading,
    ControlPilot,
    DigitalInput,
    DigitalOutput,
    DigitalReading,
    Display,
    EmergencyOpener,
    EmergencyRelease,
    EndReason,
    EnergyMeter,
    EnergyReading,
    HouseholdReading,
    HouseholdSocket,
    Identified,
    Identity,
    ImmediateOff,
    Indicator,
    LockReading,
    LockResult,
    MeterClock,
    MeterClockReading,
    MeterReading,
    Modem,
    ModemIdentity,
    ModemReading,
    OnDemandSigner,
    OpenerReading,
    Pattern,
    PhaseMeter,
    PhaseReading,
    PhaseSwitching,
    PilotReading,
    PlcModem,
    PlcReading,
    PlugLock,
    PowerMeter,
    PowerReading,
    PresenceReading,
    PresenceSensor,
    ProximityPilot,
    ProximityReading,
    Relay,
    ReleaseReport,
    ResidualCurrentMonitor,
    ResidualReading,
    ResidualTrip,
    SafeState,
    SecureCardReader,
    SelfTestResult,
    SignedMeter,
    SignedReading,
    SignedTransaction,
    SimState,
    SnapshotMeter,
    Sounder,
    SupplyMonitor,
    SupplyReading,
    SwitchingCounter,
    SwitchResult,
    TemperatureReading,
    TemperatureSensor,
    TiltReading,
    TiltSensor,
    TransactionReading,
    WeldCheck,
    WeldReading,
)

if TYPE_CHECKING:
    from typing_extensions import TypeForm

    from cc613hal.board import BoardDescription
    from cc613hal.bus.factory import BusFactory

__all__ = [
    "SyncBoard",
    "SyncCardReader",
    "SyncCardRefusals",
    "SyncClimateControl",
    "SyncContactor",
    "SyncControlPilot",
    "SyncDigitalInput",
    "SyncDigitalOutput",
    "SyncDisplay",
    "SyncEmergencyOpener",
    "SyncEmergencyRelease",
    "SyncEnergyMeter",
    "SyncEvents",
    "SyncHouseholdSocket",
    "SyncIdentified",
    "SyncImmediateOff",
    "SyncIndicator",
    "SyncMeterClock",
    "SyncModem",
    "SyncOnDemandSigner",
    "SyncPhaseMeter",
    "SyncPhaseSwitching",
    "SyncPlcModem",
    "SyncPlugLock",
    "SyncPowerMeter",
    "SyncPresenceSensor",
    "SyncProximityPilot",
    "SyncRelay",
    "SyncResidualCurrentMonitor",
    "SyncSafeState",
    "SyncSecureCardReader",
    "SyncSignedMeter",
    "SyncSnapshotMeter",
    "SyncSounder",
    "SyncSupplyMonitor",
    "SyncTemperatureSensor",
    "SyncTiltSensor",
    "SyncWeldCheck",
    "open_board",
]


class SyncCardReader(Facade[CardReader]):
    """Reads contactless cards.

    Blocking form of :class:`~cc613hal.interfaces.CardReader`.
    """

    __slots__ = ()

    @property
    def cards(self) -> SyncEvents[CardEvent]:
        """Cards that come and go while the reader polls; debounced."""
        return SyncEvents(self._ask(lambda: self._device.cards), self._loop)

    def start_polling(self) -> None:
        """Look for cards until :meth:`stop_polling`; survives the reader being unplugged and plugged back."""
        self._loop.wait(self._device.start_polling)

    def stop_polling(self) -> None:
        """Stop looking; the field is switched off."""
        self._loop.wait(self._device.stop_polling)

    def poll_once(self) -> tuple[Card, ...]:
        """The cards in the field now; empty if there is none."""
        return self._loop.wait(self._device.poll_once)


class SyncCardRefusals(Facade[CardRefusals]):
    """A reader that tells what it refused, so that the person in front of it can be told.

    Blocking form of :class:`~cc613hal.interfaces.CardRefusals`.
    """

    __slots__ = ()

    @property
    def refusals(self) -> SyncEvents[CardRefusal]:
        """What was refused while the reader polled; once for each presentation."""
        return SyncEvents(self._ask(lambda: self._device.refusals), self._loop)


class SyncClimateControl(Facade[ClimateControl]):
    """Switches a heater or a fan by a temperature, with two thresholds.

    Blocking form of :class:`~cc613hal.interfaces.ClimateControl`.
    """

    __slots__ = ()

    def read_climate(self) -> ClimateReading:
        """What it does now."""
        return self._loop.wait(self._device.read_climate)

    @property
    def switched(self) -> SyncEvents[ClimateReading]:
        """Every switching."""
        return SyncEvents(self._ask(lambda: self._device.switched), self._loop)


class SyncContactor(Facade[Contactor]):
    """A contactor that feeds a vehicle or a socket.

    The driver refuses only physical contradictions (switching on while welded or while the supply is gone). Whether it is *right*
    to energise is decided above it.

    Blocking form of :class:`~cc613hal.interfaces.Contactor`.
    """

    __slots__ = ()

    def switch_on(self, *, deadline_s: float | None = None) -> SwitchResult:
        """Energise, and wait until feedback confirms.

        Args:
            deadline_s: longest wait for the feedback; the part's own figure if omitted.

        Raises:
            CommandFailed: feedback did not follow; the coil has been released again.
            SafetyRefused: the part knows itself welded or without supply.
        """
        return self._loop.wait(self._device.switch_on, deadline_s=deadline_s)

    def switch_off(self, *, under_load: bool = False, deadline_s: float | None = None) -> SwitchResult:
        """De-energise at once, then wait until feedback confirms.

        Args:
            under_load: the caller knows that current was flowing; counted as a hot opening.
            deadline_s: longest wait for the feedback; the part's own figure if omitted.

        Raises:
            CommandFailed: feedback still shows closed contacts: treat as welded.
        """
        return self._loop.wait(self._device.switch_off, under_load=under_load, deadline_s=deadline_s)

    def sense(self) -> ContactorReading:
        """The main contacts as the feedback shows them now."""
        return self._loop.wait(self._device.sense)

    @property
    def counter(self) -> SwitchingCounter:
        """Operations so far."""
        answer: SwitchingCounter = self._ask(lambda: self._device.counter)
        return answer

    @property
    def unexpected(self) -> SyncEvents[ContactorReading]:
        """Feedback changed without a command: dropped out, or closed by itself."""
        return SyncEvents(self._ask(lambda: self._device.unexpected), self._loop)


class SyncControlPilot(Facade[ControlPilot]):
    """Generates and measures the control pilot of one connector.

    Blocking form of :class:`~cc613hal.interfaces.ControlPilot`.
    """

    __slots__ = ()

    def read(self) -> PilotReading:
        """Levels and state now."""
        return self._loop.wait(self._device.read)

    @property
    def changes(self) -> SyncEvents[PilotReading]:
        """Every change of the filtered state, including short C pulses (B-C-B toggles)."""
        return SyncEvents(self._ask(lambda: self._device.changes), self._loop)

    def offer(self, duty_percent: float) -> None:
        """Run PWM with this duty cycle (X2).

        Args:
            duty_percent: 3 to 97; see :func:`cc613hal.units.duty_for_current`.

        Raises:
            ConfigError: outside 3 to 97 %; the output is left as it was.
        """
        self._loop.wait(self._device.offer, duty_percent)

    def steady(self) -> None:
        """Stop PWM, hold +12 V (X1)."""
        self._loop.wait(self._device.steady)

    def fault(self) -> None:
        """Hold −12 V (F)."""
        self._loop.wait(self._device.fault)

    def check_diode(self) -> bool:
        """Whether the low level stays at −12 V.

        Raises:
            CommandFailed: PWM is not running, so nothing can be proven.
        """
        return self._loop.wait(self._device.check_diode)


class SyncDigitalInput(Facade[DigitalInput]):
    """One input (optocoupler, switch, auxiliary contact).

    Blocking form of :class:`~cc613hal.interfaces.DigitalInput`.
    """

    __slots__ = ()

    def read_input(self) -> DigitalReading:
        """The level now."""
        return self._loop.wait(self._device.read_input)

    @property
    def changes(self) -> SyncEvents[DigitalReading]:
        """Debounced changes."""
        return SyncEvents(self._ask(lambda: self._device.changes), self._loop)


class SyncDigitalOutput(Facade[DigitalOutput]):
    """One output that drives nothing dangerous.

    Blocking form of :class:`~cc613hal.interfaces.DigitalOutput`.
    """

    __slots__ = ()

    def write_output(self, active: bool) -> None:
        """Set the level."""
        self._loop.wait(self._device.write_output, active)

    @property
    def output(self) -> bool:
        """The level that was last set."""
        answer: bool = self._ask(lambda: self._device.output)
        return answer


class SyncDisplay(Facade[Display]):
    """A display for a few lines of text.

    Blocking form of :class:`~cc613hal.interfaces.Display`.
    """

    __slots__ = ()

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows, in characters."""
        answer: tuple[int, int] = self._ask(lambda: self._device.size)
        return answer

    def show_text(self, lines: Sequence[str]) -> None:
        """Replace what is shown. Lines that are too long are cut; characters the part lacks are replaced by its nearest."""
        self._loop.wait(self._device.show_text, lines)

    def clear(self) -> None:
        """Show nothing."""
        self._loop.wait(self._device.clear)


class SyncEmergencyOpener(Facade[EmergencyOpener]):
    """The energy store that releases the plug when the supply is lost.

    Blocking form of :class:`~cc613hal.interfaces.EmergencyOpener`.
    """

    __slots__ = ()

    def opener(self) -> OpenerReading:
        """The energy store now."""
        return self._loop.wait(self._device.opener)


class SyncEmergencyRelease(Facade[EmergencyRelease]):
    """A lock that sees to it, or at least tells, that a locked plug is released when the supply fails.

    Blocking form of :class:`~cc613hal.interfaces.EmergencyRelease`.
    """

    __slots__ = ()

    @property
    def releases(self) -> SyncEvents[ReleaseReport]:
        """One report for each loss of the supply that met a bolt that was not back."""
        return SyncEvents(self._ask(lambda: self._device.releases), self._loop)

    @property
    def last_release(self) -> ReleaseReport | None:
        """The last report since the board was opened."""
        answer: ReleaseReport | None = self._ask(lambda: self._device.last_release)
        return answer


class SyncEnergyMeter(Facade[EnergyMeter]):
    """Counts energy.

    Blocking form of :class:`~cc613hal.interfaces.EnergyMeter`.
    """

    __slots__ = ()

    def read_energy(self) -> EnergyReading:
        """The counters now."""
        return self._loop.wait(self._device.read_energy)


class SyncHouseholdSocket(Facade[HouseholdSocket]):
    """A household socket with its auxiliary contacts; its contactor is a device of its own.

    Blocking form of :class:`~cc613hal.interfaces.HouseholdSocket`.
    """

    __slots__ = ()

    @property
    def max_current_a(self) -> float:
        """What the socket may carry continuously, A."""
        answer: float = self._ask(lambda: self._device.max_current_a)
        return answer

    def read_socket(self) -> HouseholdReading:
        """The contacts now."""
        return self._loop.wait(self._device.read_socket)

    @property
    def changes(self) -> SyncEvents[HouseholdReading]:
        """Every debounced change."""
        return SyncEvents(self._ask(lambda: self._device.changes), self._loop)


class SyncIdentified(Facade[Identified]):
    """A part that can tell who it is.

    Blocking form of :class:`~cc613hal.interfaces.Identified`.
    """

    __slots__ = ()

    def identify(self) -> Identity:
        """What the part says about itself.

        Raises:
            WrongIdentity: something else answers.
        """
        return self._loop.wait(self._device.identify)


class SyncImmediateOff(Facade[ImmediateOff]):
    """A contactor whose coil can be released inside one call, without waiting for anything: the path of a residual current trip.

    Blocking form of :class:`~cc613hal.interfaces.ImmediateOff`.
    """

    __slots__ = ()

    def off_now(self) -> None:
        """Release the coil. Confirms nothing: follow with :meth:`Contactor.switch_off`. Raises only what the line itself raises."""
        self._ask(lambda: self._device.off_now())


class SyncIndicator(Facade[Indicator]):
    """One or more coloured lights.

    Blocking form of :class:`~cc613hal.interfaces.Indicator`.
    """

    __slots__ = ()

    @property
    def lights(self) -> int:
        """How many lights there are."""
        answer: int = self._ask(lambda: self._device.lights)
        return answer

    def show(self, pattern: Pattern) -> None:
        """Show a pattern until the next call; the driver keeps it moving."""
        self._loop.wait(self._device.show, pattern)

    @property
    def shown(self) -> Pattern | None:
        """The pattern that is shown; ``None`` before the first and after the lights went dark."""
        answer: Pattern | None = self._ask(lambda: self._device.shown)
        return answer

    def dark(self) -> None:
        """Switch every light off."""
        self._loop.wait(self._device.dark)


class SyncMeterClock(Facade[MeterClock]):
    """A meter with a clock that the controller keeps.

    Blocking form of :class:`~cc613hal.interfaces.MeterClock`.
    """

    __slots__ = ()

    def read_clock(self) -> MeterClockReading:
        """How far the meter's clock is off, and what it thinks of it."""
        return self._loop.wait(self._device.read_clock)

    def set_clock(self) -> MeterClockReading:
        """Set the meter's clock to the controller's, and confirm by reading it.

        Some meters count this, wear out from it or refuse it in a transaction; their page in the documentation says so.

        Raises:
            DeviceRefused: the meter does not take a time now.
            CommandFailed: it took it and shows another.
        """
        return self._loop.wait(self._device.set_clock)


class SyncModem(Facade[Modem]):
    """A cellular modem.

    Blocking form of :class:`~cc613hal.interfaces.Modem`.
    """

    __slots__ = ()

    def identify_modem(self) -> ModemIdentity:
        """Who the modem is."""
        return self._loop.wait(self._device.identify_modem)

    def read_modem(self) -> ModemReading:
        """SIM, registration and signal now."""
        return self._loop.wait(self._device.read_modem)

    def enter_pin(self, pin: str) -> SimState:
        """Unlock the SIM.

        Raises:
            SafetyRefused: fewer than two attempts are left; the last one is never burnt.
            CommandFailed: the PIN was refused; it is not tried again.
        """
        return self._loop.wait(self._device.enter_pin, pin)

    def set_apn(self, apn: str, *, user: str = "", password: str = "") -> None:
        """Set the access point of the first context."""
        self._loop.wait(self._device.set_apn, apn, user=user, password=password)

    def reset_modem(self) -> None:
        """Restart the modem and wait until it answers again."""
        self._loop.wait(self._device.reset_modem)


class SyncOnDemandSigner(Facade[OnDemandSigner]):
    """Signs what its register shows now.

    Blocking form of :class:`~cc613hal.interfaces.OnDemandSigner`.
    """

    __slots__ = ()

    def sign_now(self, transaction: SignedTransaction | None = None) -> SignedReading:
        """A signed value in between; it changes nothing about the transaction.

        Args:
            transaction: whose value it is; ``None`` outside transactions.

        Raises:
            CommandFailed: the meter did not finish the record by its deadline, or the signature failed.
        """
        return self._loop.wait(self._device.sign_now, transaction)


class SyncPhaseMeter(Facade[PhaseMeter]):
    """Measures each phase.

    Blocking form of :class:`~cc613hal.interfaces.PhaseMeter`.
    """

    __slots__ = ()

    def read_phases(self) -> PhaseReading:
        """Voltages, currents and powers now."""
        return self._loop.wait(self._device.read_phases)


class SyncPhaseSwitching(Facade[PhaseSwitching]):
    """A contactor pair that can feed one or three phases.

    Blocking form of :class:`~cc613hal.interfaces.PhaseSwitching`.
    """

    __slots__ = ()

    @property
    def phases(self) -> int:
        """Phases that the next switch-on feeds: 1 or 3."""
        answer: int = self._ask(lambda: self._device.phases)
        return answer

    def select_phases(self, phases: int) -> None:
        """Choose 1 or 3 phases for the next switch-on.

        Args:
            phases: 1 or 3.

        Raises:
            SafetyRefused: the contactor is not off (some vehicles are destroyed by 1→3 under load).
            Unsupported: the board cannot.
        """
        self._loop.wait(self._device.select_phases, phases)


class SyncPlcModem(Facade[PlcModem]):
    """A Green PHY modem whose logical network the station sets (ISO 15118-3).

    Blocking form of :class:`~cc613hal.interfaces.PlcModem`.
    """

    __slots__ = ()

    def read_plc(self) -> PlcReading:
        """Identity and link now."""
        return self._loop.wait(self._device.read_plc)

    def set_network(self, nid: bytes, nmk: bytes) -> None:
        """Set network identifier (7 bytes) and membership key (16 bytes); the key never appears in logs."""
        self._loop.wait(self._device.set_network, nid, nmk)

    def reset_plc(self) -> None:
        """Restart the modem and wait until it answers again."""
        self._loop.wait(self._device.reset_plc)


class SyncPlugLock(Facade[PlugLock]):
    """An actuator that keeps a plug in its socket.

    The driver does not know whether the contactor is off; whoever unlocks must.

    Blocking form of :class:`~cc613hal.interfaces.PlugLock`.
    """

    __slots__ = ()

    def lock(self, *, deadline_s: float | None = None) -> LockResult:
        """Drive the bolt home, retrying as the preset says.

        Args:
            deadline_s: longest time for all strokes; the preset's own figure if omitted.

        Raises:
            CommandFailed: the bolt is not home; the motor was freed by an unlock stroke.
            SafetyRefused: the emergency opener has no energy: what cannot be opened is not locked.
        """
        return self._loop.wait(self._device.lock, deadline_s=deadline_s)

    def unlock(self, *, deadline_s: float | None = None) -> LockResult:
        """Drive the bolt back, retrying as the preset says.

        Raises:
            CommandFailed: the bolt is stuck.
        """
        return self._loop.wait(self._device.unlock, deadline_s=deadline_s)

    def position(self) -> LockReading:
        """Where the bolt is now."""
        return self._loop.wait(self._device.position)

    @property
    def unexpected(self) -> SyncEvents[LockReading]:
        """The bolt moved without a command."""
        return SyncEvents(self._ask(lambda: self._device.unexpected), self._loop)


class SyncPowerMeter(Facade[PowerMeter]):
    """Measures active power.

    Blocking form of :class:`~cc613hal.interfaces.PowerMeter`.
    """

    __slots__ = ()

    def read_power(self) -> PowerReading:
        """Active power now, in W."""
        return self._loop.wait(self._device.read_power)


class SyncPresenceSensor(Facade[PresenceSensor]):
    """Watches one parking bay.

    Blocking form of :class:`~cc613hal.interfaces.PresenceSensor`.
    """

    __slots__ = ()

    def read_presence(self) -> PresenceReading:
        """The bay now."""
        return self._loop.wait(self._device.read_presence)

    @property
    def changes(self) -> SyncEvents[PresenceReading]:
        """Debounced changes of occupancy."""
        return SyncEvents(self._ask(lambda: self._device.changes), self._loop)


class SyncProximityPilot(Facade[ProximityPilot]):
    """Measures the proximity resistor of a type 2 plug.

    Blocking form of :class:`~cc613hal.interfaces.ProximityPilot`.
    """

    __slots__ = ()

    def read_cable(self) -> ProximityReading:
        """The cable now."""
        return self._loop.wait(self._device.read_cable)


class SyncRelay(Facade[Relay]):
    """A relay for auxiliaries; a vehicle is fed by a contactor, never by this.

    Blocking form of :class:`~cc613hal.interfaces.Relay`.
    """

    __slots__ = ()

    def switch_on(self) -> None:
        """Energise."""
        self._loop.wait(self._device.switch_on)

    def switch_off(self) -> None:
        """De-energise."""
        self._loop.wait(self._device.switch_off)

    @property
    def is_on(self) -> bool:
        """What was last commanded."""
        answer: bool = self._ask(lambda: self._device.is_on)
        return answer


class SyncResidualCurrentMonitor(Facade[ResidualCurrentMonitor]):
    """A monitor of residual current whose trip must open the contactor.

    Blocking form of :class:`~cc613hal.interfaces.ResidualCurrentMonitor`.
    """

    __slots__ = ()

    def read(self) -> ResidualReading:
        """Values and trip state now."""
        return self._loop.wait(self._device.read)

    def self_test(self) -> SelfTestResult:
        """Inject the test current and see the outputs come and go. Only with the contactor off.

        Raises:
            BusError: the lines could not be driven or read.
        """
        return self._loop.wait(self._device.self_test)

    @property
    def last_self_test(self) -> SelfTestResult | None:
        """The last test since the board was opened."""
        answer: SelfTestResult | None = self._ask(lambda: self._device.last_self_test)
        return answer

    @property
    def trips(self) -> SyncEvents[ResidualTrip]:
        """Trips, in the very loop iteration in which the edge arrives. A self-test publishes none."""
        return SyncEvents(self._ask(lambda: self._device.trips), self._loop)

    @property
    def latched(self) -> bool:
        """A trip happened and was not reset."""
        answer: bool = self._ask(lambda: self._device.latched)
        return answer

    def reset(self) -> ResidualReading:
        """Clear the latch.

        Raises:
            CommandFailed: an output still signals a trip; the latch stays.
        """
        return self._loop.wait(self._device.reset)


class SyncSafeState(Facade[SafeState]):
    """A part that has a safe state.

    Blocking form of :class:`~cc613hal.interfaces.SafeState`.
    """

    __slots__ = ()

    def make_safe(self) -> None:
        """Go to the safe state and stay there. Called on leaving the board, on a fault and on a crash; may be called twice and
        must not rely on anything but the part's own wires.
        """
        self._loop.wait(self._device.make_safe)


class SyncSecureCardReader(Facade[SecureCardReader]):
    """Exchanges APDUs with an ISO-DEP card.

    Blocking form of :class:`~cc613hal.interfaces.SecureCardReader`.
    """

    __slots__ = ()

    def transceive(self, apdu: bytes, *, timeout_s: float = 0.5) -> bytes:
        """Send a command APDU to the card in the field; the answer ends with its two status bytes.

        Raises:
            CommandFailed: there is no ISO-DEP card in the field, or it left.
        """
        return self._loop.wait(self._device.transceive, apdu, timeout_s=timeout_s)


class SyncSignedMeter(Facade[SignedMeter]):
    """Signs transactions itself.

    Blocking form of :class:`~cc613hal.interfaces.SignedMeter`.
    """

    __slots__ = ()

    def begin_transaction(self, transaction: SignedTransaction) -> SignedReading | None:
        """Take the begin; the meter has it when this returns. Of a transaction that runs already nothing is taken again.

        The meter's clock is set where its procedure asks for it, with the state the controller's clock has: a clock that was never
        synchronised stays visible in the record.

        Returns:
            The record of the begin; ``None`` from a meter whose record of the end holds the begin.

        Raises:
            DeviceRefused: the meter holds another transaction, or says that it cannot sign.
            CommandFailed: it did not confirm by its deadline, or the signature failed; :meth:`read_transaction` tells what it holds.
        """
        return self._loop.wait(self._device.begin_transaction, transaction)

    def end_transaction(self, transaction: SignedTransaction, reason: EndReason = EndReason.END) -> SignedReading:
        """Take the end and fetch the record. Of a transaction that is ended already the record is fetched again.

        Args:
            transaction: as it began: after a power failure some meters want to hear it again.
            reason: why; as precise in the record as the meter can say.

        Raises:
            DeviceRefused: the meter holds no transaction, or another one.
            CommandFailed: it did not confirm by its deadline, or the signature failed; what the record would have said is lost.
        """
        return self._loop.wait(self._device.end_transaction, transaction, reason)

    def read_transaction(self) -> TransactionReading:
        """What the meter holds, also after a restart of either side."""
        return self._loop.wait(self._device.read_transaction)

    def release_record(self, transaction: SignedTransaction) -> None:
        """The record of the end is safe: the meter may forget it. Nothing happens where there is nothing to forget.

        Raises:
            DeviceRefused: the transaction runs, or the record is that of another one.
        """
        self._loop.wait(self._device.release_record, transaction)

    def public_key(self) -> bytes:
        """The key that verifies the records: SubjectPublicKeyInfo, DER.

        Raises:
            Unsupported: the meter does not tell; it is printed on the housing.
        """
        return self._loop.wait(self._device.public_key)


class SyncSnapshotMeter(Facade[SnapshotMeter]):
    """Reads everything a session needs in the fewest transactions, with one time stamp.

    Blocking form of :class:`~cc613hal.interfaces.SnapshotMeter`.
    """

    __slots__ = ()

    def read_all(self) -> MeterReading:
        """Phases, total power and energy as one group."""
        return self._loop.wait(self._device.read_all)


class SyncSounder(Facade[Sounder]):
    """Makes short sounds.

    Blocking form of :class:`~cc613hal.interfaces.Sounder`.
    """

    __slots__ = ()

    def play(self, beeps: tuple[Beep, ...]) -> None:
        """Play a sequence to its end; silent again when cancelled."""
        self._loop.wait(self._device.play, beeps)


class SyncSupplyMonitor(Facade[SupplyMonitor]):
    """Watches the controller's supply.

    Blocking form of :class:`~cc613hal.interfaces.SupplyMonitor`.
    """

    __slots__ = ()

    def read_supply(self) -> SupplyReading:
        """The supply now."""
        return self._loop.wait(self._device.read_supply)

    @property
    def changes(self) -> SyncEvents[SupplyReading]:
        """Changes of state, in the loop iteration in which the edge arrives."""
        return SyncEvents(self._ask(lambda: self._device.changes), self._loop)


class SyncTemperatureSensor(Facade[TemperatureSensor]):
    """Measures one temperature.

    Blocking form of :class:`~cc613hal.interfaces.TemperatureSensor`.
    """

    __slots__ = ()

    def read(self) -> TemperatureReading:
        """The temperature now.

        Raises:
            ImplausibleReading: outside what the part can measure: open, shorted or unpowered, never weather.
        """
        return self._loop.wait(self._device.read)


class SyncTiltSensor(Facade[TiltSensor]):
    """Measures the angle against the mounting reference.

    Blocking form of :class:`~cc613hal.interfaces.TiltSensor`.
    """

    __slots__ = ()

    def read_tilt(self) -> TiltReading:
        """The attitude now."""
        return self._loop.wait(self._device.read_tilt)

    def take_reference(self) -> TiltReading:
        """Make the present attitude the reference.

        Raises:
            CommandFailed: the sensor was not at rest (not 1 g).
        """
        return self._loop.wait(self._device.take_reference)

    @property
    def changes(self) -> SyncEvents[TiltReading]:
        """``tilted`` changed. Published by reading; whoever owns the sensor polls it."""
        return SyncEvents(self._ask(lambda: self._device.changes), self._loop)


class SyncWeldCheck(Facade[WeldCheck]):
    """A part that can tell whether a contactor's main contacts hang.

    Blocking form of :class:`~cc613hal.interfaces.WeldCheck`.
    """

    __slots__ = ()

    def check_weld(self) -> WeldReading:
        """Judge the main contacts now.

        With mains sense the verdict is only good after the vehicle is unplugged (state B→A): its capacitors may feed back before.
        """
        return self._loop.wait(self._device.check_weld)


class SyncBoard(BlockingBoard):
    """An open board whose devices are asked without ``await``."""

    @overload
    def get(self, capability: TypeForm[CardReader], name: str | None = None, *, connector: int | None = None) -> SyncCardReader: ...
    @overload
    def get(self, capability: TypeForm[CardRefusals], name: str | None = None, *, connector: int | None = None) -> SyncCardRefusals: ...
    @overload
    def get(self, capability: TypeForm[ClimateControl], name: str | None = None, *, connector: int | None = None) -> SyncClimateControl: ...
    @overload
    def get(self, capability: TypeForm[Contactor], name: str | None = None, *, connector: int | None = None) -> SyncContactor: ...
    @overload
    def get(self, capability: TypeForm[ControlPilot], name: str | None = None, *, connector: int | None = None) -> SyncControlPilot: ...
    @overload
    def get(self, capability: TypeForm[DigitalInput], name: str | None = None, *, connector: int | None = None) -> SyncDigitalInput: ...
    @overload
    def get(self, capability: TypeForm[DigitalOutput], name: str | None = None, *, connector: int | None = None) -> SyncDigitalOutput: ...
    @overload
    def get(self, capability: TypeForm[Display], name: str | None = None, *, connector: int | None = None) -> SyncDisplay: ...
    @overload
    def get(
        self, capability: TypeForm[EmergencyOpener], name: str | None = None, *, connector: int | None = None
    ) -> SyncEmergencyOpener: ...
    @overload
    def get(
        self, capability: TypeForm[EmergencyRelease], name: str | None = None, *, connector: int | None = None
    ) -> SyncEmergencyRelease: ...
    @overload
    def get(self, capability: TypeForm[EnergyMeter], name: str | None = None, *, connector: int | None = None) -> SyncEnergyMeter: ...
    @overload
    def get(
        self, capability: TypeForm[HouseholdSocket], name: str | None = None, *, connector: int | None = None
    ) -> SyncHouseholdSocket: ...
    @overload
    def get(self, capability: TypeForm[Identified], name: str | None = None, *, connector: int | None = None) -> SyncIdentified: ...
    @overload
    def get(self, capability: TypeForm[ImmediateOff], name: str | None = None, *, connector: int | None = None) -> SyncImmediateOff: ...
    @overload
    def get(self, capability: TypeForm[Indicator], name: str | None = None, *, connector: int | None = None) -> SyncIndicator: ...
    @overload
    def get(self, capability: TypeForm[MeterClock], name: str | None = None, *, connector: int | None = None) -> SyncMeterClock: ...
    @overload
    def get(self, capability: TypeForm[Modem], name: str | None = None, *, connector: int | None = None) -> SyncModem: ...
    @overload
    def get(self, capability: TypeForm[OnDemandSigner], name: str | None = None, *, connector: int | None = None) -> SyncOnDemandSigner: ...
    @overload
    def get(self, capability: TypeForm[PhaseMeter], name: str | None = None, *, connector: int | None = None) -> SyncPhaseMeter: ...
    @overload
    def get(self, capability: TypeForm[PhaseSwitching], name: str | None = None, *, connector: int | None = None) -> SyncPhaseSwitching: ...
    @overload
    def get(self, capability: TypeForm[PlcModem], name: str | None = None, *, connector: int | None = None) -> SyncPlcModem: ...
    @overload
    def get(self, capability: TypeForm[PlugLock], name: str | None = None, *, connector: int | None = None) -> SyncPlugLock: ...
    @overload
    def get(self, capability: TypeForm[PowerMeter], name: str | None = None, *, connector: int | None = None) -> SyncPowerMeter: ...
    @overload
    def get(self, capability: TypeForm[PresenceSensor], name: str | None = None, *, connector: int | None = None) -> SyncPresenceSensor: ...
    @overload
    def get(self, capability: TypeForm[ProximityPilot], name: str | None = None, *, connector: int | None = None) -> SyncProximityPilot: ...
    @overload
    def get(self, capability: TypeForm[Relay], name: str | None = None, *, connector: int | None = None) -> SyncRelay: ...
    @overload
    def get(
        self, capability: TypeForm[ResidualCurrentMonitor], name: str | None = None, *, connector: int | None = None
    ) -> SyncResidualCurrentMonitor: ...
    @overload
    def get(self, capability: TypeForm[SafeState], name: str | None = None, *, connector: int | None = None) -> SyncSafeState: ...
    @overload
    def get(
        self, capability: TypeForm[SecureCardReader], name: str | None = None, *, connector: int | None = None
    ) -> SyncSecureCardReader: ...
    @overload
    def get(self, capability: TypeForm[SignedMeter], name: str | None = None, *, connector: int | None = None) -> SyncSignedMeter: ...
    @overload
    def get(self, capability: TypeForm[SnapshotMeter], name: str | None = None, *, connector: int | None = None) -> SyncSnapshotMeter: ...
    @overload
    def get(self, capability: TypeForm[Sounder], name: str | None = None, *, connector: int | None = None) -> SyncSounder: ...
    @overload
    def get(self, capability: TypeForm[SupplyMonitor], name: str | None = None, *, connector: int | None = None) -> SyncSupplyMonitor: ...
    @overload
    def get(
        self, capability: TypeForm[TemperatureSensor], name: str | None = None, *, connector: int | None = None
    ) -> SyncTemperatureSensor: ...
    @overload
    def get(self, capability: TypeForm[TiltSensor], name: str | None = None, *, connector: int | None = None) -> SyncTiltSensor: ...
    @overload
    def get(self, capability: TypeForm[WeldCheck], name: str | None = None, *, connector: int | None = None) -> SyncWeldCheck: ...
    def get(self, capability: Any, name: str | None = None, *, connector: int | None = None) -> Any:
        """The device with a capability.

        Args:
            capability: a Protocol of :mod:`cc613hal.interfaces`.
            name: which device, where the board has several.
            connector: the one of this connector.

        Raises:
            NotOnBoard: there is none, or more than one fits.
        """
        return self._wrap(capability, self.on_loop(lambda: self._board.get(capability, name, connector=connector)))

    @overload
    def optional(
        self, capability: TypeForm[CardReader], name: str | None = None, *, connector: int | None = None
    ) -> SyncCardReader | None: ...
    @overload
    def optional(
        self, capability: TypeForm[CardRefusals], name: str | None = None, *, connector: int | None = None
    ) -> SyncCardRefusals | None: ...
    @overload
    def optional(
        self, capability: TypeForm[ClimateControl], name: str | None = None, *, connector: int | None = None
    ) -> SyncClimateControl | None: ...
    @overload
    def optional(
        self, capability: TypeForm[Contactor], name: str | None = None, *, connector: int | None = None
    ) -> SyncContactor | None: ...
    @overload
    def optional(
        self, capability: TypeForm[ControlPilot], name: str | None = None, *, connector: int | None = None
    ) -> SyncControlPilot | None: ...
    @overload
    def optional(
        self, capability: TypeForm[DigitalInput], name: str | None = None, *, connector: int | None = None
    ) -> SyncDigitalInput | None: ...
    @overload
    def optional(
        self, capability: TypeForm[DigitalOutput], name: str | None = None, *, connector: int | None = None
    ) -> SyncDigitalOutput | None: ...
    @overload
    def optional(self, capability: TypeForm[Display], name: str | None = None, *, connector: int | None = None) -> SyncDisplay | None: ...
    @overload
    def optional(
        self, capability: TypeForm[EmergencyOpener], name: str | None = None, *, connector: int | None = None
    ) -> SyncEmergencyOpener | None: ...
    @overload
    def optional(
        self, capability: TypeForm[EmergencyRelease], name: str | None = None, *, connector: int | None = None
    ) -> SyncEmergencyRelease | None: ...
    @overload
    def optional(
        self, capability: TypeForm[EnergyMeter], name: str | None = None, *, connector: int | None = None
    ) -> SyncEnergyMeter | None: ...
    @overload
    def optional(
        self, capability: TypeForm[HouseholdSocket], name: str | None = None, *, connector: int | None = None
    ) -> SyncHouseholdSocket | None: ...
    @overload
    def optional(
        self, capability: TypeForm[Identified], name: str | None = None, *, connector: int | None = None
    ) -> SyncIdentified | None: ...
    @overload
    def optional(
        self, capability: TypeForm[ImmediateOff], name: str | None = None, *, connector: int | None = None
    ) -> SyncImmediateOff | None: ...
    @overload
    def optional(
        self, capability: TypeForm[Indicator], name: str | None = None, *, connector: int | None = None
    ) -> SyncIndicator | None: ...
    @overload
    def optional(
        self, capability: TypeForm[MeterClock], name: str | None = None, *, connector: int | None = None
    ) -> SyncMeterClock | None: ...
    @overload
    def optional(self, capability: TypeForm[Modem], name: str | None = None, *, connector: int | None = None) -> SyncModem | None: ...
    @overload
    def optional(
        self, capability: TypeForm[OnDemandSigner], name: str | None = None, *, connector: int | None = None
    ) -> SyncOnDemandSigner | None: ...
    @overload
    def optional(
        self, capability: TypeForm[PhaseMeter], name: str | None = None, *, connector: int | None = None
    ) -> SyncPhaseMeter | None: ...
    @overload
    def optional(
        self, capability: TypeForm[PhaseSwitching], name: str | None = None, *, connector: int | None = None
    ) -> SyncPhaseSwitching | None: ...
    @overload
    def optional(self, capability: TypeForm[PlcModem], name: str | None = None, *, connector: int | None = None) -> SyncPlcModem | None: ...
    @overload
    def optional(self, capability: TypeForm[PlugLock], name: str | None = None, *, connector: int | None = None) -> SyncPlugLock | None: ...
    @overload
    def optional(
        self, capability: TypeForm[PowerMeter], name: str | None = None, *, connector: int | None = None
    ) -> SyncPowerMeter | None: ...
    @overload
    def optional(
        self, capability: TypeForm[PresenceSensor], name: str | None = None, *, connector: int | None = None
    ) -> SyncPresenceSensor | None: ...
    @overload
    def optional(
        self, capability: TypeForm[ProximityPilot], name: str | None = None, *, connector: int | None = None
    ) -> SyncProximityPilot | None: ...
    @overload
    def optional(self, capability: TypeForm[Relay], name: str | None = None, *, connector: int | None = None) -> SyncRelay | None: ...
    @overload
    def optional(
        self, capability: TypeForm[ResidualCurrentMonitor], name: str | None = None, *, connector: int | None = None
    ) -> SyncResidualCurrentMonitor | None: ...
    @overload
    def optional(
        self, capability: TypeForm[SafeState], name: str | None = None, *, connector: int | None = None
    ) -> SyncSafeState | None: ...
    @overload
    def optional(
        self, capability: TypeForm[SecureCardReader], name: str | None = None, *, connector: int | None = None
    ) -> SyncSecureCardReader | None: ...
    @overload
    def optional(
        self, capability: TypeForm[SignedMeter], name: str | None = None, *, connector: int | None = None
    ) -> SyncSignedMeter | None: ...
    @overload
    def optional(
        self, capability: TypeForm[SnapshotMeter], name: str | None = None, *, connector: int | None = None
    ) -> SyncSnapshotMeter | None: ...
    @overload
    def optional(self, capability: TypeForm[Sounder], name: str | None = None, *, connector: int | None = None) -> SyncSounder | None: ...
    @overload
    def optional(
        self, capability: TypeForm[SupplyMonitor], name: str | None = None, *, connector: int | None = None
    ) -> SyncSupplyMonitor | None: ...
    @overload
    def optional(
        self, capability: TypeForm[TemperatureSensor], name: str | None = None, *, connector: int | None = None
    ) -> SyncTemperatureSensor | None: ...
    @overload
    def optional(
        self, capability: TypeForm[TiltSensor], name: str | None = None, *, connector: int | None = None
    ) -> SyncTiltSensor | None: ...
    @overload
    def optional(
        self, capability: TypeForm[WeldCheck], name: str | None = None, *, connector: int | None = None
    ) -> SyncWeldCheck | None: ...
    def optional(self, capability: Any, name: str | None = None, *, connector: int | None = None) -> Any:
        """As :meth:`get`, and ``None`` where the board has none."""
        found = self.on_loop(lambda: self._board.optional(capability, name, connector=connector))
        return None if found is None else self._wrap(capability, found)

    @overload
    def all(self, capability: TypeForm[CardReader]) -> dict[str, SyncCardReader]: ...
    @overload
    def all(self, capability: TypeForm[CardRefusals]) -> dict[str, SyncCardRefusals]: ...
    @overload
    def all(self, capability: TypeForm[ClimateControl]) -> dict[str, SyncClimateControl]: ...
    @overload
    def all(self, capability: TypeForm[Contactor]) -> dict[str, SyncContactor]: ...
    @overload
    def all(self, capability: TypeForm[ControlPilot]) -> dict[str, SyncControlPilot]: ...
    @overload
    def all(self, capability: TypeForm[DigitalInput]) -> dict[str, SyncDigitalInput]: ...
    @overload
    def all(self, capability: TypeForm[DigitalOutput]) -> dict[str, SyncDigitalOutput]: ...
    @overload
    def all(self, capability: TypeForm[Display]) -> dict[str, SyncDisplay]: ...
    @overload
    def all(self, capability: TypeForm[EmergencyOpener]) -> dict[str, SyncEmergencyOpener]: ...
    @overload
    def all(self, capability: TypeForm[EmergencyRelease]) -> dict[str, SyncEmergencyRelease]: ...
    @overload
    def all(self, capability: TypeForm[EnergyMeter]) -> dict[str, SyncEnergyMeter]: ...
    @overload
    def all(self, capability: TypeForm[HouseholdSocket]) -> dict[str, SyncHouseholdSocket]: ...
    @overload
    def all(self, capability: TypeForm[Identified]) -> dict[str, SyncIdentified]: ...
    @overload
    def all(self, capability: TypeForm[ImmediateOff]) -> dict[str, SyncImmediateOff]: ...
    @overload
    def all(self, capability: TypeForm[Indicator]) -> dict[str, SyncIndicator]: ...
    @overload
    def all(self, capability: TypeForm[MeterClock]) -> dict[str, SyncMeterClock]: ...
    @overload
    def all(self, capability: TypeForm[Modem]) -> dict[str, SyncModem]: ...
    @overload
    def all(self, capability: TypeForm[OnDemandSigner]) -> dict[str, SyncOnDemandSigner]: ...
    @overload
    def all(self, capability: TypeForm[PhaseMeter]) -> dict[str, SyncPhaseMeter]: ...
    @overload
    def all(self, capability: TypeForm[PhaseSwitching]) -> dict[str, SyncPhaseSwitching]: ...
    @overload
    def all(self, capability: TypeForm[PlcModem]) -> dict[str, SyncPlcModem]: ...
    @overload
    def all(self, capability: TypeForm[PlugLock]) -> dict[str, SyncPlugLock]: ...
    @overload
    def all(self, capability: TypeForm[PowerMeter]) -> dict[str, SyncPowerMeter]: ...
    @overload
    def all(self, capability: TypeForm[PresenceSensor]) -> dict[str, SyncPresenceSensor]: ...
    @overload
    def all(self, capability: TypeForm[ProximityPilot]) -> dict[str, SyncProximityPilot]: ...
    @overload
    def all(self, capability: TypeForm[Relay]) -> dict[str, SyncRelay]: ...
    @overload
    def all(self, capability: TypeForm[ResidualCurrentMonitor]) -> dict[str, SyncResidualCurrentMonitor]: ...
    @overload
    def all(self, capability: TypeForm[SafeState]) -> dict[str, SyncSafeState]: ...
    @overload
    def all(self, capability: TypeForm[SecureCardReader]) -> dict[str, SyncSecureCardReader]: ...
    @overload
    def all(self, capability: TypeForm[SignedMeter]) -> dict[str, SyncSignedMeter]: ...
    @overload
    def all(self, capability: TypeForm[SnapshotMeter]) -> dict[str, SyncSnapshotMeter]: ...
    @overload
    def all(self, capability: TypeForm[Sounder]) -> dict[str, SyncSounder]: ...
    @overload
    def all(self, capability: TypeForm[SupplyMonitor]) -> dict[str, SyncSupplyMonitor]: ...
    @overload
    def all(self, capability: TypeForm[TemperatureSensor]) -> dict[str, SyncTemperatureSensor]: ...
    @overload
    def all(self, capability: TypeForm[TiltSensor]) -> dict[str, SyncTiltSensor]: ...
    @overload
    def all(self, capability: TypeForm[WeldCheck]) -> dict[str, SyncWeldCheck]: ...
    def all(self, capability: Any) -> Any:
        """Every device with a capability, by name."""
        found = self.on_loop(lambda: self._board.all(capability))
        return {name: _FACADES[capability](device, name, self._loop) for name, device in found.items()}

    def _wrap(self, capability: Any, device: object) -> Any:
        found = self.on_loop(lambda: self._board.all(capability))
        name = next((name for name, candidate in found.items() if candidate is device), "")
        return _FACADES[capability](device, name, self._loop)


def open_board(
    board: str | Path | BoardDescription,
    *,
    overlays: Iterable[str | Path] = (),
    sim: bool = False,
    ptys: bool = False,
    buses: BusFactory | None = None,
    state_dir: Path | None = None,
) -> SyncBoard:
    """Open a board for blocking code; use it in a ``with`` statement, or end it with ``close()``.

    Args:
        board: a board's name, the path of a board file, or a loaded description.
        overlays: board files laid over it.
        sim: put emulated parts on simulated buses instead of opening hardware.
        ptys: with ``sim``, serve serial and Modbus lines on real ptys and sockets.
        buses: who opens buses; Linux if omitted.
        state_dir: where devices keep their memory.

    Raises:
        BoardFileError: the board file has mistakes.
        ConnectFailed: required devices do not answer.
    """
    return SyncBoard(board, overlays=overlays, sim=sim, ptys=ptys, buses=buses, state_dir=state_dir)


_FACADES: dict[type, type[Facade[Any]]] = {
    CardReader: SyncCardReader,
    CardRefusals: SyncCardRefusals,
    ClimateControl: SyncClimateControl,
    Contactor: SyncContactor,
    ControlPilot: SyncControlPilot,
    DigitalInput: SyncDigitalInput,
    DigitalOutput: SyncDigitalOutput,
    Display: SyncDisplay,
    EmergencyOpener: SyncEmergencyOpener,
    EmergencyRelease: SyncEmergencyRelease,
    EnergyMeter: SyncEnergyMeter,
    HouseholdSocket: SyncHouseholdSocket,
    Identified: SyncIdentified,
    ImmediateOff: SyncImmediateOff,
    Indicator: SyncIndicator,
    MeterClock: SyncMeterClock,
    Modem: SyncModem,
    OnDemandSigner: SyncOnDemandSigner,
    PhaseMeter: SyncPhaseMeter,
    PhaseSwitching: SyncPhaseSwitching,
    PlcModem: SyncPlcModem,
    PlugLock: SyncPlugLock,
    PowerMeter: SyncPowerMeter,
    PresenceSensor: SyncPresenceSensor,
    ProximityPilot: SyncProximityPilot,
    Relay: SyncRelay,
    ResidualCurrentMonitor: SyncResidualCurrentMonitor,
    SafeState: SyncSafeState,
    SecureCardReader: SyncSecureCardReader,
    SignedMeter: SyncSignedMeter,
    SnapshotMeter: SyncSnapshotMeter,
    Sounder: SyncSounder,
    SupplyMonitor: SyncSupplyMonitor,
    TemperatureSensor: SyncTemperatureSensor,
    TiltSensor: SyncTiltSensor,
    WeldCheck: SyncWeldCheck,
}
