"""The kernel lane: the project's bus code on the character devices of a running Linux kernel.

`python -m tests.kernel.lane` boots Debian's stock kernel in QEMU with this machine's file system below it (read-only), adds simulated
GPIO, I2C, SPI and serial hardware, and runs pytest inside. See `README.md` beside this package.
"""
