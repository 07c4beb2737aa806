"""The documentation page of the parameter table, made from the table."""

from __future__ import annotations

from cc613_chargepoint.settings.parameter import Group
from cc613_chargepoint.settings.table import TABLE

__all__ = ["settings_page"]


def settings_page() -> str:
    """Markdown, one table per group."""
    lines = [
        "# Settings of the application",
        "",
        "Made from the parameter table. Layers, from the weakest: factory, OEM, operator, backend. ↻ takes effect with the next start.",
        "",
    ]
    for group in Group:
        lines += [f"## {group.value.capitalize()}", ""]
        lines += ["| key | default | range | unit | changed by | OCPP 1.6 | OCPP 2.0.1 | meaning |", "|---|---|---|---|---|---|---|---|"]
        for each in TABLE.values():
            if each.group is group:
                default = "secret" if each.secret else f"`{each.text(each.default) or 'empty'}`"
                who = "nobody" if each.change is None else each.change.value
                again = " ↻" if each.restart else ""
                lines.append(
                    f"| `{each.key}`{again} | {default} | {each.range_text()} | {each.unit} | {who} | {each.ocpp16} | {each.ocpp201} "
                    f"| {each.en} |"
                )
        lines.append("")
    return "\n".join(lines)
