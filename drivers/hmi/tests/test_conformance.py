"""The library's suites, inherited by the driver of this package."""

from __future__ import annotations

from cc613hal.testing.conformance import DigitalInputSuite, DisplaySuite, DriverSuite, IndicatorSuite, SounderSuite


class TestPca9685(DriverSuite, IndicatorSuite):
    driver = "hmi.pca9685"


class TestPca9633(DriverSuite, IndicatorSuite):
    driver = "hmi.pca9633"


class TestPca9552(DriverSuite, IndicatorSuite):
    driver = "hmi.pca9552"


class TestIs31fl32xx(DriverSuite, IndicatorSuite):
    driver = "hmi.is31fl32xx"


class TestLp5562(DriverSuite, IndicatorSuite):
    driver = "hmi.lp5562"


class TestLedClass(DriverSuite, IndicatorSuite):
    driver = "hmi.led-class"


class TestUsbHmi(DriverSuite, IndicatorSuite):
    driver = "hmi.usb"


class TestUsbHmiDisplay(DisplaySuite):
    driver = "hmi.usb"


class TestUsbHmiSounder(SounderSuite):
    driver = "hmi.usb"


class TestHd44780(DriverSuite, DisplaySuite):
    driver = "hmi.hd44780"


class TestBuzzer(DriverSuite, SounderSuite):
    driver = "hmi.buzzer"


class TestButton(DriverSuite, DigitalInputSuite):
    driver = "hmi.button"


class TestSsd1306(DriverSuite, DisplaySuite):
    driver = "hmi.ssd1306"
