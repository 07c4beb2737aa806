"""Two controllers in one station: charge at both, share one supply, lose the link, and compare what was billed. Minutes pass in seconds.

Both run as they would on hardware, each with a board and a database of its own; only the buses and the network between them are simulated.
``docs/how-to/two-controllers.md`` shows the same with two programs and a real network.
"""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path

from cc613_chargepoint.domain.events import FaultRaised
from cc613_chargepoint.evse.transitions import State
from cc613_chargepoint.pairing import PairingSettings
from cc613_chargepoint.simulated_pair import SimulatedPair, simulated_pair
from cc613hal.clock import run_virtual


def tell(pair: SimulatedPair, what: str) -> None:
    """One line: the time, what happened, and what each connector may draw."""
    shares = {
        number: made.station.limits.effective().current_a if made.station.connector.state is State.CHARGING else 0.0
        for number, made in ((1, pair.master), (2, pair.slave))
    }
    print(f"{pair.link.clock.monotonic_s():6.0f} s  {what:<48} connector 1: {shares[1]:4.1f} A   connector 2: {shares[2]:4.1f} A")


async def story(pair: SimulatedPair) -> None:
    """A day in the life of a pair."""
    master, slave = pair.master, pair.slave
    second = master.station.connectors[2]
    slave.plug()
    await pair.until(lambda: second.state is State.CONNECTED)
    await master.tap("04A2B3C4D5E680")  # the reader is at the master
    await pair.until(lambda: second.state is State.CHARGING)
    await pair.sleep(20.0)
    tell(pair, "a vehicle charges at the slave, alone")
    master.plug()
    await pair.sleep(1.0)
    await master.tap("04FFEEDDCCBBAA")
    await pair.until(lambda: master.state is State.CHARGING, 60.0)
    await pair.sleep(60.0)
    tell(pair, "another one at the master: they share 32 A")
    pair.link.swallow()
    await pair.sleep(15.0)
    tell(pair, "the link is lost: the slave is at its safe current")
    await pair.sleep(45.0)
    tell(pair, "the master uses what the slave cannot take")
    print(f"          the master says: {master.of(FaultRaised)[-1].fault.name.word}")
    slave.unplug(force=True)
    await pair.sleep(60.0)
    tell(pair, "the vehicle leaves the slave, and nobody hears it")
    pair.link.mend()
    await pair.until(lambda: second.state is State.AVAILABLE, 60.0)
    await pair.sleep(5.0)
    tell(pair, "the link is back")


async def main() -> None:
    """The story, and the bills."""
    with tempfile.TemporaryDirectory() as place:
        async with simulated_pair(Path(place), PairingSettings(supply_a=32.0, safe_a=6.0)) as pair:
            await story(pair)
            at_master, at_slave = [
                {each.uid: each.energy_wh for each in await store.read(lambda tx: tx.sessions.recent()) if each.connector == connector}
                for store, connector in zip(pair.stores, (2, 1), strict=True)
            ]
    print("\n".join(f"billed for connector 2: {energy_wh:.1f} Wh, session {uid}" for uid, energy_wh in at_master.items() if energy_wh))
    if at_master != at_slave:
        raise SystemExit(f"the slave has other bills: {at_slave}")
    print("the slave has the same bills, each once")


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    run_virtual(main())
