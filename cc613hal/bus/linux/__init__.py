"""Bus adapters on Linux: the only place that imports smbus2, spidev, python-periphery, pyserial and pymodbus."""
