"""How long things take: one vector through an array, one layer, and what binds it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.devices import Device
from imcmoo.model.physical.layers import LayerTable
from imcmoo.model.physical.operating_point import OperatingPoint
from imcmoo.model.physical.parameters import Designs

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

CAUSES = ("compute", "glb", "link", "buffer", "dram", "power")
"""What may bind a layer; power binds a whole image."""


@dataclass(frozen=True, eq=False)
class LayerTimes:
    """Seconds of one occurrence of each layer on each resource, shape (n, L).

    Args:
        step: one vector through one copy.
        terms: by the first five of `CAUSES`; they overlap, the largest counts.
        loads: compute, link and DRAM seconds of loading weights that nothing overlaps, if any.
    """

    step: Floats
    terms: tuple[Floats, ...]
    loads: tuple[Floats, ...] | None = None

    def compute_only(self) -> LayerTimes:
        """As if everything but computing and writing rows were done at once."""
        nothing = np.zeros_like(self.step)
        loads = None if self.loads is None else (self.loads[0], nothing, nothing)
        return LayerTimes(self.step, (self.terms[0], *([nothing] * 4)), loads)

    @property
    def seconds(self) -> Floats:
        """Seconds of each layer where layers take turns, shape (n, L)."""
        seconds = largest_of(self.terms) + self.step
        return seconds if self.loads is None else seconds + largest_of(self.loads)


def read_time(
    designs: Designs,
    point: OperatingPoint,
    columns_used: Floats,
    converters: Floats,
    *,
    device: Device,
    given: Assumptions,
    pulses: bool,
) -> Floats:
    """Seconds of one read of an array, conversions included.

    Args:
        designs: n chips.
        point: their speed.
        columns_used: converted columns of the fullest macro, shape (n, L).
        converters: of a macro, shape (n,).
        device: tells how long a level is held.
        given: length of a pulse.
        pulses: whether pulses take time.

    Returns:
        Shape (n, L).
    """
    held = held_time(designs, point, device=device, given=given, pulses=pulses)
    convert = point.converter.time_s * point.slowdown
    return converted_read(held, convert, columns_used, converters, designs.sample_and_hold > 0)


def held_time(
    designs: Designs,
    point: OperatingPoint,
    *,
    device: Device,
    given: Assumptions,
    pulses: bool,
) -> Floats:
    """Seconds of one read of an array and its pulses, without conversions, shape (n,)."""
    each = (2.0**designs.input_slice_bits - 1) * given.pulse_s.value
    held = np.where(designs.levels, device.held_level_s(given), each)
    time: Floats = point.array_s + held * pulses
    return time


def converted_read(
    read_s: Floats, convert_s: Floats, columns_used: Floats, converters: Floats, hold: Bools
) -> Floats:
    """Reading and c conversions, one after the other; at once with a sample-and-hold per column.

    Args:
        read_s: of the array and its pulses, shape (n,).
        convert_s: of one conversion, shape (n,).
        columns_used: converted columns of the fullest macro, shape (n, L).
        converters: of a macro, shape (n,).
        hold: whether there are samples and holds, shape (n,).

    Returns:
        Shape (n, L).
    """
    read = read_s[:, None]
    both: Floats = columns_used / converters[:, None]
    np.ceil(both, out=both)
    both *= convert_s[:, None]
    if not hold.any():
        both += read
    elif hold.all():
        np.maximum(both, read, out=both)
    else:
        # The sum of two is their maximum and their minimum.
        rest = np.minimum(both, read)
        rest *= ~hold[:, None]
        np.maximum(both, read, out=both)
        both += rest
    return both


def largest_of(terms: tuple[Floats, ...]) -> Floats:
    """Element by element the largest of several arrays of one shape, without stacking them."""
    largest = np.maximum(terms[0], terms[1])
    for term in terms[2:]:
        np.maximum(largest, term, out=largest)
    return largest


def add_by_cause(
    terms: tuple[Floats, ...], causes: tuple[int, ...], layers: LayerTable, found: Floats
) -> None:
    """Add seconds of every network to what binds its layers, the first of equals.

    Args:
        terms: seconds of layers on resources, shape (n, L) each.
        causes: an index into `CAUSES` for each.
        layers: L distinct layers.
        found: seconds by cause so far, shape (n_causes, n, W), changed in place; what is added is
            the sum of the layers' largest terms. Shape (1, n, W) if nobody asks for causes.
    """
    largest = largest_of(terms)
    left = layers.total(largest)
    if len(found) == 1:
        found[0] += left
        return
    taken = terms[0] == largest
    for term, cause in zip(terms[1:], causes[1:], strict=True):
        binds = (term == largest) & ~taken
        taken |= binds
        if binds.any():
            here = layers.total(largest * binds)
            found[cause] += here
            left -= here
    found[causes[0]] += left
