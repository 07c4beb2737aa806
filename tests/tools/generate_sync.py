"""Writes ``cc613hal/sync.py`` from the Protocols in ``cc613hal.interfaces``.

Run ``python tests/tools/generate_sync.py`` after changing an interface; ``--check`` only tells whether the file is current.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType

from typing_extensions import is_protocol

from cc613hal import interfaces

TARGET = Path(__file__).parents[2] / "cc613hal" / "sync.py"
HEADER = '''"""The library without ``await``: every capability as a class of blocking methods, and boards to get them from.

This file is generated from :mod:`cc613hal.interfaces` by ``tests/tools/generate_sync.py``; do not edit it.

    with open_board("bender.cc613", sim=True) as board:
        print(board.get(EnergyMeter).read_energy().imported.kwh)

Methods block their thread until the device answered and raise what the asynchronous ones raise. Ctrl-C in a blocking call cancels it;
leaving the board, also through an error or at the end of the program, takes every device to its safe state.
"""
'''


def protocols() -> list[type]:
    """The capabilities, by name."""
    return [value for name in sorted(interfaces.__all__) if inspect.isclass(value := getattr(interfaces, name)) and is_protocol(value)]


def members(protocol: type) -> Iterator[tuple[str, FunctionType, bool]]:
    """Name, function, and whether it is a property, in the order they are written."""
    for name, value in vars(protocol).items():
        if name.startswith("_"):
            continue
        if isinstance(value, property):
            assert isinstance(value.fget, FunctionType)
            yield name, value.fget, True
        elif isinstance(value, FunctionType):
            yield name, value, False


def docstring(text: str, indent: str) -> str:
    """A docstring as source."""
    lines = inspect.cleandoc(text).splitlines()
    if len(lines) == 1:
        return f'{indent}"""{lines[0]}"""\n'
    return f'{indent}"""' + "\n".join(f"{indent}{line}" if line else "" for line in lines).lstrip() + f'\n{indent}"""\n'


def method(name: str, function: FunctionType, is_property: bool) -> str:
    """One member of a facade class as source."""
    signature = inspect.signature(function)
    returns = str(signature.return_annotation)
    shown = str(signature.replace(return_annotation=inspect.Signature.empty)).replace("'", "")
    shown = re.sub(r"=\s*(?=\))", '=""', re.sub(r"=\s*(?=,)", '=""', shown))
    shown = re.sub(r"<(\w+\.\w+): [^>]*>", r"\1", shown)  # the default is a member of an enum
    if events := re.fullmatch(r"Events\[(.+)\]", returns):
        returns = f"SyncEvents[{events[1]}]"
        body = f"SyncEvents(self._ask(lambda: self._device.{name}), self._loop)"
    elif is_property:
        body = f"self._ask(lambda: self._device.{name})"
    else:
        given = [
            f"{parameter.name}={parameter.name}" if parameter.kind is inspect.Parameter.KEYWORD_ONLY else parameter.name
            for parameter in list(signature.parameters.values())[1:]
        ]
        target = f"self._device.{name}"
        if inspect.iscoroutinefunction(function):
            body = f"self._loop.wait({', '.join([target, *given])})"
        else:
            body = f"self._ask(lambda: {target}({', '.join(given)}))"
    assert function.__doc__, f"{name} has no docstring"
    prefix = "    @property\n" if is_property else ""
    statement = body if returns == "None" else f"return {body}"
    if "_ask" in body and returns != "None" and not events:
        statement = f"answer: {returns} = {body}\n        return answer"
    return f"{prefix}    def {name}{shown} -> {returns}:\n{docstring(function.__doc__, ' ' * 8)}        {statement}\n"


def facade(protocol: type) -> str:
    """One facade class as source."""
    name = protocol.__name__
    first, *rest = inspect.cleandoc(protocol.__doc__ or "").split("\n")
    text = "\n".join([f"{first}", *rest, "", f"Blocking form of :class:`~cc613hal.interfaces.{name}`."])
    parts = [method(*member) for member in members(protocol)]
    return f"class Sync{name}(Facade[{name}]):\n{docstring(text, '    ')}\n    __slots__ = ()\n\n" + "\n".join(parts)


def overloads(names: list[str], verb: str, parameters: str, result: str) -> str:
    """Typed signatures of one lookup, one per capability."""
    return "\n".join(
        f"    @overload\n    def {verb}(self, capability: TypeForm[{name}]{parameters}) -> {result.format(f'Sync{name}')}: ..."
        for name in names
    )


def board(names: list[str]) -> str:
    """The class ``SyncBoard`` as source."""
    which = ", name: str | None = None, *, connector: int | None = None"
    return f'''
class SyncBoard(BlockingBoard):
    """An open board whose devices are asked without ``await``."""

{overloads(names, "get", which, "{}")}
    def get(self, capability: Any{which}) -> Any:
        """The device with a capability.

        Args:
            capability: a Protocol of :mod:`cc613hal.interfaces`.
            name: which device, where the board has several.
            connector: the one of this connector.

        Raises:
            NotOnBoard: there is none, or more than one fits.
        """
        return self._wrap(capability, self.on_loop(lambda: self._board.get(capability, name, connector=connector)))

{overloads(names, "optional", which, "{} | None")}
    def optional(self, capability: Any{which}) -> Any:
        """As :meth:`get`, and ``None`` where the board has none."""
        found = self.on_loop(lambda: self._board.optional(capability, name, connector=connector))
        return None if found is None else self._wrap(capability, found)

{overloads(names, "all", "", "dict[str, {}]")}
    def all(self, capability: Any) -> Any:
        """Every device with a capability, by name."""
        found = self.on_loop(lambda: self._board.all(capability))
        return {{name: _FACADES[capability](device, name, self._loop) for name, device in found.items()}}

    def _wrap(self, capability: Any, device: object) -> Any:
        found = self.on_loop(lambda: self._board.all(capability))
        name = next((name for name, candidate in found.items() if candidate is device), "")
        return _FACADES[capability](device, name, self._loop)


def open_board(
    board: str | Path | BoardDescription,
    *,
    overlays: Iterable[str | Path] = (),
    sim: bool = False,
    ptys: bool = False,
    buses: BusFactory | None = None,
    state_dir: Path | None = None,
) -> SyncBoard:
    """Open a board for blocking code; use it in a ``with`` statement, or end it with ``close()``.

    Args:
        board: a board's name, the path of a board file, or a loaded description.
        overlays: board files laid over it.
        sim: put emulated parts on simulated buses instead of opening hardware.
        ptys: with ``sim``, serve serial and Modbus lines on real ptys and sockets.
        buses: who opens buses; Linux if omitted.
        state_dir: where devices keep their memory.

    Raises:
        BoardFileError: the board file has mistakes.
        ConnectFailed: required devices do not answer.
    """
    return SyncBoard(board, overlays=overlays, sim=sim, ptys=ptys, buses=buses, state_dir=state_dir)
'''


def generate() -> str:
    """The whole file, not yet formatted."""
    found = protocols()
    names = [protocol.__name__ for protocol in found]
    body = "\n\n".join(facade(protocol) for protocol in found) + "\n" + board(names)
    code = re.sub(r'"""(.|\n)*?"""', "", body)
    used = sorted((name for name in interfaces.__all__ if re.search(rf"\b{name}\b", code)), key=str.casefold)
    extra = "from collections.abc import Iterable, Sequence\n" if "Sequence[" in body else "from collections.abc import Iterable\n"
    public = sorted([*(f"Sync{name}" for name in names), "SyncBoard", "SyncEvents", "open_board"])
    table = "".join(f"    {name}: Sync{name},\n" for name in names)
    return (
        f"{HEADER}\nfrom __future__ import annotations\n\n{extra}from pathlib import Path\n"
        "from typing import TYPE_CHECKING, Any, overload\n\n"
        "from cc613hal._facade import BlockingBoard, Facade, SyncEvents\n"
        f"from cc613hal.interfaces import {', '.join(used)}\n\n"
        "if TYPE_CHECKING:\n    from typing_extensions import TypeForm\n\n    from cc613hal.board import BoardDescription\n"
        "    from cc613hal.bus.factory import BusFactory\n\n"
        f"__all__ = {public!r}\n\n\n{body}\n\n_FACADES: dict[type, type[Facade[Any]]] = {{\n{table}}}\n"
    )


def same(left: str, right: str) -> bool:
    """Whether two sources mean the same, however they are laid out: the tests need no formatter."""
    return ast.dump(ast.parse(left)) == ast.dump(ast.parse(right))


def formatted(source: str) -> str:
    """The source as ``ruff format`` leaves it."""
    ruff = Path(sys.executable).parent / "ruff"
    command = [str(ruff), "format", "--stdin-filename", str(TARGET), "-"]
    return subprocess.run(command, input=source, capture_output=True, text=True, check=True).stdout


def main(argv: list[str] | None = None) -> int:
    """Write the file, or check it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if the file is not current")
    arguments = parser.parse_args(argv)
    importlib.invalidate_caches()
    source = generate()
    current = TARGET.read_text(encoding="utf-8") if TARGET.exists() else ""
    if same(current, source):
        return 0
    if arguments.check:
        sys.stderr.write("cc613hal/sync.py is not current: run python tests/tools/generate_sync.py\n")
        return 1
    TARGET.write_text(formatted(source), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
