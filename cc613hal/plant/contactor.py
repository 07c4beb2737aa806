"""The body of a contactor: main contacts that follow their coil a little later, weld, or hang."""

from __future__ import annotations

from cc613hal.plant.physics import Timer
from cc613hal.plant.world import Outlet

__all__ = ["ContactorBody"]


class ContactorBody:
    """Main contacts of one outlet.

    They close ``pull_in_s`` after the coil is energised and open ``drop_out_s`` after it is released (15 to 40 ms is usual for
    contactors of this size). ``Outlet.welded`` keeps them closed, or closes them if they were open; ``Outlet.stuck_open`` keeps them
    open.

    Args:
        outlet: whose contacts.
        pull_in_s: coil on to contacts closed, s.
        drop_out_s: coil off to contacts open, s.
    """

    def __init__(self, outlet: Outlet, *, pull_in_s: float = 0.03, drop_out_s: float = 0.02) -> None:
        self.outlet = outlet
        self.pull_in_s = pull_in_s
        self.drop_out_s = drop_out_s
        self._timer = Timer()
        outlet.coil.on(self._coil_changed)
        outlet.welded.on(lambda _: self._settle())
        outlet.stuck_open.on(lambda _: self._settle())

    def _coil_changed(self, energised: bool) -> None:
        self._timer.start(self.pull_in_s if energised else self.drop_out_s, self._settle)

    def _settle(self) -> None:
        outlet = self.outlet
        if outlet.welded.value:
            outlet.contacts.set(outlet.contacts.value or outlet.phases_selected.value)
        elif outlet.stuck_open.value or not outlet.coil.value:
            outlet.contacts.set(0)
        else:
            outlet.contacts.set(outlet.phases_selected.value)
