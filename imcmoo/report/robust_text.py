"""The answer of a study under uncertain costs as lines of text."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator

import numpy as np

from imcmoo.analysis.draws import Ratio, order_statistic
from imcmoo.answers.drawn_device import (
    AT_MEDIAN,
    NOMINAL,
    ROBUST,
    ROBUST_OF_ALL,
    DrawnChip,
    DrawnDevice,
)
from imcmoo.answers.robust_answer import Pair, RobustAnswer
from imcmoo.model.physical.assumptions import OF_CIRCUITS, OF_NOISE
from imcmoo.model.physical.draws import HELD
from imcmoo.problem.robust_names import ROBUST_CRITERIA
from imcmoo.space.parameters import text_of_value
from imcmoo.study.devices import StudyOfDevices
from imcmoo.study.study import Study
from imcmoo.study.uncertainty import uncertainty_settings

MEAN, QUANTILE, _ = ROBUST_CRITERIA

NAMED_ENTRIES = 3
"""Entries that are named as worth a measurement."""

LEAST_SHARE = 0.02
"""Shares of variance below this one are noise."""

ROLES = {
    NOMINAL: "nominal chip (as certified)",
    AT_MEDIAN: "best chip at median costs",
    ROBUST_OF_ALL: "robust chip of all devices",
}

LEAST_SAVING = 0.1
"""Share of the mean regret that a measurement must save to be named."""

HEADINGS = ("R50", "R90", "R95", "worst", "within 10 %", "keeps limits", "at assumed costs")


def all_at_once(study: Study | StudyOfDevices) -> str:
    """Line below an answer for one value of an assumption: where the others are uncertain, too.

    Empty if uncertain costs of the study cannot be drawn.
    """
    first = study.studies[0]
    try:
        uncertainty_settings(first)
    except ValueError:
        return ""
    name = shlex.quote(study.file or study.name)
    return f"with all assumptions uncertain at once: imcmoo robust {name}"


def robust_lines(answer: RobustAnswer) -> Iterator[str]:
    """Lines: the answer in short; chips of each device, the better device, what to measure."""
    yield from _in_short(answer)
    yield ""
    yield _headline(answer)
    is_list = len(answer.parts) + len(answer.without_chip) > 1
    for part in answer.parts:
        yield from _of_device(part, named=is_list)
    for label, why in answer.without_chip.items():
        yield f"{label}: no chip in any draw: {why}"
    for pair in answer.pairs:
        yield _of_pair(pair)
    for part in answer.parts:
        if line := _measurements(part, named=is_list):
            yield line
    for pair in answer.pairs:
        if line := _measurements_of_pair(pair):
            yield line
    yield from _cautions(answer)


def _in_short(answer: RobustAnswer) -> Iterator[str]:
    """Lines on the device, the chip, how sure both are, and what to measure first."""
    part, chip = answer.best
    pairs = [pair for pair in answer.pairs if part in (pair.first, pair.second)]
    if pairs:
        yield f"Device: {part.label}; {'; '.join(_odds(pair) for pair in pairs)}"
    yield f"Chip: {_parameters(part, chip)}"
    values = chip.measures
    sure = (
        f"How sure: within 10 % of the best chip in {100 * values['within_10']:.0f} % of draws, "
        f"keeps its limits in {100 * values['keeps_limits']:.0f} %"
    )
    over = part.over_nominal(chip)
    if math.isfinite(over):
        sure += f"; its score at assumed costs is {over:.3g} times that of the nominal chip"
    elif math.isinf(over):
        sure += "; at assumed costs it breaks a limit"
    yield sure
    lines = (_measurements_of_pair(pair) for pair in pairs) if pairs else [_measurements(part)]
    if line := next(filter(None, lines), ""):
        yield line[0].upper() + line[1:]


def _odds(pair: Pair) -> str:
    """In how many draws the first device of a pair is better."""
    r = pair.ratio
    return (
        f"{pair.first.label} is better than {pair.second.label} in {r.better} of {r.draws} draws "
        f"({interval(r)})"
    )


def _headline(answer: RobustAnswer) -> str:
    part = answer.parts[0]
    table, settings = part.table, part.settings
    weights = ", and of the mix of networks" if table.weights is not None else ""
    n_proven = min(each.n_proven for each in answer.parts)
    proven = "all best chips of draws proven"
    if n_proven < table.n:
        proven = f"{n_proven} best chips of draws proven, not proven: the others, so regrets read "
        proven += '"at least"'
    return (
        f"Robust chip over {table.n} draws of {len(table.drawn)} assumptions "
        f"({len(table.groups)} groups){weights}, bands as {settings.spread}, by {settings.by}; "
        f"{proven}"
    )


def _of_device(part: DrawnDevice, *, named: bool) -> Iterator[str]:
    """Table of the chips of a device, and lines on the robust one."""
    is_proven = part.n_proven == part.table.n
    notes = (part.label if named else "", "" if is_proven else "regrets at least")
    title = ", ".join(filter(None, notes))
    yield f"{title:29}" + "".join(_cells(HEADINGS))
    for chip in part.chips:
        yield f"{_role(part, chip):29}" + "".join(_cells(_measures(part, chip)))
    lost = part.table.n - int(part.counted.sum())
    if lost:
        found = "keeps all limits" if is_proven else "was found that keeps all limits"
        yield (
            f"in {lost} of {part.table.n} draws no chip of {part.label} {found}: this table is of "
            "the others"
        )
    nominal, best = part.chip(NOMINAL), part.chip(ROBUST)
    if nominal is None:
        yield f"no chip of {part.label} keeps all limits at assumed costs"
    if best is None:
        yield part.why
        return
    if nominal is not None:
        yield _difference(part, nominal, best)
    yield _noise(part, best)
    yield _proof(part)


def _role(part: DrawnDevice, chip: DrawnChip) -> str:
    if chip.role == ROBUST:
        return f"robust chip ({part.settings.criterion})"
    return ROLES.get(chip.role, chip.role)


def _cells(texts: tuple[str, ...]) -> Iterator[str]:
    """Cells of a line, right-justified."""
    for heading, text in zip(HEADINGS, texts, strict=True):
        yield f"{text:>{max(len(heading), 6) + 2}}"


def _measures(part: DrawnDevice, chip: DrawnChip) -> tuple[str, ...]:
    values = chip.measures
    regrets = (f"{values[name]:.3g}" for name in ("R50", "R90", "R95", "worst"))
    shares = (f"{100 * values[name]:.0f} %" for name in ("within_10", "keeps_limits"))
    over = part.over_nominal(chip)
    unknown = "breaks a limit" if math.isinf(over) else "none"
    return (*regrets, *shares, f"{over:.3f}" if math.isfinite(over) else unknown)


def _difference(part: DrawnDevice, nominal: DrawnChip, chip: DrawnChip) -> str:
    """Parameters in which the robust chip differs from the nominal one."""
    before, after = part.design(nominal), part.design(chip)
    changes = [
        f"{name} {text_of_value(before[name])}->{text_of_value(value)}"
        for name, value in after.items()
        if value != before[name]
    ]
    if not changes:
        return "the robust chip is the nominal one"
    return f"differs from the nominal chip in: {', '.join(changes)}"


def _noise(part: DrawnDevice, chip: DrawnChip) -> str:
    held = [one for one in part.table.all if one.spread == HELD and one.known.spread == HELD]
    n = sum(one.why_held in (OF_NOISE, OF_CIRCUITS) for one in held)
    noise = f"noise is held as assumed ({n} assumptions): "
    if math.isnan(chip.snr.dB):
        return f"{noise}the sums of the robust chip are exact"
    has = f"the robust chip has a compute SNR of {chip.snr.dB:.2f} dB ({chip.snr.network})"
    if chip.snr.margin_dB is None:
        return f"{noise}{has}; no limit"
    return f"{noise}{has} and needs {chip.snr.limit_dB:g}: {chip.snr.margin_dB:.2f} dB to spare"


def _proof(part: DrawnDevice) -> str:
    """Value of the robust chip by its criterion."""
    settings = part.settings
    what = {MEAN: "mean logarithm of the score", QUANTILE: f"R{100 * settings.quantile:g}"}
    value = f"{what.get(settings.criterion, 'worst regret')} {part.value:.4g}"
    if part.proof is None:
        return f"{value}: best of the pool of {part.n_pool:,} candidates, not proven"
    if part.proof.gap > 0:
        text = f"{value}; score at most {part.proof.gap:.2%} above the least possible, as proven"
        if part.time_limit_s is None:
            return text
        return f"{text} in {part.time_limit_s:g} s; this gap depends on the machine"
    return f"{value}: proven, no chip is better"


def _of_pair(pair: Pair) -> str:
    r = pair.ratio
    n_open = int((np.isnan(pair.first.bounds) | np.isnan(pair.second.bounds)).sum())
    open_ = f"; {n_open} draws rest on candidates, not proven" if n_open else ""
    both, which = pair.ratios, ""
    if len(both) < r.draws:
        which = f" in {len(both)} of {r.draws} draws, where both have a chip"
    numbers = "no draw in which both have a chip"
    if len(both):
        median, low, high = (order_statistic(both, q) for q in (0.5, 0.05, 0.95))
        numbers = f"median {median:.3g}, 5-95 % {low:.2g} to {high:.2g}{which}"
    return f"{pair.label}: {numbers}; {_odds(pair)}, sampling of draws only{open_}"


def interval(ratio: Ratio) -> str:
    """The interval of the share of draws, in percent."""
    return f"{100 * ratio.low:.1f} to {100 * ratio.high:.4g} %"


def _measurements(part: DrawnDevice, *, named: bool = False) -> str:
    """Entries whose measurement saves most regret of the chip; empty if none counts."""
    counted = [(e, s) for e, s in (part.savings or {}).items() if s.counts]
    best = sorted(counted, key=lambda one: -one[1].saving)[:NAMED_ENTRIES]
    if not best:
        return ""
    chip = f"the chip of {part.label}" if named else "the chip"
    (first, saving), *others = best
    if saving.saving < LEAST_SAVING * saving.before:
        return (
            f"no single measurement saves {LEAST_SAVING:.0%} of the mean regret "
            f"({saving.before:.3g}) of {chip}"
        )
    texts = [f"{_members(part, first)} (mean regret {saving.before:.3g} -> {saving.after:.3g})"]
    texts += [f"{_members(part, entry)} (-> {saving.after:.3g})" for entry, saving in others]
    return f"measure first, for {chip}: {', '.join(texts)}"


def _members(part: DrawnDevice, entry: str) -> str:
    """An entry, with its assumptions if it is a group."""
    members = [one.name for one in part.table.drawn if one.entry == entry]
    return entry if members in ([], [entry]) else f"{entry} [{', '.join(members)}]"


def _measurements_of_pair(pair: Pair) -> str:
    """Groups that explain most of the ratio of two devices; empty if none does."""
    if len(pair.ratios) < pair.draws_for_shares:
        return (
            f"measure first, for {pair.label}: too few draws for shares of the variance; both "
            f"devices have a chip in {len(pair.ratios)}, and {pair.draws_for_shares} are needed "
            "(--draws)"
        )
    by_entry, r2 = pair.shares or ({}, math.nan)
    counted = [(e, s) for e, s in by_entry.items() if s.share >= LEAST_SHARE]
    best = sorted(counted, key=lambda one: -one[1].share)[:NAMED_ENTRIES]
    if not best:
        return ""
    texts = [f"{_members(pair.first, e)} ({100 * share.share:.0f} %)" for e, share in best]
    return f"measure first, for {pair.label}: {', '.join(texts)} of the variance (R2 {r2:.2f})"


def _parameters(part: DrawnDevice, chip: DrawnChip) -> str:
    """Device, parameters that vary, and area of a chip."""
    design = part.design(chip)
    varied = [p.name for p in part.study.space.parameters if len(p.values) > 1]
    values = (f"{name} {text_of_value(design[name])}" for name in varied if name != "device")
    area = f"chip area {1e6 * chip.area_m2:.4g} mm² at assumed costs"
    return ", ".join([part.label, *values, area])


def _cautions(answer: RobustAnswer) -> Iterator[str]:
    """Cautions: costs that the draws leave out."""
    for part in answer.parts:
        if part.study.calibration is not None:
            yield f"the calibration of {part.label} is of one macro, and so are its deviations"
        if part.study.components is not None:
            yield f"numbers of the component table {part.study.components} are not drawn"
    yield "the form of the model and its noise are not drawn: shares hold for these draws only"
