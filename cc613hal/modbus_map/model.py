"""A meter as data: what a register map holds once it is read and found right."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from decimal import Decimal

from attrs import evolve, field, frozen, validators

from cc613hal.bus.modbus import Table
from cc613hal.errors import ConfigError
from cc613hal.modbus_map.quantities import Group

__all__ = [
    "Block",
    "ByteOrder",
    "Derived",
    "Discovery",
    "Fingerprint",
    "Limits",
    "LinkDefaults",
    "MapError",
    "Register",
    "RegisterMap",
    "ValueType",
    "Variant",
    "WordOrder",
]


class MapError(ConfigError):
    """A register map with all its mistakes; ``problems`` holds one line each, ready to print."""

    kind = "register-map"

    def __init__(self, message: str, *, problems: Sequence[str], hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return "\n".join((super().__str__(), *self.problems))


class ValueType(enum.Enum):
    """How a value sits in its registers; the second item is its number of registers (0: the map says).

    ``t5`` and ``t6`` are Iskra's measurement types (MODBUS register maps of Iskra meters): a signed decade exponent in the top
    byte, an unsigned (t5) or signed (t6) 24-bit value below. ``hex32`` is a number to be read as eight hexadecimal digits, as the serial
    number of Inepro's meters is.
    """

    U16 = ("u16", 1)
    I16 = ("i16", 1)
    U32 = ("u32", 2)
    I32 = ("i32", 2)
    U64 = ("u64", 4)
    I64 = ("i64", 4)
    F32 = ("f32", 2)
    F64 = ("f64", 4)
    T5 = ("t5", 2)
    T6 = ("t6", 2)
    HEX32 = ("hex32", 2)
    ASCII = ("ascii", 0)

    @property
    def word(self) -> str:
        """The word a map uses for it."""
        return self.value[0]

    @property
    def registers(self) -> int:
        """How many registers it takes; 0 where the map says."""
        return self.value[1]

    @property
    def is_float(self) -> bool:
        """Whether it is an IEEE 754 number."""
        return self in {ValueType.F32, ValueType.F64}

    @property
    def is_signed(self) -> bool:
        """Whether it is a two's complement number."""
        return self in {ValueType.I16, ValueType.I32, ValueType.I64}


class WordOrder(enum.Enum):
    """Which register of a value comes first."""

    MSW_FIRST = "msw-first"
    LSW_FIRST = "lsw-first"


class ByteOrder(enum.Enum):
    """Order of the bytes inside a register; ``big`` is Modbus."""

    BIG = "big"
    LITTLE = "little"


@frozen(kw_only=True)
class Register:
    """One value of a device.

    Attributes:
        quantity: word of the vocabulary.
        address: zero-based wire address of its first register.
        type: how it is written.
        count: how many registers it takes.
        table: where it is.
        scale: multiplies the register into the quantity's unit, exact.
        scale_by: quantity of the register that holds a decade exponent to apply in addition; ``""`` for none.
        word_order: which register comes first.
        byte_order: order inside a register.
        not_available: register contents, as unsigned numbers, that mean "no value". NaN and infinity always do.
        group: how often it is worth reading.
        optional: some variants of the device refuse it.
        example: what an emulated meter has there if nothing measured belongs there (scale registers, codes, texts).
    """

    quantity: str
    address: int
    type: ValueType
    count: int
    table: Table = Table.INPUT
    scale: Decimal = Decimal(1)
    scale_by: str = ""
    word_order: WordOrder = WordOrder.MSW_FIRST
    byte_order: ByteOrder = ByteOrder.BIG
    not_available: tuple[int, ...] = ()
    group: Group = Group.FAST
    optional: bool = False
    example: int | str | None = None

    @property
    def end(self) -> int:
        """The address after its last register."""
        return self.address + self.count


@frozen(kw_only=True)
class Derived:
    """A value the device does not have but that follows from others, taken from the same group of reads.

    Attributes:
        quantity: word of the vocabulary.
        plus: quantities that are added.
        minus: quantities that are subtracted.
    """

    quantity: str
    plus: tuple[str, ...]
    minus: tuple[str, ...] = ()

    @property
    def inputs(self) -> tuple[str, ...]:
        """Everything it needs."""
        return self.plus + self.minus


@frozen(kw_only=True)
class LinkDefaults:
    """How the device leaves the factory.

    Attributes:
        transports: ``rtu``, ``tcp``.
        unit: Modbus unit.
        baud: bits per second.
        parity: ``N``, ``E`` or ``O``.
        data_bits: 8.
        stop_bits: 1 or 2.
        port: TCP port.
    """

    transports: tuple[str, ...] = ("rtu",)
    unit: int = field(default=1, validator=[validators.ge(0), validators.le(255)])
    baud: int = field(default=9600, validator=validators.gt(0))
    parity: str = field(default="N", validator=validators.in_(("N", "E", "O")))
    data_bits: int = field(default=8, validator=validators.in_((7, 8)))
    stop_bits: int = field(default=1, validator=validators.in_((1, 2)))
    port: int = field(default=502, validator=[validators.gt(0), validators.lt(65536)])


@frozen(kw_only=True)
class Limits:
    """What the device bears.

    Attributes:
        max_registers: most registers in one read (the protocol's own limit is 125: MODBUS Application Protocol V1.1b3, 6.3).
        gaps_readable: undefined registers between values answer something instead of exception 2.
        barriers: addresses no read may cross: a read ends before them or starts at them.
        reply_s: usual time from the end of a request to the start of the answer, s.
        refresh_s: how often the device measures, s; 0 where nobody knows.
        resolution_wh: smallest step of the energy counters, Wh; 0 where nobody knows.
    """

    max_registers: int = field(default=125, validator=[validators.ge(1), validators.le(125)])
    gaps_readable: bool = False
    barriers: tuple[tuple[Table, int], ...] = ()
    reply_s: float = field(default=0.01, validator=validators.ge(0))
    refresh_s: float = field(default=0.0, validator=validators.ge(0))
    resolution_wh: float = field(default=0.0, validator=validators.ge(0))


@frozen(kw_only=True)
class Fingerprint:
    """What proves that this model answers, without changing it.

    Attributes:
        register: what to read, in raw units (its ``quantity`` is free text here).
        low: smallest raw value that fits.
        high: largest raw value that fits.
        values: raw values that fit; empty for the whole range.
        typical: smallest and largest raw value that would be a coincidence in another device; ``None`` if every value might be one.
    """

    register: Register
    low: float = float("-inf")
    high: float = float("inf")
    values: tuple[int, ...] = ()
    typical: tuple[float, float] | None = None

    def fits(self, value: float | None) -> bool:
        """Whether a raw value could come from this model."""
        if value is None or not self.low <= value <= self.high:
            return False
        return not self.values or value in self.values


@frozen(kw_only=True)
class Block:
    """A block of registers that says what it is: its id, its length, then its registers (SunSpec calls it a model).

    Attributes:
        ids: ids of blocks with this layout.
        address: address of the id in the layout the map is written for.
        length: how many registers follow the length register.
    """

    ids: tuple[int, ...]
    address: int
    length: int

    @property
    def end(self) -> int:
        """The address after its last register."""
        return self.address + 2 + self.length


@frozen(kw_only=True)
class Discovery:
    """A device whose blocks stand where it says, as SunSpec Device Information Model, 3.1 has it.

    The text ``SunS`` is at one of the bases; behind it blocks follow one another until the id 0xFFFF.

    Attributes:
        bases: where the text may be, in the order they are tried.
        blocks: blocks the map needs, by address; its registers' addresses are those of the first base and these blocks.
    """

    bases: tuple[int, ...]
    blocks: tuple[Block, ...]


@frozen(kw_only=True)
class Variant:
    """Another reading of the same model, where its sources do not agree or its makers changed their mind.

    Attributes:
        name: what options call it.
        help: when it is the right one.
    """

    name: str
    help: str


@frozen(kw_only=True)
class RegisterMap:
    """A meter model.

    Attributes:
        name: as drivers and tools call it.
        vendor: who makes it.
        model: what it is.
        phases: phase conductors it measures.
        rebadges: the same device under other names.
        link: factory settings.
        limits: what it bears.
        registers: its values, ordered by table and address.
        derived: values that follow from others.
        fingerprint: how it is recognised; ``None`` if it cannot safely be.
        sources: where the facts come from, public.
        confidence: ``cross-checked``, ``one-source`` or ``inferred``.
        doubtful: facts that are weaker than the rest, by their key.
        notes: what an integrator should know.
        discovery: how its registers are found; ``None`` if they are where the map says.
        variants: other readings of it that can be asked for.
        variant: the one this is; ``""`` for the usual one.
    """

    name: str
    vendor: str
    model: str
    phases: int
    registers: tuple[Register, ...]
    rebadges: tuple[str, ...] = ()
    link: LinkDefaults = field(factory=LinkDefaults)
    limits: Limits = field(factory=Limits)
    derived: tuple[Derived, ...] = ()
    fingerprint: Fingerprint | None = None
    sources: tuple[str, ...] = ()
    confidence: str = "inferred"
    doubtful: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    discovery: Discovery | None = None
    variants: tuple[Variant, ...] = ()
    variant: str = ""

    def relocated(self, addresses: Sequence[int]) -> RegisterMap:
        """The same map for a device whose blocks begin elsewhere.

        Args:
            addresses: where each block of ``discovery`` has its id.

        Raises:
            ValueError: there is nothing to discover, or another number of blocks.
        """
        if self.discovery is None or len(addresses) != len(self.discovery.blocks):
            raise ValueError(f"{self.name} has other blocks than {len(addresses)}")
        shifts = [(block, address - block.address) for block, address in zip(self.discovery.blocks, addresses, strict=True)]

        def move(register: Register) -> Register:
            shift = next((by for block, by in shifts if block.address <= register.address < block.end), 0)
            return evolve(register, address=register.address + shift)

        moved = sorted(map(move, self.registers), key=lambda register: (register.table.value, register.address))
        blocks = tuple(evolve(block, address=block.address + shift) for block, shift in shifts)
        return evolve(self, registers=tuple(moved), discovery=evolve(self.discovery, blocks=blocks))

    @property
    def quantities(self) -> frozenset[str]:
        """Everything it can tell, derived values included."""
        return frozenset(register.quantity for register in self.registers) | {derived.quantity for derived in self.derived}

    def register(self, quantity: str) -> Register | None:
        """The register of a quantity; ``None`` if it has none."""
        return next((register for register in self.registers if register.quantity == quantity), None)

    def derivation(self, quantity: str) -> Derived | None:
        """How a quantity follows from others; ``None`` if it does not."""
        return next((derived for derived in self.derived if derived.quantity == quantity), None)

    def needed(self, quantities: Iterable[str]) -> tuple[Register, ...]:
        """The registers to read for these quantities: their own, those of derived values' inputs, and scale registers.

        Quantities the device does not have are left out. The result is ordered by table and address.
        """
        wanted: set[str] = set()
        pending = list(quantities)
        while pending:
            name = pending.pop()
            register = self.register(name)
            if register is None:
                derivation = self.derivation(name)
                pending.extend(derivation.inputs if derivation else ())
            elif name not in wanted:
                wanted.add(name)
                if register.scale_by:
                    pending.append(register.scale_by)
        return tuple(register for register in self.registers if register.quantity in wanted)

    def of_group(self, group: Group) -> tuple[str, ...]:
        """Quantities with a register in this group."""
        return tuple(register.quantity for register in self.registers if register.group is group)
