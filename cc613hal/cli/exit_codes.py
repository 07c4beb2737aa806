"""What the exit status of ``cc613hal`` means; scripts may rely on it."""

from __future__ import annotations

import enum

from cc613hal.errors import ConfigError, HalError, NotOnBoard, PluginError, SafetyRefused, Unsupported

__all__ = ["ExitCode", "exit_code_for"]


class ExitCode(enum.IntEnum):
    """Exit status of the command."""

    OK = 0
    """Done."""
    FAILED = 1
    """A check or a test was carried out and failed."""
    USAGE = 2
    """Wrong command line, wrong board file, no such device."""
    DEVICE = 3
    """A device or a bus failed."""
    REFUSED = 4
    """Refused for safety; nothing was done."""
    PLUGIN = 5
    """A driver package cannot be used."""
    OUTPUT = 6
    """A file could not be written (full disk, no permission)."""
    INTERRUPTED = 130
    """Ctrl-C or SIGTERM; the board reached its safe state."""


def exit_code_for(error: HalError) -> ExitCode:
    """The exit status for an error of this library."""
    if isinstance(error, PluginError):
        return ExitCode.PLUGIN
    if isinstance(error, SafetyRefused):
        return ExitCode.REFUSED
    if isinstance(error, ConfigError | NotOnBoard | Unsupported):
        return ExitCode.USAGE
    return ExitCode.DEVICE
