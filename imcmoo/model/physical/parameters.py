"""Design columns as checked arrays: the parameters of a chip of the physical model."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from operator import attrgetter
from typing import Annotated, Any, Literal, get_args, get_type_hints

import numpy as np
from numpy.typing import ArrayLike

from imcmoo.arrays import Bools, Floats, Ints, Values, real_numbers, unmasked
from imcmoo.keyed_cache import Keys

BITS_PER_KIB = 8192
FEWEST_BUFFER_WORDS, WIDEST_BUFFER_BITS = 16, 1024
"""Least depth and largest width of an input buffer with several bytes per macro."""
WORD_BITS = 63
"""Bits of a key in a non-negative 64-bit integer."""
MACROS = ("macros_per_tile", "tiles_per_group", "router_groups")
"""Columns whose product is the number of macros of a chip."""

DramKind = Literal["none", "x16", "x32", "x64", "hbm2"]
"""Kinds of DRAM, from the narrowest to the widest."""
DRAM = get_args(DramKind)
DRAM_BITS = np.array([16, 16, 32, 64, 2048])
"""Width of each memory interface, bits; the first stands for "none" and is not used."""
DRAM_FOOTPRINT_M2 = np.array([0.0, 30e-6, 45e-6, 60e-6, 184e-6])
"""Area of the packages or stacks of each DRAM beside the chip, m² (assumptions)."""
DRAM_SILICON_M2 = np.array([0.0, 65e-6, 130e-6, 260e-6, 1100e-6])
"""Area of the dies of each DRAM, m² (assumptions): 65 mm² for 8 Gb, two stacks of HBM2."""
SCHEDULES = ("layer", "pipelined")
INPUT_CODINGS = ("pulses", "levels")
WEIGHT_CODINGS = ("offset", "differential")
ADC_MODELS = ("sar_noise", "zigzag", "neurosim_sar", "murmann", "isaac")
"""ADC models; the first is the default."""
AdcWindow = Literal["sigma", "range", "least_error"]
"""Width of an ADC window: "sigma", a number of standard deviations; "range", all possible sums; or
"least_error", the window with the least error.
"""

ADC_WINDOWS = get_args(AdcWindow)
CELL_ERRORS = ("uniform", "wan2022_1s", "wan2022_1d", "effective_1s")
"""Cell errors: equal on all levels, as measured (`circuit.LEVEL_SIGMAS`), or those of the cell of
the cost model behind its access transistor."""

STAGE_NAMES = (
    "array",
    "tiling",
    "interface",
    "adc_sharing",
    "periphery",
    "resolution",
    "buffer",
    "grouping",
    "links",
)
"""Stages of the search tree, in order; parameters of one stage are chosen together.

The memory interface comes early, since bounds without it join the least area to the fastest DRAM.
"""


@dataclass(frozen=True)
class Column:
    """Properties of a design column.

    Args:
        stage: stage of the search tree that chooses the parameter.
        decides: what depends on the parameter, separated by spaces: "replication", other features
            of the "mapping", "noise" of products, and names of `COST_TERM_GROUPS` of the bounds.
        low, high: range of an integer.
        texts: allowed texts; the column holds their index.
        real: True for any positive number.
        default: default value. If None, designs must have the column.

    Raises:
        ValueError: a column of real numbers decides replication, mapping or noise.
    """

    stage: str
    decides: str
    low: int = 1
    high: int = 0
    texts: tuple[str, ...] = ()
    real: bool = False
    default: str | float | None = None

    def __post_init__(self) -> None:
        keyed = {"replication", "mapping", "noise"} & {*self.decides.split()}
        if self.real and keyed:
            raise ValueError(
                f"a column of real numbers cannot decide {', '.join(sorted(keyed))}: keys hold "
                "whole numbers"
            )

    @property
    def key_bits(self) -> int:
        """Number of bits that distinguish its values."""
        return (len(self.texts) - 1 if self.texts else self.high - self.low).bit_length()


@dataclass(frozen=True)
class Designs:
    """Chips as arrays of shape (n,); create them with `of_columns`.

    Args:
        technology_nm: technology node, nm.
        voltage_V: supply voltage, V.
        rows: rows of a crossbar.
        cols: columns of a crossbar.
        active_rows: row parallelism, rows read at once.
        bits_per_cell: b.
        input_slice_bits: d_x.
        adc_bits: b_a.
        columns_per_adc: ADC sharing ratio, columns or differential pairs per ADC.
        macros_per_tile: macros of a tile.
        tiles_per_group: tiles of a router group.
        router_groups: router groups of the chip.
        glb_KiB: size of the global buffer, KiB.
        glb_banks: banks of the global buffer.
        link_bits: width of the link of a router group.
        dram: index into `DRAM`.
        schedule: index into `SCHEDULES`.
        input_coding: index into `INPUT_CODINGS`.
        weight_coding: index into `WEIGHT_CODINGS`.
        sample_and_hold: 1 if each column holds its value while the array reads on.
        mac_units: size of the digital unit.
        ping_pong: 1 if each array has a second one to load meanwhile (SRAM).
        tree_stages: pipeline stages of multipliers, adder tree and accumulator (DIMC).
        buffer_words: bytes that a macro takes from the input buffer of its tile per access.
        adc_model: index into `ADC_MODELS`.
        adc_window: index into `ADC_WINDOWS`.
        redundancy: parallel cells of each of the more significant half of the weight slices.
        cell_errors: index into `CELL_ERRORS`.
        adc_noise: rms noise of a conversion in whole percent of a unit, the difference of
            neighbouring sums; 0 if it is not stated.
    """

    technology_nm: Annotated[
        Ints, Column("array", "macro adc limits memory tile router digital", high=1000)
    ]
    voltage_V: Annotated[
        Floats, Column("periphery", "macro adc memory tile router digital", real=True)
    ]
    rows: Annotated[Floats, Column("array", "replication noise macro adc limits tile", high=1024)]
    cols: Annotated[Floats, Column("array", "replication macro sharing limits tile", high=1024)]
    active_rows: Annotated[Floats, Column("array", "replication noise adc limits", high=1024)]
    bits_per_cell: Annotated[Ints, Column("array", "replication noise macro adc limits", high=8)]
    input_slice_bits: Annotated[Ints, Column("array", "replication noise macro adc", high=8)]
    adc_bits: Annotated[Ints, Column("resolution", "noise adc", high=16)]
    columns_per_adc: Annotated[Floats, Column("adc_sharing", "macro sharing limits", high=1024)]
    macros_per_tile: Annotated[Floats, Column("tiling", "mapping tile", high=128)]
    tiles_per_group: Annotated[Floats, Column("grouping", "mapping", high=255)]
    router_groups: Annotated[Floats, Column("grouping", "mapping", high=128)]
    glb_KiB: Annotated[Floats, Column("buffer", "memory", high=1 << 20)]
    glb_banks: Annotated[Floats, Column("buffer", "memory", high=1024)]
    link_bits: Annotated[Floats, Column("links", "router", high=4096)]
    dram: Annotated[Ints, Column("interface", "memory", texts=DRAM)]
    schedule: Annotated[Ints, Column("tiling", "replication", texts=SCHEDULES)]
    input_coding: Annotated[
        Ints, Column("tiling", "mapping macro limits", texts=INPUT_CODINGS, default="pulses")
    ]
    weight_coding: Annotated[
        Ints,
        Column(
            "array",
            "replication noise macro adc sharing limits",
            texts=WEIGHT_CODINGS,
            default="offset",
        ),
    ]
    sample_and_hold: Annotated[
        Ints, Column("periphery", "macro adc limits", low=0, high=1, default=0)
    ]
    mac_units: Annotated[Floats, Column("array", "digital", high=1 << 20, default=256)]
    ping_pong: Annotated[Ints, Column("tiling", "macro", low=0, high=1, default=0)]
    tree_stages: Annotated[Ints, Column("periphery", "adc", high=8, default=1)]
    buffer_words: Annotated[Ints, Column("periphery", "tile", high=16, default=1)]
    adc_model: Annotated[Ints, Column("array", "adc", texts=ADC_MODELS, default=ADC_MODELS[0])]
    adc_window: Annotated[Ints, Column("resolution", "noise", texts=ADC_WINDOWS, default="sigma")]
    redundancy: Annotated[
        Floats, Column("array", "replication noise adc limits", high=4, default=1)
    ]
    cell_errors: Annotated[
        Ints, Column("array", "noise limits", texts=CELL_ERRORS, default="uniform")
    ]
    adc_noise: Annotated[Ints, Column("resolution", "noise adc", low=0, high=400, default=10)]

    @classmethod
    def of_columns(
        cls,
        columns: Mapping[str, ArrayLike],
        *,
        defaults: Mapping[str, str | float] = {},
    ) -> Designs:
        """Check design columns and fill in defaults.

        Args:
            columns: arrays of shape (n,) by the names of the fields; where a field is an index,
                that or the text. Others are ignored.
            defaults: values of columns that are not there, before those of `DEFAULTS`.

        Raises:
            ValueError: a column is missing, of another length, not an integer, out of range or an
                unknown text, or more rows are active than exist; names column and line.
        """
        defaults = DEFAULTS | {**defaults}
        require_columns({*columns, *defaults})
        present = {
            name: np.atleast_1d(unmasked(columns[name], f"design column {name}"))
            for name in COLUMNS
            if name in columns
        }
        n = len(next(iter(present.values())))
        arrays: dict[str, Any] = {}
        for name in COLUMNS:
            values = present.get(name)
            if values is None:
                arrays[name] = np.full(n, _checked_value(name, defaults[name]))
            elif values.shape != (n,):
                raise ValueError(f"design column {name} has shape {values.shape}, expected ({n},)")
            else:
                arrays[name] = checked_column(name, values)
        return cls(**arrays).checked()

    def checked(self) -> Designs:
        """The designs, if no more rows are active than there are and input buffers are possible.

        Raises:
            DesignRefused: names the column.
        """
        refuse("active_rows", self.active_rows, self.active_rows > self.rows, "at most `rows`")
        words, several = self.buffer_words, self.buffer_words > 1
        if several.any():
            refuse("buffer_words", words, self.rows % words != 0, "a divisor of `rows`")
            low = several & (self.rows < FEWEST_BUFFER_WORDS * words)
            refuse("buffer_words", words, low, f"at most `rows` / {FEWEST_BUFFER_WORDS}, or 1")
            most = WIDEST_BUFFER_BITS // 8
            wide = several & (words * self.macros_per_tile > most)
            refuse("buffer_words", words, wide, f"at most {most} / `macros_per_tile`, or 1")
        return self

    def __len__(self) -> int:
        return len(self.technology_nm)

    def take(self, index: slice | Ints | Bools) -> Designs:
        """Designs of an index."""
        if isinstance(index, slice):
            return Designs(*[values[index] for values in _ARRAYS(self)])
        rows = np.flatnonzero(index) if index.dtype == bool else index
        return Designs(*[values.take(rows) for values in _ARRAYS(self)])

    def to_columns(self) -> dict[str, Values]:
        """Design columns with defaults, for `of_columns`."""
        columns: dict[str, Values] = {}
        for name in self.__dataclass_fields__:
            values = getattr(self, name)
            if name in TEXTS:
                columns[name] = np.array(TEXTS[name])[values]
            else:
                columns[name] = values if COLUMNS[name].real else values.astype(int)
        return columns

    def chunks(self, size: int) -> Iterator[Designs]:
        """All designs, `size` at a time."""
        for at in range(0, len(self), size):
            yield self.take(slice(at, at + size))

    @property
    def macros(self) -> Floats:
        """Macros of the chip, shape (n,)."""
        return math.prod(getattr(self, name) for name in MACROS)

    @property
    def differential(self) -> Bools:
        """True if a weight is the difference of two cells, shape (n,)."""
        return self.weight_coding == WEIGHT_CODINGS.index("differential")

    @property
    def level_coded(self) -> Bools:
        """True if an input slice is one level, shape (n,)."""
        return self.input_coding == INPUT_CODINGS.index("levels")

    @property
    def has_dram(self) -> Bools:
        """True if there is a DRAM, shape (n,)."""
        return np.asarray(self.dram != DRAM.index("none"))

    @property
    def pipelined(self) -> Bools:
        """True if layers work on different images, shape (n,)."""
        return self.schedule == SCHEDULES.index("pipelined")


_ARRAYS = attrgetter(*(f.name for f in fields(Designs)))


_HINTS = get_type_hints(Designs, include_extras=True)
COLUMNS: dict[str, Column] = {name: hint.__metadata__[0] for name, hint in _HINTS.items()}
TEXTS = {name: column.texts for name, column in COLUMNS.items() if column.texts}
"""Allowed texts, by column."""
LIMITS = {name: (column.low, column.high) for name, column in COLUMNS.items() if column.high}
"""Range of integers, by column."""
DEFAULTS: dict[str, str | float] = {
    name: column.default for name, column in COLUMNS.items() if column.default is not None
}
"""Defaults of optional design columns."""
MEASURED_DEFAULTS: dict[str, str | float] = {"adc_window": "least_error"}
"""Defaults that replace some of `DEFAULTS` where the operands of a network are measured.

Assumed distributions take six times as long with windows of least error, and in the shipped spaces
the same circuits then pass the limits.
"""


def defaults_of(device: Mapping[str, str | float], *, measured: bool) -> dict[str, str | float]:
    """Values of columns that a design does not state, before those of `DEFAULTS`.

    Args:
        device: defaults of the device.
        measured: True where accuracy data of a network are known.
    """
    return {**(MEASURED_DEFAULTS if measured else {}), **device}


NEEDED = tuple(name for name in COLUMNS if name not in DEFAULTS)
"""Design columns without default."""


def deciding(what: str) -> tuple[str, ...]:
    """Columns that decide something (see `Column.decides`), in order."""
    return tuple(name for name, column in COLUMNS.items() if what in column.decides.split())


# Sequential designs come first.
_ARRAY_KEY = ("schedule", *(name for name in deciding("replication") if name != "schedule"))
CIRCUIT_KEY = deciding("noise")
"""Parameters that decide the noise of products, and so the accuracy."""
MAPPING_KEY = (*_ARRAY_KEY, *deciding("mapping"))
"""Parameters that decide the mapping key."""


def replication_keys(designs: Designs, *further: str) -> Keys:
    """Keys of array, schedule and number of macros, which decide replication, shape (n,).

    Args:
        designs: n designs.
        further: further columns.
    """
    most = math.prod(LIMITS[name][1] for name in MACROS)
    macros = designs.macros.astype(np.int64)
    return _packed([(macros, most.bit_length()), *_parts(designs, (*_ARRAY_KEY, *further))])


def mapping_keys(designs: Designs) -> Keys:
    """Mapping keys, shape (n,): array and tiling. Sequential designs have the smaller keys."""
    return _packed(_parts(designs, MAPPING_KEY))


def circuit_keys(designs: Designs) -> Keys:
    """Keys of the parameters that decide the noise of products, shape (n,)."""
    # Where row blocks fill macros, these may be of any size.
    filled = designs.rows % designs.active_rows == 0
    alike = replace(designs, rows=np.where(filled, designs.active_rows, designs.rows))
    return _packed(_parts(alike, CIRCUIT_KEY))


def _parts(designs: Designs, names: Iterable[str]) -> Iterator[tuple[Ints, int]]:
    """Values of columns from 0 on, and their numbers of bits."""
    for name in names:
        values = getattr(designs, name).astype(np.int64, copy=False)
        yield values - (0 if name in TEXTS else COLUMNS[name].low), COLUMNS[name].key_bits


def _packed(parts: Iterable[tuple[Ints, int]]) -> Keys:
    """Keys ordered by the values of all parts, shape (n,): integers up to 63 bits, else byte
    strings."""
    words: list[Ints] = []
    free = 0
    for values, bits in parts:
        if bits > free:
            words.append(values)
            free = WORD_BITS
        else:
            words[-1] = (words[-1] << bits) | values
        free -= bits
    if len(words) == 1:
        return words[0]
    return np.stack(words, axis=1).astype(">i8").view(f"S{8 * len(words)}")[:, 0]


def require_columns(names: Collection[str]) -> None:
    """Check that no design column is missing.

    Raises:
        ValueError: names the missing columns and all there are.
    """
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        raise ValueError(f"no design column {', '.join(missing)}; needed: {', '.join(COLUMNS)}")


def checked_column(name: str, values: Values) -> Values:
    """Convert a design column to the type of its field.

    Args:
        name: name of the field.
        values: numbers, or texts if the field is an index; shape (n,).

    Raises:
        ValueError: a value is not an integer, out of range or an unknown text; names column and
            line.
    """
    checked = _index(name, values) if name in TEXTS else _number(name, values)
    return checked.astype(float) if _HINTS[name].__origin__ == Floats else checked


@cache
def _checked_value(name: str, value: str | float) -> Any:
    """One value of a design column in the type of its field."""
    return checked_column(name, np.array([value]))[0]


def _index(name: str, values: Values) -> Ints:
    """Index of each text among the allowed ones; integers are indices already."""
    choices = TEXTS[name]
    if values.dtype.kind in "iu":
        refuse(name, values, (values < 0) | (values >= len(choices)), f"below {len(choices)}")
        return values.astype(np.int64)
    text = values.astype(str)
    positions = np.full(len(text), -1)
    for position, choice in enumerate(choices):
        positions[text == choice] = position
    refuse(name, text, positions < 0, f"one of {', '.join(choices)}")
    return positions


def _number(name: str, values: Values) -> Values:
    try:
        number = real_numbers(values, name).astype(float)
    except ValueError as error:
        raise ValueError(f"design column {name} holds something that is no number") from error
    if COLUMNS[name].real:
        refuse(name, number, ~(number > 0), "above 0")
        return number
    low, high = LIMITS[name]
    wrong = ~((number == np.floor(number)) & (number >= low) & (number <= high))
    refuse(name, number, wrong, f"a whole number of {low} to {high}")
    return number.astype(np.int64)


class DesignRefused(ValueError):
    """A value of a design column is not allowed.

    Args:
        column: name of the column.
        design: the first design with such a value.
        problem: the value, and the allowed ones.
    """

    def __init__(self, column: str, design: int, problem: str) -> None:
        super().__init__(f"design column {column}, design {design}: {problem}")
        self.column = column
        self.design = design
        self.problem = problem

    def __reduce__(self) -> tuple[type[DesignRefused], tuple[str, int, str]]:
        """Pickle all arguments."""
        return type(self), (self.column, self.design, self.problem)


class NotInTable(DesignRefused):
    """The component table has no row for a value of a design column."""


def refuse(name: str, values: Values, wrong: Bools, allowed: str) -> None:
    """Raise an error for the first wrong value of a design column, if there is one.

    Raises:
        DesignRefused: a value is wrong.
    """
    if wrong.any():
        first = int(np.argmax(wrong))
        value = values[first]
        shown = value if isinstance(value, str) else f"{value:g}"
        raise DesignRefused(name, first, f"{shown} is given, must be {allowed}")


SPACE_VOLTAGES = (0.7, 0.75, 0.8, 0.85, 0.9, 1.0)
"""Supply voltages of search spaces, V: cells of buffers need 0.7 V."""
