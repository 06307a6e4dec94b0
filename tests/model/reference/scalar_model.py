"""The cost model of one layer on one chip, written plainly: the oracle the fast code is held to.

No arrays, no sharing, no shortcuts: the temporal loops are walked step by step, and every feasible
loop split is tried. Slow on purpose. Source: docs/model.md, sections 3 to 6.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from functools import cache

DIMS = "CMPQRSGNXYZ"
LEVELS = ("bit", "row", "col", "macro", "tile", "srg")
GROUPS = {"row": ("CRS",), "col": ("YM",)}
GROUPS |= dict.fromkeys(("macro", "tile", "srg"), ("Y", "RS", "MC", "G", "PQ", "N"))
SPACES = {"I": "NCGX", "O": "NMPQZG", "W": "CMRSYG"}
WINDOWS = (("P", "R"), ("Q", "S"))
TOP_ORDER = "SRMCGNPQ"
GLB_ORDER = "SRPQCMNG"


def primes(n):
    """Distinct primes of n in the order CPython iterates the set they were added to."""
    primes = set()
    p = 2
    while n > 1:
        if n % p == 0:
            primes.add(p)
            n //= p
        else:
            p += 1 if p * p <= n else n - p
    return list(primes)


@cache
def fill(left, capacity):
    """Best utilization of one group and the factors that reach it."""
    best = 1.0
    chosen = (1,) * len(left)
    for i, size in enumerate(left):
        if size > capacity:
            n = math.ceil(size / capacity)
            a = math.ceil(size / n)
            u = (a * (n - 1) + size % a) / n
            if u > best:
                best = u
                chosen = tuple(a if j == i else 1 for j in range(len(left)))
        for p in primes(size):
            if p > capacity:
                continue
            rest = tuple(size // p if j == i else s for j, s in enumerate(left))
            u, factors = fill(rest, capacity // p)
            if p * u > best:
                best = p * u
                chosen = tuple(f * p if j == i else f for j, f in enumerate(factors))
    return best, chosen


@dataclass
class Chip:
    device: str
    bits: int
    rows: int
    cols: int
    srg: int
    tile: int
    macro: int
    glb_depth: int


class LayerMapping:
    """Spatial factors, residuals and extents of one layer on one chip."""

    def __init__(self, layer, chip):
        self.chip = chip
        self.size = {d: layer.get(d, 1) for d in DIMS} | {"X": 8, "Y": 8, "Z": 8}
        w = min(chip.bits, 8)
        left = dict(self.size) | {"X": 1, "Z": 1, "Y": math.ceil(8 / w)}
        held_back = 1
        if chip.device == "sram":
            held_back, left["Q"] = left["Q"], 1
        self.e = {level: dict.fromkeys(DIMS, 1) for level in LEVELS}
        self.e["bit"] |= {"X": 8, "Z": 8, "Y": w}
        capacity = (chip.rows, chip.cols, chip.macro, chip.tile, chip.srg)
        for level, room in zip(LEVELS[1:], capacity, strict=True):
            for group in GROUPS[level]:
                _, factors = fill(tuple(left[d] for d in group), room)
                for d, f in zip(group, factors, strict=True):
                    self.e[level][d] = f
                room //= math.prod(factors)
            for d in DIMS:
                left[d] = math.ceil(left[d] / self.e[level][d])
        if chip.device == "sram":
            left["Q"] = held_back
        self.T = left
        self.r = {level: {} for level in LEVELS}
        self.x = {level: {} for level in (*LEVELS, "glb")}
        self.xr = {level: {} for level in (*LEVELS, "glb")}
        for d in DIMS:
            rem, full, part = self.size[d], 1, 1
            for level in LEVELS:
                e = self.e[level][d]
                r = (rem - 1) % e + 1
                self.r[level][d] = r
                self.x[level][d], self.xr[level][d] = full, part
                part += full * (r - 1)
                full *= e
                rem = math.ceil(rem / e)
            self.x["glb"][d], self.xr["glb"][d] = full, part
        self.F = {level: math.prod(self.e[level].values()) for level in LEVELS}
        self.cycles = math.prod(self.T.values())

    @property
    def fits(self):
        weights = "CMRSGY" if self.chip.device == "rram" else "Y"
        return all(self.T[d] == 1 for d in weights)

    def utilization(self):
        c = self.chip
        macs = math.prod(self.size[d] for d in "CMPQRSGN")
        cells = c.srg * c.tile * c.macro * c.rows * c.cols
        return macs * 512 / (self.cycles * cells * 64 * min(c.bits, 8))

    def splits(self):
        """All (top trips, GLB trips) whose boxes fit the global buffer."""
        free = "PQ" if self.chip.device == "rram" else "CMRSNPG"
        options = []
        for d in DIMS:
            t = self.T[d]
            if d in free:
                options.append([g for g in range(1, t + 1) if t % g == 0])
            else:
                options.append([t] if d in "PQ" else [1])
        for glb in itertools.product(*options):
            inner = dict(zip(DIMS, glb, strict=True))
            if self.buffer_bits(inner) <= 2048 * self.chip.glb_depth:
                yield {d: self.T[d] // inner[d] for d in DIMS}, inner

    def default_split(self):
        inner = {d: self.T[d] if d in "PQ" else 1 for d in DIMS}
        return {d: self.T[d] // inner[d] for d in DIMS}, inner

    def buffer_bits(self, inner):
        x = {d: self.x["glb"][d] * inner[d] for d in DIMS}
        return volume("I", x) + volume("O", x)

    def instances(self):
        """Units in use on average, truncated: floating point in the reference's order."""
        out = {}
        kinds = {"router": "srg", "buffers": "tile", "drivers": "macro", "cells": "row"}
        for name, level in kinds.items():
            u, units = 1.0, dict(self.T)
            for lv in reversed(LEVELS[LEVELS.index(level) :]):
                for d in "GZYSRMCXQPN":
                    e, r, o = self.e[lv][d], self.r[lv][d], units[d]
                    if e > 1:
                        u = u * (r + e * (o - 1)) / o
                    units[d] = r + e * (o - 1)
            out[name] = int(u)
        return out


def volume(space, x):
    v = math.prod(x[d] for d in SPACES[space])
    if space == "I":
        for a, b in WINDOWS:
            v *= x[a] + x[b] - 1
    return v


def box(space, pos, x):
    """Axis-aligned box as a list of (start, extent)."""
    axes = [(pos[d], x[d]) for d in SPACES[space]]
    if space == "I":
        axes += [(pos[a] + pos[b], x[a] + x[b] - 1) for a, b in WINDOWS]
    return axes


def away(v):
    """Round half away from zero; v counts half units."""
    return int(math.copysign((abs(v) + 1) // 2, v)) if v else 0


class Delta:
    """Bits newly brought to one tile, visit by visit."""

    def __init__(self, space):
        self.space, self.previous, self.move = space, None, None

    def visit(self, pos, x):
        now = box(self.space, pos, x)
        vol = math.prod(n for _, n in now)
        if self.previous is None:
            delta, self.move = vol, None
        else:
            m = tuple(
                away(2 * a + n - 2 * b - k)
                for (a, n), (b, k) in zip(now, self.previous, strict=True)
            )
            if any(m) and self.move is not None and m != self.move:
                delta, self.move = vol, None
            else:
                shared = math.prod(
                    max(0, min(a + n, b + k) - max(a, b))
                    for (a, n), (b, k) in zip(now, self.previous, strict=True)
                )
                delta = vol - shared
                if any(m):
                    self.move = m
        self.previous = now
        return delta


def counts(m, top, inner):
    """Actions of each component per instance, in bits, for one split."""
    chip = m.chip
    loops = [(d, top[d], "top") for d in TOP_ORDER if top[d] > 1]
    loops += [(d, inner[d], "glb") for d in GLB_ORDER if inner[d] > 1]
    ragged = {d: any(m.r[lv][d] < m.e[lv][d] for lv in LEVELS) for d in DIMS}
    spans = ("row", "col", "macro", "tile", "srg")
    tracks = {(s, lv): Delta(s) for s in "IOW" for lv in spans}
    glb_tracks = {s: Delta(s) for s in "IO"}
    tops = [i for i, (_, _, where) in enumerate(loops) if where == "top"]
    glbs = [i for i, (_, _, where) in enumerate(loops) if where == "glb"]
    sums = {}

    def add(key, value):
        sums[key] = sums.get(key, 0) + value

    previous_top = None
    middle = {}
    for step in walk(loops, ragged):
        trips = [t for t, _ in step]
        weight = math.prod(w for _, w in step)
        pos = dict.fromkeys(DIMS, 0)
        last = dict.fromkeys(DIMS, True)
        for (d, n, where), t in zip(loops, trips, strict=True):
            pos[d] += t * m.x["glb"][d] * (inner[d] if where == "top" else 1)
            last[d] &= t == n - 1
        n_children, extents = {}, {}
        for i, lv in enumerate(LEVELS):
            n_children[lv], extents[lv] = {}, {}
            for d in DIMS:
                outer_one = all(m.r[o][d] == 1 for o in LEVELS[i + 1 :])
                here_one = outer_one and m.r[lv][d] == 1
                n_children[lv][d] = m.r[lv][d] if last[d] and outer_one else m.e[lv][d]
                extents[lv][d] = m.xr[lv][d] if last[d] and here_one else m.x[lv][d]
        for s in "IOW":
            for lv in spans:
                n = n_children[lv]
                big = math.prod(n.values())
                if s == "I":
                    distinct = n["N"] * n["C"] * n["G"] * n["X"]
                    for a, b in WINDOWS:
                        starts = itertools.product(range(n[a]), range(n[b]))
                        distinct *= len({i * m.x[lv][a] + j * m.x[lv][b] for i, j in starts})
                else:
                    distinct = math.prod(n[d] for d in SPACES[s])
                delta = tracks[s, lv].visit(pos, extents[lv])
                whole = volume(s, extents[lv])
                if lv == "srg":
                    delta = whole
                    if chip.srg == 1 and glbs:
                        delta = quirk(loops, glbs, trips, ragged, middle, ("box", s), delta)
                add((s, lv, "U"), weight * distinct * delta)
                add((s, lv, "E"), weight * big * delta)
                add((s, lv, "1"), weight * delta)
        now_top = tuple(trips[i] for i in tops)
        if now_top != previous_top:
            top_weight = math.prod(step[i][1] for i in tops)
            for s in "IO":
                # the box the GLB holds: all spatial factors times its own trips
                ext = glb_extents(m, inner, loops, trips)
                delta = glb_tracks[s].visit(pos_top(m, inner, loops, trips), ext)
                if tops:
                    delta = quirk(loops, tops, trips, ragged, middle, ("glb", s), delta)
                add((s, "glb", "fill"), top_weight * delta)
            previous_top = now_top
    return finish(m, sums)


def pos_top(m, inner, loops, trips):
    pos = dict.fromkeys(DIMS, 0)
    for (d, _, where), t in zip(loops, trips, strict=True):
        if where == "top":
            pos[d] += t * m.x["glb"][d] * inner[d]
    return pos


def glb_extents(m, inner, loops, trips):
    last = dict.fromkeys(DIMS, True)
    for (d, n, where), t in zip(loops, trips, strict=True):
        if where == "top":
            last[d] &= t == n - 1
    return {
        d: m.x["glb"][d] * (inner[d] - 1) + m.xr["glb"][d] if last[d] else m.x["glb"][d] * inner[d]
        for d in DIMS
    }


def quirk(loops, block, trips, ragged, middle, key, value):
    """The innermost loop's last trip contributes the value of its middle trip."""
    i = block[-1]
    d, n, _ = loops[i]
    outer_last = all(
        t == k - 1 for (e, k, _), t in zip(loops[:i], trips[:i], strict=True) if e == d
    )
    if n < 3 or not (ragged[d] and outer_last):
        return value
    if trips[i] == 1:
        middle[key] = value
    elif trips[i] == n - 1:
        return middle[key]
    return value


def walk(loops, ragged, before=()):
    """Visited steps: for each loop (trip, weight)."""
    i = len(before)
    if i == len(loops):
        yield before
        return
    d, n, _ = loops[i]
    outer_last = all(
        t == k - 1 for (e, k, _), (t, _) in zip(loops[:i], before, strict=True) if e == d
    )
    if ragged[d] and outer_last:
        visits = [(0, 1)] + ([(1, n - 2)] if n >= 3 else []) + [(n - 1, 1)]
    else:
        visits = [(0, 1), (1, n - 1)]
    for visit in visits:
        yield from walk(loops, ragged, (*before, visit))


def nearest(v):
    return math.floor(v + 0.5)


def finish(m, sums):
    chip, F, T = m.chip, m.F, m.cycles
    w = min(chip.bits, 8)
    rram = chip.device == "rram"

    def rho(s, lv):
        return sums[s, lv, "U"] / sums[s, lv, "E"]

    rd = 8 * T * F["row"] * F["col"] * rho("I", "col")
    ad = 8 * T * F["row"] * rho("O", "row") * F["col"]
    we = sums["W", "row", "E"]
    inputs = nearest(rd * F["macro"] * rho("I", "macro"))
    outputs = nearest(ad * F["macro"] * rho("O", "macro"))
    fills = {s: sums[s, "glb", "fill"] if rram else 0 for s in "IO"}
    out = {
        "cim_unit": {"W": (w * T, 0 if rram else math.floor(we / F["row"]), 0)},
        "row_drivers": {"I": (nearest(rd), 0, 0)},
        "adc": {"O": (nearest(ad), 0, 0)},
        "column_drivers": {"O": (nearest(ad), 0, 0)},
        "input_buffer": {"I": (inputs, math.floor(sums["I", "tile", "E"] / F["tile"]), 0)},
        "output_buffer": {"O": (outputs, nearest(sums["O", "tile", "1"]), outputs)},
        "router": {
            "I": (nearest(sums["I", "tile", "U"]), 0, 0),
            "O": (nearest(sums["O", "tile", "1"] * F["tile"] * rho("O", "tile")), 0, 0),
        },
        "glb": {
            "I": (sums["I", "srg", "U"], fills["I"], 0),
            "O": (sums["O", "srg", "U"], fills["O"], sums["O", "srg", "U"]),
        },
    }
    if not rram:
        out["weight_drivers"] = {"W": (nearest(we * F["col"]), 0, 0)}
        reads = we * F["col"]
        for lv in ("macro", "tile", "srg"):
            reads *= F[lv] * rho("W", lv)
        out["main_memory"] = {"W": (nearest(reads), 0, 0)}
    return out
