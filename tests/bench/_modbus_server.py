"""A Modbus TCP server made of pymodbus's own parts, run as a process of its own.

``python _modbus_server.py PORT`` prints a line when it listens.
"""

from __future__ import annotations

import asyncio
import sys

from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice


def device() -> SimDevice:
    """Unit 1 with holding registers 0 to 199, each with its address times three as value."""
    return SimDevice(1, simdata=[SimData(0, values=[3 * address for address in range(200)], datatype=DataType.REGISTERS)])


async def main(port: int) -> None:
    server = ModbusTcpServer(device(), address=("127.0.0.1", port))
    await server.serve_forever(background=True)
    sys.stdout.write("listening\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
