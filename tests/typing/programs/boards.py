"""Right and wrong uses of boards; ``test_typing.py`` compares each comment behind ``#:`` with what the type checkers say."""

from __future__ import annotations

from typing import reveal_type

from cc613hal.board import Board
from cc613hal.events import Events
from cc613hal.health import Health
from cc613hal.interfaces import CardReader, Contactor, ControlPilot, EnergyMeter, PilotReading, PilotState, TemperatureSensor, TiltSensor
from cc613hal.plugins import DeviceContext
from cc613hal.sync import SyncBoard, open_board


async def asynchronous(board: Board) -> None:
    meter = board.get(EnergyMeter, "meter1")
    reveal_type(meter)  #: EnergyMeter
    reveal_type(board.get(Contactor, connector=1))  #: Contactor
    reveal_type(board.all(TemperatureSensor))  #: dict[str, TemperatureSensor]
    reveal_type(board.optional(TiltSensor))  #: TiltSensor | None
    reveal_type(board.health())  #: dict[str, Health]
    reveal_type((await meter.read_energy()).imported.wh)  #: Decimal
    reveal_type(await board.get(ControlPilot).read())  #: PilotReading
    reveal_type(board.get(ControlPilot).changes)  #: Events[PilotReading]
    reveal_type((await board.get(Contactor).switch_on()).verified)  #: bool
    reveal_type([await sensor.read() for sensor in board.all(TemperatureSensor).values()])  #: list[TemperatureReading]


async def asynchronous_mistakes(board: Board) -> None:
    board.get("meter1")  #: error arg-type
    board.get(EnergyMeter, 1)  #: error arg-type
    board.get(EnergyMeter, connector="1")  #: error arg-type
    await board.get(EnergyMeter).read_power()  #: error attr-defined
    await board.get(EnergyMeter).read_energy(1)  #: error call-arg
    await board.optional(TiltSensor).read_tilt()  #: error union-attr
    wrong: Contactor = board.get(EnergyMeter)  #: error assignment
    board.get(ControlPilot).offer(16.0)  #: error unused-coroutine
    await board.get(ControlPilot).offer("16 A")  #: error arg-type
    board.get(ControlPilot).changes.on(lambda reading: reading.power_w)  #: error attr-defined
    (await board.get(ControlPilot).read()).state = PilotState.A  #: error misc
    del wrong


def driver(context: DeviceContext) -> None:
    reveal_type(context.uses("meter", EnergyMeter))  #: EnergyMeter
    reveal_type(context.input("alert").read())  #: bool
    reveal_type(context.connector)  #: int | None
    context.uses(EnergyMeter, "meter")  #: error arg-type
    context.uses("meter")  #: error call-arg
    context.i2c.write("text")  #: error arg-type unused-coroutine


def blocking() -> None:
    with open_board("bender.cc613", sim=True) as board:
        reveal_type(board)  #: SyncBoard
        reveal_type(board.get(EnergyMeter))  #: SyncEnergyMeter
        reveal_type(board.get(CardReader, "reader"))  #: SyncCardReader
        reveal_type(board.all(TemperatureSensor))  #: dict[str, SyncTemperatureSensor]
        reveal_type(board.optional(TiltSensor))  #: SyncTiltSensor | None
        reveal_type(board.get(EnergyMeter).read_energy().imported.kwh)  #: Decimal


def blocking_mistakes(board: SyncBoard) -> None:
    board.get("meter1")  #: error call-overload
    board.get(EnergyMeter).read_power()  #: error attr-defined
    board.optional(TiltSensor).read_tilt()  #: error union-attr
    board.get(ControlPilot).offer("16 A")  #: error arg-type


def names(events: Events[PilotReading], health: Health) -> None:
    reveal_type(events.on(lambda reading: None))  #: Subscription
    reveal_type(health.usable)  #: bool
