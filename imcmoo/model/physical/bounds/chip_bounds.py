"""Chips of component minima: no chip of a sub-domain has a smaller cost term.

A cost term (an area, a leakage, the energy or time of an action) depends on few parameters. It is
tabulated over their combinations, with an extra slot along each parameter for the minimum, and
looked up by value indices, −1 for a free parameter.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from operator import attrgetter

import numpy as np

from imcmoo.arrays import Bools, Floats, Ints
from imcmoo.model.partials import NoBounds
from imcmoo.model.physical.batch import Batch
from imcmoo.model.physical.bounds.search_tree import STAGES, SearchTree
from imcmoo.model.physical.chip import Chip, Dram, Rates, link_price, tile_sum_price, total
from imcmoo.model.physical.components import MemoryCell, Switches, Technology
from imcmoo.model.physical.constraints import ADC_SQNR, COMPUTE_SNR, NOISE_LIMITS, constraints
from imcmoo.model.physical.context import Context
from imcmoo.model.physical.mapping_features import ON_CHIP_ACTIONS
from imcmoo.model.physical.parameters import COLUMNS, DRAM, Designs, deciding
from imcmoo.space.design_space import DesignSpace, Levels
from imcmoo.space.parameters import Conditional

DESIGNS_PER_TERM_CHUNK = 1 << 14
VALIDATED_DESIGNS = 500
LARGEST_TABLE = 1 << 25
"""Largest number of combinations of a table."""
ROUNDING = 1e-12
"""Relative tolerance: terms of one macro are those of a chip divided by its macros."""


CostTerms = dict[str, Floats]
INFEASIBLE = "infeasible_"
"""Prefix of the term of a group with only limits: 0, or infinite if one is broken."""


@dataclass(frozen=True)
class CostTermGroup:
    """Cost terms that depend on the same parameters and are tabulated together.

    Args:
        name: unit of the terms; columns of designs name it in `Column.decides`.
        components: components whose area and leakage are divided by the number of units.
        number: function of chips and designs that returns the number of units, shape (n,).
        prices: names of `Chip.prices_J`; that of a conversion includes shifting and adding.
        rates: fields of `Rates`.
        others: further attributes of `Chip`.
        limits: circuit limits that a chip must keep.
    """

    name: str
    components: tuple[str, ...] = ()
    number: Callable[[Chip, Designs], Floats | float] = lambda chip, designs: 1.0
    prices: tuple[str, ...] = ()
    rates: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()

    def terms(self, chip: Chip, designs: Designs) -> CostTerms:
        """Terms of n chips by name, shape (n,) each."""
        number = self.number(chip, designs)
        areas = [chip.areas_m2[name] for name in self.components]
        leaks = [chip.leaks_W[name] for name in self.components if name in chip.leaks_W]
        terms = {name: chip.price_of(name) for name in self.prices}
        terms |= {name: getattr(chip.rates, name) for name in self.rates}
        terms |= {name: attrgetter(name)(chip) for name in self.others}
        if areas:
            terms[f"{self.name}_m2"] = total(areas) / number
        if leaks:
            terms[f"{self.name}_W"] = total(leaks) / number
        if "adcs" in terms:  # negative, so that the minimum has the most ADCs
            terms["negated_adcs"] = -terms["adcs"]
        return terms or {f"{INFEASIBLE}{self.name}": np.zeros(len(designs))}


OF_DRAM = tuple(f"dram.{part.name}" for part in fields(Dram))
"""Cost terms of the DRAM beside a chip."""

COST_TERM_GROUPS = (
    CostTermGroup(
        "macro",
        components=("cells", "drivers"),
        number=lambda chip, designs: designs.macros,
        prices=("cell_low", "cell_span", "tree_span", "dac", "row_pulse", "write"),
        rates=("read_s", "row_write_s", "in_turn"),
    ),
    CostTermGroup(
        "adc",
        components=("adc", "shift_add"),
        number=lambda chip, designs: designs.macros * chip.rates.adcs,
        prices=("conversion",),
        rates=("convert_s",),
        limits=(ADC_SQNR, COMPUTE_SNR, "sampling"),
    ),
    CostTermGroup("sharing", rates=("adcs",)),
    CostTermGroup("limits", limits=("wires", "levels")),
    CostTermGroup(
        "memory",
        components=("glb",),
        prices=("glb_read", "glb_write", "dram"),
        rates=("glb_bit_s", "dram_bit_s"),
        others=(*OF_DRAM, "dram.waking_W", "interface_m2"),
    ),
    CostTermGroup(
        "tile",
        components=("buffers",),
        number=lambda chip, designs: designs.tiles_per_group * designs.router_groups,
        prices=("buffer_read", "buffer_write", "result"),
        rates=("buffer_word_s",),
    ),
    CostTermGroup(
        "router",
        components=("routers",),
        number=lambda chip, designs: designs.router_groups,
        prices=("hop_J", "wire_J_per_m", "sum_J"),
        rates=("link_bit_s",),
    ),
    CostTermGroup("digital", components=("digital",), prices=("mac",), rates=("mac_s",)),
)
"""All cost terms of a chip. Bounds are refused if one depends on a parameter whose column does not
declare it (checked on 500 random designs of the space), or if they read another free column without
an optimistic value.
"""

_KNOWN = {"replication", "mapping", "noise", *(group.name for group in COST_TERM_GROUPS)}
assert _KNOWN.issuperset(word for c in COLUMNS.values() for word in c.decides.split())

ACCURACY = CostTermGroup("accuracy", limits=("accuracy",))
"""Limits of predicted accuracy, for models that have any."""


def terms_of(group: CostTermGroup, batch: Batch, *, any_network: bool = False) -> CostTerms:
    """Cost terms of the designs of a batch; infinite where a limit of the group is broken.

    The limit of any network counts; with `any_network`, it must be broken for all.
    """
    terms = group.terms(batch.chip, batch.designs)
    if not group.limits:
        return terms
    context = batch.context
    resources = constraints(batch.screen(), context.limits, context.accuracy)
    keeps = [resources[name].missing <= 0 for name in group.limits if name in resources]
    kept = np.logical_and.reduce(keeps)
    fits = kept.any(axis=1) if any_network else kept.all(axis=1)
    return {name: np.where(fits, values, np.inf) for name, values in terms.items()}


def parameters_of(group: CostTermGroup, device: MemoryCell) -> set[str]:
    """Parameters that the terms and limits of a group depend on for a device."""
    noise = deciding("noise") if NOISE_LIMITS.intersection(group.limits) else ()
    further = (name for name, groups in device.decides.items() if group.name in groups.split())
    return {*deciding(group.name), *noise, *further}


@dataclass(frozen=True, eq=False)
class TermTable:
    """A cost term over all values of its parameters, with the minimum along each.

    Args:
        parameters: names of the parameters that it depends on.
        sizes: number of values of each.
        values: the term, flattened.
    """

    parameters: tuple[str, ...]
    sizes: tuple[int, ...]
    values: Floats

    @classmethod
    def of(cls, parameters: Sequence[str], values: Floats) -> TermTable:
        """The table of a term given over all values of some parameters, an axis for each.

        Parameters without effect are left out: a term depends on few of those of its group.
        """
        kept = []
        for axis in reversed(range(values.ndim)):
            if (values == values.take([0], axis)).all():
                values = np.asarray(values.take(0, axis))
            else:
                kept.append(parameters[axis])
        return cls(tuple(reversed(kept)), values.shape, _with_minima(values))

    def places(self, levels: Mapping[str, Ints]) -> Ints:
        """Places in `values` of broadcast value indices, −1 if free."""
        at = np.zeros((1, 1), np.int64)
        for name, size in zip(self.parameters, self.sizes, strict=True):
            at = at * (size + 1) + levels[name] % (size + 1)
        return at


class MinimumTable:
    """Cost terms of a group over all values of their parameters.

    Raises:
        NoBounds: there are too many combinations.
    """

    def __init__(
        self,
        space: DesignSpace,
        group: CostTermGroup,
        terms_of_levels: Callable[[CostTermGroup, Levels], CostTerms],
        device: MemoryCell,
    ) -> None:
        names = parameters_of(group, device).intersection(space.names)
        # The values of a conditional parameter depend on another one.
        names |= {
            p.on.name for p in space.parameters if isinstance(p, Conditional) and p.name in names
        }
        parameters = [name for name in space.names if name in names]
        sizes = [space.shape[space.names.index(name)] for name in parameters]
        n = math.prod(sizes)
        if n > LARGEST_TABLE:
            raise NoBounds(f"no bounds: {n:,} combinations of {', '.join(parameters)}")
        designs = space.grid(parameters)
        parts = [
            terms_of_levels(group, designs[at : at + DESIGNS_PER_TERM_CHUNK])
            for at in range(0, n, DESIGNS_PER_TERM_CHUNK)
        ]
        self.terms = {
            name: TermTable.of(parameters, np.concatenate([p[name] for p in parts]).reshape(sizes))
            for name in parts[0]
        }

    def wrong_term(self, terms: CostTerms, levels: Mapping[str, Ints]) -> str:
        """Name of the first term of n designs that the table has otherwise; empty if none.

        Args:
            terms: terms of the designs, shape (n,) each.
            levels: their value indices by parameter, shape (n, 1) each.
        """
        for name, values in terms.items():
            table = self.terms[name]
            known = table.values[table.places(levels)[:, 0]]
            if not np.allclose(values, known, rtol=ROUNDING, atol=0.0):
                return name
        return ""


def _with_minima(values: Floats) -> Floats:
    """Values with the minimum along each axis after the values of the axis, flattened."""
    padded = np.empty([size + 1 for size in values.shape])
    padded[tuple(slice(size) for size in values.shape)] = values
    for axis, size in enumerate(values.shape):
        # Earlier axes have their minima already, later ones do not.
        later = tuple(slice(n) for n in values.shape[axis + 1 :])
        rows = np.moveaxis(padded[(slice(None),) * (axis + 1) + later], axis, 0)
        least = rows[size, ...]
        least[...] = rows[0]
        for row in rows[1:size]:
            np.minimum(least, row, out=least)
    return padded.ravel()


class ComponentMinima:
    """Minima of all cost terms over sub-domains of a space.

    Args:
        space: the design space.
        terms_of_levels: returns the cost terms of a group for designs.
        device: memory device of the designs.
        accuracy: True if predicted accuracy is limited.
        alike: minima of chips for other networks, whose tables are taken where they fit. If None,
            all terms are tabulated.

    Raises:
        NoBounds: a cost term depends on an undeclared parameter.
    """

    def __init__(
        self,
        space: DesignSpace,
        terms_of_levels: Callable[[CostTermGroup, Levels], CostTerms],
        *,
        device: MemoryCell,
        accuracy: bool,
        alike: ComponentMinima | None,
    ) -> None:
        groups = (*COST_TERM_GROUPS, ACCURACY) if accuracy else COST_TERM_GROUPS
        designs = space.random(VALIDATED_DESIGNS, np.random.default_rng(0))
        levels = {name: designs[:, [at]] for at, name in enumerate(space.names)}
        self._tables: dict[CostTermGroup, MinimumTable] = {}
        for group in groups:
            shared = None if alike is None or group.limits else alike._tables[group]
            # Tabulated first, since SNRs of all circuits take less time together.
            table = shared or MinimumTable(space, group, terms_of_levels, device)
            terms = terms_of_levels(group, designs)
            if shared and shared.wrong_term(terms, levels):
                table = MinimumTable(space, group, terms_of_levels, device)
            if name := table.wrong_term(terms, levels):
                declared = ", ".join(sorted(parameters_of(group, device)))
                raise NoBounds(
                    f"{name} depends on more than {declared}: name its group, {group.name}, in "
                    "`decides` of the columns that it depends on (parameters.py)"
                )
            self._tables[group] = table
        self._table_of = {
            name: term for table in self._tables.values() for name, term in table.terms.items()
        }

    def minima(self, levels: Mapping[str, Ints]) -> Mapping[str, Floats]:
        """Minima of all cost terms by name, at broadcast value indices, −1 if free."""
        return _Minima(self._table_of, levels)


class _Minima(Mapping[str, Floats]):
    """Minima of cost terms, looked up when they are read: an area needs few of them."""

    def __init__(self, tables: Mapping[str, TermTable], levels: Mapping[str, Ints]) -> None:
        self._tables = tables
        self._levels = levels
        self._places: dict[tuple[str, ...], Ints] = {}

    def __getitem__(self, name: str) -> Floats:
        table = self._tables[name]
        if table.parameters not in self._places:
            self._places[table.parameters] = table.places(self._levels)
        return table.values.take(self._places[table.parameters])

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)


OF_ADC = ("adc_m2", "adc_W", "conversion", "convert_s")
"""Cost terms of an ADC, infinite where none keeps the limits."""

RULES = Switches()
"""All rules on: bounds hold for no other model."""


@dataclass(frozen=True, eq=False)
class MinimalChips:
    """Chips of component minima: X peripheral circuits for each of n mapping keys, shape (n, X).

    Args:
        terms: cost terms by name, see `ComponentMinima`; those of ADCs are infinite if `noisy`.
        noisy: True where no ADC keeps the limits of SNR, broadcastable to (n, X).
        infeasible: True where no chip keeps the limits of SNR, sampling, IR drop and conductance
            levels.
        macros, tiles, groups: of a chip (fewest router groups), shape (n, 1).
        streams: True if some chip has a memory to load weights from, broadcastable to (n, X).
        glb_size: index of the size of the global buffer, −1 if free, shape (n, X) or broadcastable.
        area_limit_m2: bounds need not hold for larger chips.
        technology: technology of the model.
    """

    terms: Mapping[str, Floats]
    noisy: Bools
    infeasible: Bools
    macros: Floats
    tiles: Floats
    groups: Floats
    streams: Bools
    glb_size: Ints
    area_limit_m2: float
    technology: Technology

    def __getitem__(self, name: str) -> Floats:
        """A cost term, finite, broadcastable to (n, X)."""
        values = self.terms[name]
        return np.where(self.noisy, 0.0, values) if name in OF_ADC else values

    @cached_property
    def rates(self) -> Rates:
        """Smallest times of each part and most ADCs, with an axis for networks, (n, 1, X)."""
        terms = {f.name: self[f.name] for f in fields(Rates) if f.name != "adcs"}
        terms["adcs"] = -self["negated_adcs"]
        shape = self.infeasible.shape
        return Rates(**{name: np.broadcast_to(v, shape)[:, None] for name, v in terms.items()})

    def as_chip(self) -> Chip:
        """One chip of component minima per mapping key (X is 1)."""
        prices = dict(zip(ON_CHIP_ACTIONS, self.prices_J[:, :, 0].T, strict=True))
        # The energy of a conversion includes that of shifting and adding it.
        dram, *beside = (
            np.broadcast_to(self[name], self.infeasible.shape)[:, 0] for name in ("dram", *OF_DRAM)
        )
        prices |= {"shift_add": np.zeros(len(dram)), "dram": dram}
        return Chip(
            areas_m2={"chip": self.area_m2[:, 0]},
            leaks_W={"chip": self.leak_W[:, 0]},
            prices_J=prices,
            rates=Rates(*(getattr(self.rates, f.name)[:, 0, 0] for f in fields(Rates))),
            dram=Dram(*beside),
        )

    @cached_property
    def _macro_m2(self) -> Floats:
        """Lower bound of the area of a macro, m², broadcastable to (n, X)."""
        area: Floats = self["macro_m2"] + self["adcs"] * self["adc_m2"]
        return area

    @cached_property
    def area_m2(self) -> Floats:
        """Lower bound of the area, m², broadcastable to (n, X)."""
        inside = (
            self.macros * self._macro_m2
            + self.tiles * self["tile_m2"]
            + self.groups * self["router_m2"]
            + self["memory_m2"]
            + self["digital_m2"]
        )
        top = self.technology.assumptions.top_area.value * inside
        area: Floats = inside + top + self["interface_m2"]
        return area

    @cached_property
    def _macro_leak_W(self) -> Floats:
        """Lower bound of the leakage of all macros while they work, W, broadcastable to (n, X)."""
        leak: Floats = self.macros * (self["macro_W"] + self["adcs"] * self["adc_W"])
        return leak

    @cached_property
    def working_leak_W(self) -> Floats:
        """Lower bound of what working macros leak beyond idle ones, W, broadcastable to (n, X)."""
        more: Floats = self._macro_leak_W * (1 - self.technology.idle_macro_leak)
        return more

    @cached_property
    def leak_W(self) -> Floats:
        """Lower bound of the leakage, that of idle macros, W, broadcastable to (n, X)."""
        leak: Floats = (
            self._macro_leak_W * self.technology.idle_macro_leak
            + self.tiles * self["tile_W"]
            + self.groups * self["router_W"]
            + self["memory_W"]
            + self["digital_W"]
        )
        return leak

    @cached_property
    def static_W(self) -> Floats:
        """Lower bound of the power of an idle chip, with DRAM in self-refresh, W, broadcastable to
        (n, X)."""
        static: Floats = self.leak_W + self["dram.rest_W"]
        return static

    @property
    def allowed_W(self) -> float:
        """Power limit of the largest chip within the area limit, W."""
        return self.technology.assumptions.power_W_per_m2.value * self.area_limit_m2

    @cached_property
    def prices_J(self) -> Floats:
        """Energy per action by `ON_CHIP_ACTIONS`, shape (n, A, X)."""
        hop, wire, area = self["hop_J"], self["wire_J_per_m"], self.area_m2
        top = 1 + self.technology.assumptions.top_energy.value
        tile = self.macros / self.tiles * self._macro_m2 + self["tile_m2"]
        of_area = {
            "link": link_price(hop, wire, area, self.technology) * top,
            "tile_sum": tile_sum_price(self["sum_J"], wire, tile, self.technology) * top,
        }
        n, m = self.infeasible.shape
        prices = np.empty((n, len(ON_CHIP_ACTIONS), m))
        for at, name in enumerate(ON_CHIP_ACTIONS):
            prices[:, at] = of_area[name] if name in of_area else self[name]
        return prices


class ChipBounds:
    """Finds the chips of component minima of sub-domains.

    Args:
        tree: search tree of the space.
        context: data of the model.
        designs_of: converts value indices to designs.
        area_limit_m2: largest area of a chip, m².
        any_network: see `BoundedTree`.
        alike: chips for other networks, see `ComponentMinima`.

    Raises:
        NoBounds: see `ComponentMinima`.
    """

    def __init__(
        self,
        tree: SearchTree,
        context: Context,
        designs_of: Callable[[Levels], Designs],
        area_limit_m2: float,
        *,
        any_network: bool,
        alike: ChipBounds | None,
    ) -> None:
        self._tree = tree
        self._technology = context
        self._area_limit_m2 = area_limit_m2
        self._minima: ComponentMinima = ComponentMinima(
            tree.space,
            lambda group, levels: terms_of(
                group, Batch(context, designs_of(levels)), any_network=any_network
            ),
            device=context.device,
            accuracy=context.accuracy is not None and context.accuracy.limited,
            alike=None if alike is None else alike._minima,
        )
        there = np.array(tree.space.values_of("dram")) != DRAM[0]
        self._streams = np.append(there, there.any()) & context.device.streams
        per_tile = np.array(tree.space.values_of("macros_per_tile"), float)
        self._per_tile = np.append(per_tile, per_tile.min())
        self._fixed = {n: np.zeros((1, 1), np.int64) for names in STAGES.values() for n in names}

    def build(self, rows: Levels, chosen: Mapping[str, Ints]) -> MinimalChips:
        """Chips of n sub-domains.

        Args:
            rows: sub-domains, shape (n, n_columns).
            chosen: value indices of further parameters, X combinations for each sub-domain, by
                parameter, shape (1, X).
        """
        of_rows = {name: rows[:, [at]] for at, name in enumerate(self._tree.names)}
        levels = {**self._fixed, **of_rows, **chosen}
        terms = self._minima.minima(levels)
        shape = np.broadcast_shapes((len(rows), 1), *(v.shape for v in chosen.values()))
        infeasible = noisy = np.isinf(terms["adc_m2"])
        for name in terms:
            if name.startswith(INFEASIBLE):
                infeasible = infeasible | (terms[name] > 0)
        tiles = np.append(self._tree.tiles, self._tree.tiles.min())[rows[:, -1:]].astype(float)
        return MinimalChips(
            terms,
            noisy,
            np.broadcast_to(infeasible, shape),
            macros=self._per_tile[levels["macros_per_tile"]] * tiles,
            tiles=tiles,
            groups=self._tree.fewest_groups(rows)[:, None].astype(float),
            streams=self._streams[levels["dram"]],
            glb_size=levels["glb_KiB"],
            area_limit_m2=self._area_limit_m2,
            technology=self._technology,
        )
