"""The command ``cc613hal``: finds the verb, runs it, and turns what goes wrong into one line and an exit status."""

from __future__ import annotations

import argparse
import errno
import json
import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from cc613hal import __version__
from cc613hal.cli.exit_codes import ExitCode, exit_code_for
from cc613hal.errors import HalError

__all__ = ["VERBS", "build_parser", "main"]

VERBS = {
    "list": "list_",
    "check": "check",
    "scan": "scan",
    "info": "info",
    "read": "read",
    "watch": "watch",
    "set": "set_",
    "test": "test_",
    "trace": "trace",
    "record": "record",
    "replay": "replay",
    "sim": "sim",
    "shell": "shell",
    "schema": "schema",
    "diag": "diag",
    "doctor": "doctor",
    "ocmf": "ocmf",
    "new-driver": "new_driver",
}
"""Verbs and their modules in ``cc613hal.cli``, in the order of the help text."""

_EPILOG = "exit status: " + ", ".join(f"{code.value} {code.name.lower()}" for code in ExitCode)


def build_parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="cc613hal", description="Look at, check and drive the hardware of EV charge controllers.", epilog=_EPILOG
    )
    parser.add_argument("--version", action="version", version=f"cc613hal {__version__}")
    parser.add_argument("--debug", action="store_true", help="show tracebacks")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for verb, module_name in VERBS.items():
        module = import_module(f"cc613hal.cli.{module_name}")
        sub = verbs.add_parser(
            verb,
            help=module.HELP,
            description=module.HELP,
            epilog=f"example:\n  {module.EXAMPLE}\n\n{_EPILOG}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        # SUPPRESS keeps a --debug before the verb from being overwritten by the verb's own default
        sub.add_argument("--debug", action="store_true", default=argparse.SUPPRESS, help="show tracebacks")
        module.configure(sub)
        sub.set_defaults(run=module.run)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status, see :class:`~cc613hal.cli.exit_codes.ExitCode`."""
    if argv is None:
        _fill_closed_streams()
        # until a verb runs there is nothing to bring to a safe state: Ctrl-C ends the process, silently, also in the middle of an import
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        arguments = build_parser().parse_args(argv)
    except SystemExit as finished:
        return finished.code if isinstance(finished.code, int) else ExitCode.USAGE
    try:
        if argv is None:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        status = int(arguments.run(arguments))
        sys.stdout.flush()
    except HalError as error:
        return _report(error, arguments)
    except KeyboardInterrupt:
        if argv is None:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is ending; a second Ctrl-C would only make the interpreter complain
        _say("interrupted")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # the reader has seen enough (| head); without this the interpreter would complain once more while it ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.OK
    except OSError as error:
        if arguments.debug:
            raise
        return _report_os(error)
    return status


def _fill_closed_streams() -> None:
    """A service may have closed its standard streams (``>&-``); Python then has ``None`` in their places."""
    if sys.stdin is None:
        sys.stdin = Path(os.devnull).open(encoding="utf-8")  # noqa: SIM115  # as long as the process lives
    if sys.stdout is None:
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115


def _report(error: HalError, arguments: argparse.Namespace) -> int:
    if arguments.debug:
        raise error
    if getattr(arguments, "json", False):
        print(json.dumps({"error": error.as_dict()}, ensure_ascii=False))
    _say(str(error))
    return exit_code_for(error)


def _report_os(error: OSError) -> int:
    name = f"{error.filename}: " if error.filename else ""
    hints = {
        errno.ENOSPC: "free some space, or write somewhere else",
        errno.EDQUOT: "your quota is used up; free some space, or write somewhere else",
        errno.EACCES: "choose a place you may write to",
        errno.EROFS: "choose a place you may write to",
        errno.ENOENT: "check the path",
    }
    hint = hints.get(error.errno or 0)
    _say(f"{name}{error.strerror or error}" + (f" ({hint})" if hint else ""))
    return ExitCode.OUTPUT


def _say(text: str) -> None:
    print(f"cc613hal: {text}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
