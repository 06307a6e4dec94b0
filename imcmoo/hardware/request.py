"""Components to add to a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from shlex import quote

from imcmoo.hardware.devices import DEVICES
from imcmoo.io.errors import check_choice

Key = tuple[int, ...]

STEP_MV = 50
MILLIVOLTS = {
    7: (450, 800),
    10: (500, 850),
    14: (550, 900),
    22: (650, 1000),
    32: (500, 1000),
    45: (750, 1100),
    65: (850, 1200),
    90: (950, 1300),
}
"""First and last supply voltage, mV, by technology node, nm. Those of the paper up to 45 nm; above,
as at 45 nm, from 250 mV below the nominal voltage of NeuroSim to 100 mV above.

130 nm is missing: hwcomponents-cacti 1.0.40 scales buffers above 90 nm from 22 nm instead of from
90 nm, so they would cost less than at 65 nm.
"""

PHYSICAL_MILLIVOLTS = {
    node: (first, 1200)
    for node, first in {7: 500, 10: 450, 14: 450, 22: 500, 32: 500, 45: 550}.items()
}
"""Supply voltages of the physical model, mV: from 50 mV above the threshold, rounded up."""

NEW_TABLE = "components.npz"
"""Table that an error proposes where a study uses the shipped one."""

GLB_WIDTH_BITS = 2048
SMALLEST_CROSSBAR = 8
"""Smallest number of rows or columns in NeuroSim."""
LARGEST = 1 << 24
"""Largest number in a request; keys of tables must stay small."""

ADC_BITS = {"neurosim_sar": range(1, 13), "murmann": range(4, 13), "isaac": range(4, 11)}
SHIFT_ADD_BITS = range(1, 33)
DAC_BITS = (1, 2, 3, 4)
GLB_BANKS = (1, 2, 4, 8, 16)
DRAM_WIDTHS = (16, 32, 64, 2048)
"""DRAM widths in every table of the physical model, bits."""


def powers(first: int, last: int) -> tuple[int, ...]:
    """Powers of two from `first` to `last`."""
    return tuple(2**i for i in range(first.bit_length() - 1, last.bit_length()))


SIZES = powers(16, 1024)
"""Rows and columns of the shipped crossbars."""


TIMED_MV = 900
"""Supply voltage of the times that the physical model takes from crossbars, mV."""


@dataclass(frozen=True)
class Coverage:
    """Shipped components of one cost model."""

    millivolts: Mapping[int, tuple[int, int]]
    """First and last supply voltage, mV, by technology node, nm."""
    macros: tuple[int, ...]  # per tile
    glb_depths: tuple[int, ...]  # words of global buffers

    def usual_mV(self, node_nm: int) -> range:
        """Shipped supply voltages of a node, mV."""
        first, last = self.millivolts[node_nm]
        return range(first, last + 1, STEP_MV)


SHIPPED = {
    "reference": Coverage(MILLIVOLTS, powers(2, 128), powers(2048, 524288)),
    "physical": Coverage(PHYSICAL_MILLIVOLTS, powers(1, 128), powers(1024, 131072)),
}
"""Shipped components by cost model."""


@dataclass(frozen=True)
class Request:
    """All components of some chips.

    Raises:
        ValueError: the libraries have no component for a number; names the allowed ones.
    """

    device: str  # one of `DEVICES`
    nodes_nm: tuple[int, ...]  # technology nodes
    rows: tuple[int, ...]  # of crossbars, and depths of the buffers beside them
    cols: tuple[int, ...]  # of crossbars, and depths of the buffers beside them
    millivolts: tuple[int, ...] | None = None
    """Supply voltages of crossbars, mV. If None, the shipped ones of each node."""
    macros: tuple[int, ...] | None = None
    """Macros per tile; a buffer is as many bytes wide. If None, the shipped ones."""
    glb_depths: tuple[int, ...] | None = None
    """Words of global buffers. If None, the shipped ones."""
    model: str = "reference"  # "reference" or "physical"

    def __post_init__(self) -> None:
        check_choice("device", self.device, DEVICES)
        check_choice("model", self.model, SHIPPED)
        available = SHIPPED[self.model].millivolts
        for node in self.nodes_nm:
            if node not in available:
                nodes = ", ".join(map(str, available))
                raise ValueError(f"no components at {node} nm: the libraries agree on {nodes} only")
        for name in ("rows", "cols"):
            smallest = min(getattr(self, name))
            if smallest < SMALLEST_CROSSBAR:
                raise ValueError(f"{name} must be at least {SMALLEST_CROSSBAR}, got {smallest}")
        for name in ("rows", "cols", "millivolts", "macros", "glb_depths"):
            values = getattr(self, name) or (1,)
            if min(values) < 1 or max(values) > LARGEST:
                raise ValueError(f"{name} must be from 1 to {LARGEST:,}")

    @classmethod
    def shipped(cls, model: str) -> list[Request]:
        """Requests for all shipped components of a cost model."""
        check_choice("model", model, SHIPPED)
        nodes = tuple(SHIPPED[model].millivolts)
        return [cls(device, nodes, SIZES, SIZES, model=model) for device in DEVICES]

    def keys(self) -> dict[str, set[Key]]:
        """Keys of every table, in the order of its key columns; voltages in mV."""
        shipped, crossbars = SHIPPED[self.model], set[Key]()
        for node in self.nodes_nm:
            volts = {*(self.millivolts or shipped.usual_mV(node))}
            if self.model == "physical":
                volts.add(TIMED_MV)
            crossbars |= {*product([node], volts, self.rows, self.cols)}
        depths = {*self.rows, *self.cols}
        tiles: set[Key] = {*product([8 * n for n in self.macros or shipped.macros], depths)}
        glbs: set[Key] = {*product([GLB_WIDTH_BITS], self.glb_depths or shipped.glb_depths)}
        around = self._around if self.model == "reference" else self._around_physical
        return {self.device: crossbars, **around(tiles, glbs)}

    def _around(self, tiles: set[Key], glbs: set[Key]) -> dict[str, set[Key]]:
        """Components of the reference model besides crossbars."""
        sizes = tiles | glbs
        return {
            "adder": self._at_nodes({((depth - 1).bit_length(),) for _, depth in sizes}),
            "buffer": self._at_nodes(sizes),
            "router": self._at_nodes({()}),
        }

    def _around_physical(self, tiles: set[Key], glbs: set[Key]) -> dict[str, set[Key]]:
        """Components of the physical model besides crossbars; streaming arrays also as a memory."""
        if DEVICES[self.device].streams_weights:
            tiles = tiles | {*product(self.cols, self.rows)}
        buffers = {(*size, banks) for size, banks in product(glbs, GLB_BANKS)}
        return {
            **{name: self._at_nodes({(n,) for n in bits}) for name, bits in ADC_BITS.items()},
            "buffer": self._at_nodes(buffers | {(*size, 1) for size in tiles}),
            "shift_add": self._at_nodes({(bits,) for bits in SHIFT_ADD_BITS}),
            "dac": self._at_nodes({(bits,) for bits in DAC_BITS}),
            **{name: self._at_nodes({()}) for name in ("mac", "router", "technology")},
            "dram": {(width,) for width in DRAM_WIDTHS},
        }

    def _at_nodes(self, keys: set[Key]) -> set[Key]:
        return {(node, *key) for node in self.nodes_nm for key in keys}

    def command(self, out: str) -> str:
        """Command line that adds these components to the table `out`."""
        shipped, volts = SHIPPED[self.model], {*(self.millivolts or ())}
        usual = all(volts.issubset(shipped.usual_mV(node)) for node in self.nodes_nm)
        options = {
            "model": [] if self.model == "reference" else [self.model],
            "device": [self.device],
            "technology": self.nodes_nm,
            "voltage": [] if usual else [f"{mV / 1000:g}" for mV in sorted(volts)],
            "rows": self.rows,
            "cols": self.cols,
            "macros": {*(self.macros or ())} - {*shipped.macros} and self.macros,
            "glb-depth": {*(self.glb_depths or ())} - {*shipped.glb_depths} and self.glb_depths,
        }
        texts = [f"--{name} {','.join(map(str, v))}" for name, v in options.items() if v]
        return f"imcmoo components build {' '.join(texts)} --out {quote(out)}"

    def remedy(self, path: str | None) -> str:
        """Advice how to add these components to the table at `path`; None is the shipped table."""
        named = "" if path else f'; then say components = "{NEW_TABLE}" in the study'
        return f"to add it: {self.command(path or NEW_TABLE)}{named}"
