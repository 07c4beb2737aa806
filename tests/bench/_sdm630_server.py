"""An SDM630's registers behind pymodbus's Modbus TCP server, as a process of its own.

``python _sdm630_server.py PORT`` prints a line when it listens.
"""

from __future__ import annotations

import asyncio
import struct
import sys

from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

VALUES = {0x00: [230.0] * 3 + [16.0] * 3 + [3680.0] * 3, 0x34: [11040.0], 0x46: [50.0, 1234.5, 0.0]}


def device() -> SimDevice:
    """Unit 1 with floats at the SDM630's addresses."""
    words = [0] * 128
    for address, values in VALUES.items():
        words[address : address + 2 * len(values)] = struct.unpack(f">{2 * len(values)}H", struct.pack(f">{len(values)}f", *values))
    return SimDevice(1, simdata=[SimData(0, values=words, datatype=DataType.REGISTERS)])


async def main(port: int) -> None:
    server = ModbusTcpServer(device(), address=("127.0.0.1", port))
    await server.serve_forever(background=True)
    sys.stdout.write("listening\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
