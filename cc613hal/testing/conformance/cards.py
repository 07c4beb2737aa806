"""Suite of card readers."""

from __future__ import annotations

from cc613hal.interfaces import CardEvent, CardReader, CardSecurity
from cc613hal.plant import FieldCard
from cc613hal.testing.conformance.base import Bench, Suite, eventually, scenario

__all__ = ["CardReaderSuite"]

_CARD = FieldCard(uid=bytes.fromhex("04A1B2C3D4E5F6"), sak=0x00, atqa=0x0044)


class CardReaderSuite(Suite):
    """A reader whose events say what a read proves."""

    capability = "CardReader"

    @scenario
    async def test_an_empty_field_has_no_cards(self, bench: Bench) -> None:
        reader: CardReader = bench.device
        assert await reader.poll_once() == ()

    @scenario
    async def test_a_card_is_read_and_proves_no_more_than_its_number(self, bench: Bench) -> None:
        reader: CardReader = bench.device
        bench.plant.cabinet.cards.set((_CARD,))
        (card,) = await reader.poll_once()
        assert card.uid == "04A1B2C3D4E5F6"
        assert card.security is CardSecurity.UID

    @scenario
    async def test_a_card_comes_and_goes_once(self, bench: Bench) -> None:
        reader: CardReader = bench.device
        heard: list[CardEvent] = []
        with reader.cards.on(heard.append):
            await reader.start_polling()
            bench.plant.cabinet.cards.set((_CARD,))

            async def came() -> bool:
                return bool(heard)

            assert await eventually(came, bench)
            await bench.board.clock.sleep(5.0)
            bench.plant.cabinet.cards.set(())

            async def went() -> bool:
                return not heard[-1].present

            assert await eventually(went, bench)
            await reader.stop_polling()
        assert [(event.present, event.card.uid) for event in heard] == [(True, "04A1B2C3D4E5F6"), (False, "04A1B2C3D4E5F6")]
        assert heard[0].source == bench.name
