"""Emulated modems: a Quectel EC25 and a Gemalto ELS61, with a SIM card that blocks itself when it is treated badly.

Sources, as for the driver: 3GPP TS 27.007 and ITU-T V.250 (a carriage return ends a command); the makers' commands as in dialects.toml.
The emulation counts PIN attempts as a card does and keeps every command it carried out, so that a test sees what a driver must not do.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Callable

from attrs import define, field, frozen

from cc613hal.plant.emulation import EmulationSite, SerialPeer
from cc613hal_modem.options import AtOptions, PinCounter, Speaks

__all__ = ["EC25", "ELS61", "GENERIC", "EmulatedModem", "EmulatedSim", "Family", "emulate_modem"]


@frozen(kw_only=True)
class Family:
    """What distinguishes one maker's modems from another's, seen from outside.

    Attributes:
        maker: answer to AT+CGMI.
        model: answer to AT+CGMM.
        revision: answer to AT+CGMR.
        counter: the question for PIN attempts.
        counter_answer: its answer, with ``{left}``.
        iccid: the question for the card's number.
        iccid_answer: its answer, with ``{iccid}``.
        boot: what it says when it has started.
        login: what the command for user and password begins with.
    """

    maker: str
    model: str
    revision: str
    counter: str
    counter_answer: str
    iccid: str
    iccid_answer: str
    boot: tuple[str, ...]
    login: str


EC25 = Family(
    maker="Quectel",
    model="EC25",
    revision="EC25EFAR06A03M4G",
    counter='AT+QPINC="SC"',
    counter_answer='+QPINC: "SC",{left},10',
    iccid="AT+QCCID",
    iccid_answer="+QCCID: {iccid}F",
    boot=("RDY", "+CFUN: 1", "+CPIN: READY"),
    login="AT+QICSGP=",
)
ELS61 = Family(
    maker="Cinterion",
    model="ELS61-E",
    revision="REVISION 01.000",
    counter='AT^SPIC="SC"',
    counter_answer="^SPIC: {left}",
    iccid="AT^SCID",
    iccid_answer="^SCID: {iccid}",
    boot=("^SYSSTART",),
    login="AT^SGAUTH=",
)
GENERIC = Family(
    maker="Acme",
    model="M1",
    revision="1.0",
    counter='AT+CPINR="SIM PIN"',
    counter_answer="+CPINR: SIM PIN,{left},3",
    iccid="AT+CCID",
    iccid_answer="+CCID: {iccid}",
    boot=(),
    login="AT+CGAUTH=",
)


@define
class EmulatedSim:
    """A SIM card.

    Attributes:
        pin: its PIN; empty for a card that wants none.
        iccid: its number.
        left: PIN attempts that are left; at 0 the card is blocked.
        unlocked: the PIN was entered since power-on.
    """

    pin: str = ""
    iccid: str = "8949020000012345678"
    left: int = 3
    unlocked: bool = False

    @property
    def state(self) -> str:
        """As +CPIN says it."""
        if self.left <= 0:
            return "SIM PUK"
        return "READY" if self.unlocked or not self.pin else "SIM PIN"

    def enter(self, pin: str) -> bool:
        """One attempt."""
        self.unlocked = self.left > 0 and pin == self.pin
        self.left = 3 if self.unlocked else max(0, self.left - 1)
        return self.unlocked


@define(eq=False)
class EmulatedModem(SerialPeer):
    """A modem at the other end of a line. Change its attributes to change the world, or to make it misbehave.

    Attributes:
        family: whose it is.
        sim: the card; ``None`` for none.
        registration: the ``stat`` of +CREG and its relatives.
        access: access technology, as +COPS tells it.
        operator: number of the network.
        csq: answer to AT+CSQ.
        cesq: answer to AT+CESQ.
        dumb: this many commands are not answered; −1 for all.
        garbage: bytes before every answer.
        unsolicited: a line in the middle of every answer.
        counter: what it says instead of the attempts that are left; ``""`` refuses to tell.
        answer_s: answers come this much later, s.
        refuse: command beginnings and what they are answered instead.
        boot_s: how long a restart takes, s; negative for one that never ends.
        obeys_reset: AT+CFUN=1,1 restarts it.
        sticky_echo: ATE0 is answered and ignored.
        piecewise: answers come byte by byte.
        commands: what it carried out, oldest first.
        apn: access point of the first context.
        login: the last command that set a login.
    """

    family: Family = EC25
    sim: EmulatedSim | None = field(factory=EmulatedSim)
    registration: int = 1
    access: int = 7
    operator: str = "26201"
    csq: str = "21,99"
    cesq: str = "99,99,255,255,20,46"
    dumb: int = 0
    garbage: bytes = b""
    unsolicited: str = ""
    counter: str | None = None
    answer_s: float = 0.0
    refuse: dict[str, str] = field(factory=dict)
    boot_s: float = 5.0
    obeys_reset: bool = True
    sticky_echo: bool = False
    piecewise: bool = False
    commands: deque[str] = field(factory=lambda: deque[str](maxlen=1000))
    apn: str = ""
    login: str = ""
    _echo: bool = field(default=True, init=False)
    _errors: int = field(default=0, init=False)
    _down: bool = field(default=False, init=False)
    _send: Callable[[bytes], None] = field(default=lambda _: None, init=False)
    _typed: bytearray = field(factory=bytearray, init=False)

    def insert_sim(self, pin: str, attempts: int) -> None:
        """Put another card in, with this many PIN attempts left."""
        self.sim = EmulatedSim(pin=pin, left=attempts)

    @property
    def pin_attempts(self) -> int:
        """PIN attempts that are left on the card; 0 without one."""
        return 0 if self.sim is None else self.sim.left

    def attach(self, send: Callable[[bytes], None]) -> None:
        """Keep the line."""
        self._send = send

    def receive(self, data: bytes) -> None:
        """Bytes from the controller; nothing is heard while it restarts."""
        if self._down:
            return
        for byte in data:
            if byte != 0x0D:
                self._typed.append(byte)
                continue
            command = self._typed.decode("ascii", "replace").strip()
            self._typed.clear()
            if command:
                self._take(command)

    def say(self, line: str) -> None:
        """An unsolicited line."""
        if not self._down:
            self._send(f"\r\n{line}\r\n".encode())

    def restart(self) -> None:
        """Go down, and come up with every setting forgotten and the card locked."""
        self._down = True
        self._typed.clear()
        if self.boot_s >= 0:
            asyncio.get_running_loop().call_later(self.boot_s, self._booted)

    def _booted(self) -> None:
        self._down, self._echo, self._errors = False, True, 0
        if self.sim is not None:
            self.sim.unlocked = False
        for line in self.family.boot:
            self.say(line)

    def _take(self, command: str) -> None:
        self.commands.append(command)
        echo = command.encode() + b"\r" if self._echo else b""
        if self.dumb:
            self.dumb -= self.dumb > 0
            return
        lines = self._answer(command)
        if self.unsolicited:
            lines = [lines[0], self.unsolicited, *lines[1:]] if len(lines) > 1 else [self.unsolicited, *lines]
        answer = echo + self.garbage + b"".join(f"\r\n{line}\r\n".encode() for line in lines)
        if self.answer_s:
            asyncio.get_running_loop().call_later(self.answer_s, self._speak, answer)
        else:
            self._speak(answer)

    def _speak(self, answer: bytes) -> None:
        for piece in [answer[i : i + 1] for i in range(len(answer))] if self.piecewise else [answer]:
            self._send(piece)

    def _answer(self, command: str) -> list[str]:
        for beginning, instead in self.refuse.items():
            if command.startswith(beginning):
                return [instead]
        return ["OK"] if self._set(command) else self._told(command)

    def _set(self, command: str) -> bool:
        """Take a setting; whether it was one."""
        if command in {"ATE0", "ATE1"}:
            self._echo = command == "ATE1" or self.sticky_echo
        elif command.startswith("AT+CMEE="):
            self._errors = int(command[-1])
        elif command == "AT+CFUN=1,1":
            if self.obeys_reset:
                asyncio.get_running_loop().call_later(0.2, self.restart)
        elif command.startswith("AT+CGDCONT=1,"):
            self.apn = command.split(",")[2].strip('"')
        elif command.startswith(self.family.login):
            self.login = command
        else:
            return False
        return True

    def _told(self, command: str) -> list[str]:
        family = self.family
        texts = {
            "AT": [],
            "AT+CGMI": [family.maker],
            "AT+CGMM": [family.model],
            "AT+CGMR": [family.revision],
            "AT+CGSN": ["490154203237518"],
            "AT+CSQ": [f"+CSQ: {self.csq}"],
            "AT+CESQ": [f"+CESQ: {self.cesq}"],
            "AT+COPS?": [f'+COPS: 0,2,"{self.operator}",{self.access}' if self.registration in {1, 5} else "+COPS: 0"],
        }
        if command in texts:
            return [*texts[command], "OK"]
        if match := re.fullmatch(r"AT\+(C|CG|CE)REG\?", command):
            return [f"+{match[1]}REG: 0,{self.registration}", "OK"]
        return self._card(command)

    def _card(self, command: str) -> list[str]:
        family, sim = self.family, self.sim
        asked = command in {"AT+CPIN?", family.counter, family.iccid} or command.startswith("AT+CPIN=")
        if not asked:
            return ["ERROR"]
        if sim is None:
            return [self._refusal(10, "SIM not inserted")]
        if command == family.counter:
            left = str(sim.left) if self.counter is None else self.counter
            return [family.counter_answer.format(left=left), "OK"] if left else ["ERROR"]
        if command == family.iccid:
            return [family.iccid_answer.format(iccid=sim.iccid), "OK"]
        if command == "AT+CPIN?":
            return [f"+CPIN: {sim.state}", "OK"]
        if sim.state != "SIM PIN":
            return [self._refusal(3, "operation not allowed")]
        return ["OK"] if sim.enter(command.split('"')[1]) else [self._refusal(16, "incorrect password")]

    def _refusal(self, code: int, words: str) -> str:
        return "ERROR" if self._errors == 0 else f"+CME ERROR: {code if self._errors == 1 else words}"


def emulate_modem(site: EmulationSite, options: AtOptions) -> None:
    """Put a modem on the device's line; ``plant.parts[device]`` is the :class:`EmulatedModem`."""
    family = {Speaks.GEMALTO: ELS61, Speaks.GENERIC: GENERIC}.get(options.dialect, EC25)
    if options.pin_counter is PinCounter.CPINR:
        family = GENERIC
    modem = EmulatedModem(family=family)
    site.plant.parts[site.device] = modem
    site.attach_serial(modem)
