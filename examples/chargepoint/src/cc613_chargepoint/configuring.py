"""``cc613-chargepoint config``: the settings in a data directory, or of the station that runs on it."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from cc613_chargepoint.domain.role import Role
from cc613_chargepoint.facade.client import SOCKET, FacadeClient
from cc613_chargepoint.facade.commands import ChangeSettings, SettingsAnswer
from cc613_chargepoint.service import DataDirectoryBusy, owned
from cc613_chargepoint.settings import RESET, TABLE, Actor, Group, Layer, Settings, SettingsRefused, Value, parameter
from cc613_chargepoint.store import Store
from cc613hal.clock import Clock
from cc613hal.errors import ConfigError

__all__ = ["DATABASE", "add_config", "change", "config"]

DATABASE = "station.db"
"""The database's name in a data directory."""


def add_config(verbs: Any) -> None:
    """Add the verb to a parser."""
    parser = verbs.add_parser("config", help="look at and change settings", description="Settings of a data directory.")
    parser.set_defaults(debug=False, log="text")
    actions = parser.add_subparsers(dest="action", required=True)

    def action(name: str, summary: str) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = actions.add_parser(name, help=summary, description=f"{summary[:1].upper()}{summary[1:]}.")
        made.add_argument("--data", type=Path, required=True, metavar="DIR", help="data directory of the station")
        made.add_argument("--json", action="store_true", help="answer in JSON")
        return made

    action("list", "every setting with its value and who set it").add_argument(
        "group",
        nargs="?",
        choices=[each.value for each in Group],
        metavar="GROUP",
        help=f"only this group: {', '.join(each.value for each in Group)}",
    )
    action("get", "one setting").add_argument("key")
    setting = action("set", "change settings, all or none")
    setting.add_argument("assignment", nargs="+", metavar="KEY=VALUE", help="KEY= without a value resets it in the layer")
    exporting = action("export", "what the layers say, as a file that import takes")
    exporting.add_argument("--secrets", action="store_true", help="with secret values")
    importing = action("import", "take over a file, all of it or nothing")
    importing.add_argument("file", type=Path)
    action("diff", "what a file would change").add_argument("file", type=Path)
    setting.add_argument("--layer", choices=["oem", "operator", "backend"], default="operator", help="default: %(default)s")
    for changing in (setting, importing):
        changing.add_argument("--role", choices=[role.value for role in Role], default="manufacturer", help="act in a lesser role")


def config(arguments: argparse.Namespace) -> int:
    """Carry out the verb; returns the exit code."""
    database = arguments.data / DATABASE
    if arguments.action not in {"set", "import"} and not database.exists():
        raise ConfigError(f"{arguments.data} has no {DATABASE}", hint="`config set` begins one, and so does `run`")
    if arguments.action not in {"set", "import"}:
        asyncio.run(_with_settings(database, lambda settings: _ACTIONS[arguments.action](settings, arguments), migrate=False))
        return 0
    layers, texts = (_assigned(arguments), True) if arguments.action == "set" else (_file(arguments.file), False)
    change(layers, texts, arguments)
    return 0


def change(layers: dict[Layer, dict[str, Any]], texts: bool, arguments: argparse.Namespace) -> None:
    """Change settings in a data directory, or have the station that runs on it change them, and tell.

    Args:
        layers: layer → key → value.
        texts: whether the values are texts to be parsed.
        arguments: ``data``, ``role`` and ``json`` of the command line.
    """
    try:
        with owned(arguments.data):
            asyncio.run(
                _with_settings(arguments.data / DATABASE, lambda settings: _apply(settings, layers, texts, arguments), migrate=True)
            )
    except DataDirectoryBusy:
        asyncio.run(_ask_station(layers, texts, arguments))


async def _with_settings(database: Path, act: Callable[[Settings], Awaitable[None]], *, migrate: bool) -> None:
    """Act on the stored settings. A damaged file is left to the station: whoever only looks must not put aside what others use."""
    async with await Store.open(database, recover=False, migrate=migrate) as store:
        settings = await Settings.load(store, Clock())
        for each in settings.ignored:
            print(f"cc613-chargepoint: ignored: {each}", file=sys.stderr)
        await act(settings)


def _line(key: str, found: Value) -> str:
    which = TABLE[key]
    shown = found.value if which.secret else which.text(found.value) or "(empty)"
    return f"{key} = {shown}{' ' + which.unit if which.unit else ''}  [{found.layer.value}]"


def _plain(key: str, found: Value) -> dict[str, Any]:
    return {"value": TABLE[key].json(found.value), "layer": found.layer.value, "unit": TABLE[key].unit}


async def _list(settings: Settings, arguments: argparse.Namespace) -> None:
    seen = {key: found for key, found in settings.all().items() if arguments.group in {None, TABLE[key].group.value}}
    if arguments.json:
        print(json.dumps({key: _plain(key, found) for key, found in seen.items()}, indent=2))
    else:
        print("\n".join(_line(key, found) for key, found in seen.items()))


async def _get(settings: Settings, arguments: argparse.Namespace) -> None:
    settings.value(arguments.key)  # names what is meant, if there is no such key
    key = parameter(arguments.key).key
    found = settings.all()[key]
    if arguments.json:
        print(json.dumps({"key": key, **_plain(key, found)}))
    else:
        print(_line(key, found))
        print(f"  {TABLE[key].en}")
        print(f"  may be: {TABLE[key].range_text() or TABLE[key].kind.value}; factory value: {TABLE[key].text(TABLE[key].default)}")


def _actor(arguments: argparse.Namespace) -> Actor:
    return Actor(name=f"command line ({getpass.getuser()})", role=Role(arguments.role))


def _assigned(arguments: argparse.Namespace) -> dict[Layer, dict[str, Any]]:
    values: dict[str, Any] = {}
    for each in arguments.assignment:
        key, sign, text = each.partition("=")
        if not sign:
            raise ConfigError(f"{each!r} is no assignment", hint="write KEY=VALUE")
        values[key.strip()] = text if text.strip() else RESET
    return {Layer(arguments.layer): values}


async def _apply(settings: Settings, layers: dict[Layer, dict[str, Any]], texts: bool, arguments: argparse.Namespace) -> None:
    news = await settings.apply(layers, actor=_actor(arguments), texts=texts)
    seen = settings.all()
    _tell({key: seen[key] for key in news.values}, news.restart, arguments)


async def _ask_station(layers: dict[Layer, dict[str, Any]], texts: bool, arguments: argparse.Namespace) -> None:
    """A station runs on the directory: it changes its settings itself, and obeys them at once."""
    plain = {layer.value: {key: None if value is RESET else value for key, value in values.items()} for layer, values in layers.items()}
    async with FacadeClient(arguments.data / SOCKET) as client:
        answer = await client.ask(ChangeSettings(layers=plain, texts=texts))
    if isinstance(answer, SettingsAnswer):
        changed = {key: Value(TABLE[key].check(view.value), Layer(view.layer)) for key, view in answer.values.items()}
        _tell(changed, answer.restart, arguments)


def _tell(changed: dict[str, Value], restart: tuple[str, ...], arguments: argparse.Namespace) -> None:
    if arguments.json:
        print(json.dumps({"changed": {key: _plain(key, found) for key, found in changed.items()}, "restart": list(restart)}))
        return
    for key, found in changed.items():
        print(_line(key, found))
    if not changed:
        print("nothing in effect has changed")
    if restart:
        print(f"takes effect with the next start: {', '.join(restart)}")


async def _export(settings: Settings, arguments: argparse.Namespace) -> None:
    print(json.dumps({"schema": 1, "layers": settings.exported(secrets=arguments.secrets)}, indent=2, ensure_ascii=False))


def _file(path: Path) -> dict[Layer, dict[str, Any]]:
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read: {error}", hint="`config export` writes such a file") from error
    layers = content.get("layers") if isinstance(content, dict) else None
    if not isinstance(layers, dict) or content.get("schema") != 1 or set(content) - {"schema", "layers"}:
        raise ConfigError(f"{path} is no settings file", hint="`config export` writes such a file")
    mistakes = [("", f"{path}: there is no layer {name!r}") for name in layers if name not in {"oem", "operator", "backend"}]
    mistakes += [("", f"{path}: layer {name!r} is no table") for name, values in layers.items() if not isinstance(values, dict)]
    if mistakes:
        raise SettingsRefused(mistakes)
    return {Layer(name): values for name, values in layers.items()}


async def _diff(settings: Settings, arguments: argparse.Namespace) -> None:
    planned = Settings(settings.exported(secrets=True), None, Clock())
    await planned.apply(_file(arguments.file), actor=Actor(name="diff", role=Role.MANUFACTURER))
    before, after = settings.all(), planned.all()
    differing = [key for key in TABLE if settings.value(key) != planned.value(key)]
    if arguments.json:
        print(json.dumps({key: {"now": _plain(key, before[key]), "then": _plain(key, after[key])} for key in differing}, indent=2))
    else:
        for key in differing:
            print(f"- {_line(key, before[key])}\n+ {_line(key, after[key])}")
        if not differing:
            print("the file would change nothing")


_ACTIONS: dict[str, Callable[[Settings, argparse.Namespace], Awaitable[None]]] = {
    "list": _list,
    "get": _get,
    "export": _export,
    "diff": _diff,
}
