"""Which components are asked for: of a table to be built, or of one that lacks some."""

from __future__ import annotations

from collections.abc import Iterator
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
"""Supply voltages by technology node in nm, first and last. Up to 45 nm they are the paper's; above
they go, as at 45 nm, from 250 mV below NeuroSim's nominal voltage to 100 mV above.

NeuroSim knows 130 nm, too, but hwcomponents-cacti 1.0.40 scales buffers above 90 nm from 22 nm
instead of from 90 nm: they would cost less than at 65 nm.
"""

GLB_WIDTH_BITS = 2048
SMALLEST_CROSSBAR = 8
"""Rows or columns, in NeuroSim."""
LARGEST = 1 << 24
"""Of any number: far beyond any chip, and small enough for the table's keys."""


def powers(first: int, last: int) -> tuple[int, ...]:
    """Powers of two from first to last."""
    return tuple(2**i for i in range(first.bit_length() - 1, last.bit_length()))


SIZES = powers(16, 1024)
MACROS = powers(2, 128)
GLB_DEPTHS = powers(2048, 524288)


@dataclass(frozen=True)
class Request:
    """All components of some chips of the reference model.

    Args:
        device: "rram" or "sram".
        nodes_nm: technology nodes.
        rows: of crossbars, and depths of the buffers beside them.
        cols: as `rows`.
        millivolts: supply voltages of crossbars; by default those of each node in `MILLIVOLTS`.
        macros: macros per tile; a buffer is as many bytes wide.
        glb_depths: words of global buffers.

    Raises:
        ValueError: a number the libraries have no component for; says what they have.
    """

    device: str
    nodes_nm: tuple[int, ...]
    rows: tuple[int, ...]
    cols: tuple[int, ...]
    millivolts: tuple[int, ...] | None = None
    macros: tuple[int, ...] = MACROS
    glb_depths: tuple[int, ...] = GLB_DEPTHS

    def __post_init__(self) -> None:
        check_choice("device", self.device, DEVICES)
        for node in self.nodes_nm:
            if node not in MILLIVOLTS:
                known = ", ".join(map(str, MILLIVOLTS))
                raise ValueError(f"no components at {node} nm: the libraries agree on {known} only")
        for name in ("rows", "cols"):
            smallest = min(getattr(self, name))
            if smallest < SMALLEST_CROSSBAR:
                raise ValueError(f"{name} must be at least {SMALLEST_CROSSBAR}, got {smallest}")
        for name in ("rows", "cols", "millivolts", "macros", "glb_depths"):
            values = getattr(self, name) or (1,)
            if min(values) < 1 or max(values) > LARGEST:
                raise ValueError(f"{name} must be from 1 to {LARGEST:,}")

    def keys(self) -> dict[str, set[Key]]:
        """The keys of every table, as `component_table.TABLE_KEYS` has them; voltages in mV."""
        depths = {*self.rows, *self.cols}
        sizes = {*product([8 * macros for macros in self.macros], depths)}
        sizes |= {*product([GLB_WIDTH_BITS], self.glb_depths)}
        bits = {(depth - 1).bit_length() for _, depth in sizes}
        return {
            self.device: {*self._crossbars()},
            "adder": {*product(self.nodes_nm, bits)},
            "buffer": {(node, *size) for node, size in product(self.nodes_nm, sizes)},
            "router": {(node,) for node in self.nodes_nm},
        }

    def _crossbars(self) -> Iterator[Key]:
        for node in self.nodes_nm:
            yield from product([node], self.millivolts or usual_mV(node), self.rows, self.cols)

    def command(self, out: str) -> str:
        """The command line that adds these components to a table.

        Args:
            out: path of the table.
        """
        asked = {*(self.millivolts or ())}
        usual = all(asked.issubset(usual_mV(node)) for node in self.nodes_nm)
        options = {
            "device": [self.device],
            "technology": self.nodes_nm,
            "voltage": [] if usual else [f"{mV / 1000:g}" for mV in sorted(asked)],
            "rows": self.rows,
            "cols": self.cols,
            "macros": [] if {*MACROS}.issuperset(self.macros) else self.macros,
            "glb-depth": [] if {*GLB_DEPTHS}.issuperset(self.glb_depths) else self.glb_depths,
        }
        said = [f"--{name} {','.join(map(str, v))}" for name, v in options.items() if v]
        return f"imcmoo components build {' '.join(said)} --out {quote(out)}"


def usual_mV(node_nm: int) -> range:
    """The supply voltages of a node in the shipped table."""
    first, last = MILLIVOLTS[node_nm]
    return range(first, last + 1, STEP_MV)
