"""The chip that is best by a criterion over draws of uncertain costs, and the better device.

The best chip of each draw of the costs is proven. These chips, and all their neighbours, are the
candidates for the robust chip.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from imcmoo.analysis.draws import Saving, elementwise_least, regrets, savings
from imcmoo.answers.drawn_device import (
    AT_MEDIAN,
    NOMINAL,
    ROBUST,
    ROBUST_OF_ALL,
    DrawnChip,
    DrawnDevice,
    Snr,
    device_name,
)
from imcmoo.answers.robust_answer import RobustAnswer
from imcmoo.arrays import Bools, Floats
from imcmoo.ask.robust_choice import Candidates, display_value
from imcmoo.exact.bounded_criteria import SingleNetworkOptima
from imcmoo.exact.robust import prove
from imcmoo.exact.robust_proof import RobustProof
from imcmoo.exact.smallest_chip import nothing_feasible
from imcmoo.io.errors import Infeasible, InputError, input_errors
from imcmoo.solve.draw_work import DrawWork, OnDraw
from imcmoo.solve.draws import ASSUMED, MEDIAN, DrawnStudy, drawn_study
from imcmoo.space.design_space import Levels
from imcmoo.study.devices import StudyOfDevices
from imcmoo.study.study import Study
from imcmoo.study.uncertainty import UncertaintyTable, uncertainty_settings

QUICK = 30
"""Draws that are proven if the answer is to be quick."""

MOST_PAIRS = 1_200_000
"""Pairs of a partial or whole chip and a draw after which the proof of a robust chip ends.

A number and not a time ends a proof, so that it has the same gap on every machine. Rule: 60 s of
CPU at 50 µs for each pair (four networks, 40 draws: 37 µs for sram, 66 µs for dimc). The search
tree of a draw comes on top, 0.2 s for each draw that the proof uses.
"""

S_PER_PROVEN, S_PER_JUDGED, S_OF_PROOF = 0.5, 0.03, 60.0
"""CPU seconds of a device for each draw that is proven, each draw in which all candidates are
judged, and the proof of its robust chip: measured with four networks on one core of a server."""

PROOF = "proof of the robust chip"
"""Beginning of the state of such a proof."""

SPLITS = "voi"
"""Name from which the stream of the random splits of draws is made."""


@dataclass(frozen=True)
class Options:
    """Options of the method.

    Args:
        folder: where finished draws are kept; None to keep none.
        quick: prove the first `QUICK` draws only.
        time_limit_s: time limit of the proof of the robust chip of each device, s; with 0 it is the
            best of the candidates, not proven. If None, `MOST_PAIRS` limits the proof instead.
        workers: number of processes.
        own: further chips to judge of a study of one device, by name, shape (1, n_parameters).
        on_draw: called as draws are finished, with the kind of work, how many are finished and of
            how many, and after every step of a proof of a robust chip, with its state, its steps
            and their limit; with a time limit with 0 and 1.
        command: the command line that repeats the answer.
    """

    folder: Path | None = None
    quick: bool = False
    time_limit_s: float | None = None
    workers: int = 1
    own: Mapping[str, Levels] = field(default_factory=dict)
    on_draw: OnDraw = lambda *_: None
    command: str = ""


def robust(
    study: Study | StudyOfDevices, options: Options | None = None, **changes: object
) -> RobustAnswer:
    """Find the robust chip of a study under uncertain costs; writes no answer.

    Args:
        study: the study. One that lists devices gets a robust chip of each and of all.
        options: how it is found. If None, all draws are proven in this process.
        changes: other values of keys of `UncertaintyTable`, such as `draws` and `criterion`.

    Raises:
        InputError: costs of the study cannot be drawn, or a key is wrong; says why.
        Infeasible: no chip is feasible in any draw, or every chip breaks a limit too often.

    Example::

        >>> answer = robust(study, draws=3)
        >>> len(answer.table) > 0
        True
    """
    options = options or Options()
    with input_errors():
        settings = uncertainty_settings(study.studies[0], **changes)
        studies = [one.replace(uncertainty=settings) for one in study.studies]
    _check(settings, options, len(studies))
    parts = [_Part.of(one, options, len(studies)) for one in studies]
    optima = _optima(parts, settings)
    for part in parts:
        part.prove(options, optima)
    for part in parts:
        part.score(options)
    without = _without_chip(parts)
    best = elementwise_least([part.best for part in parts])
    answers = [part.answer(settings, options) for part in parts if part.counted.any()]
    if all(answer.why for answer in answers):
        raise Infeasible("\n".join(answer.why for answer in answers))
    if len(studies) > 1:
        answers = _with_chip_of_all(parts, answers, best, settings)
    return RobustAnswer(study.name, tuple(answers), options.command, without)


def _without_chip(parts: Sequence[_Part]) -> dict[str, str]:
    """Why devices have no feasible chip in any draw, by name; refuses if none has one."""
    why = {
        device_name(part.drawn.study): nothing_feasible(part.drawn.problem(ASSUMED))
        for part in parts
        if not part.counted.any()
    }
    if len(why) == len(parts):
        raise Infeasible(f"no chip is feasible in any draw; {next(iter(why.values()))}")
    return why


def expected_s(study: Study | StudyOfDevices, options: Options, **changes: object) -> float:
    """Rough time of an answer, s; less where draws are kept. For arguments see `robust`."""
    with input_errors():
        draws = uncertainty_settings(study.studies[0], **changes).draws
    proven = min(draws, QUICK) if options.quick else draws
    parallel = (S_PER_PROVEN * proven + S_PER_JUDGED * draws) / options.workers
    limit = S_OF_PROOF if options.time_limit_s is None else options.time_limit_s
    return len(study.studies) * (parallel + (0.0 if options.quick else limit))


def _check(settings: UncertaintyTable, options: Options, n_devices: int) -> None:
    """Refuse options that do not go together."""
    if options.quick and settings.by.startswith("regret"):
        raise InputError(
            f"a quick answer needs a score that one chip has by itself, not by = {settings.by}, "
            "which needs the optimum of each network in every draw"
        )
    if options.own and n_devices > 1:
        raise InputError("--design needs a study of one device")


@dataclass(eq=False)
class _Part:
    """Work on one device.

    Args:
        drawn, work, n: the study in its draws, what computes them, and their number.
        optima, special_optima: best EDAP of each network, J·s·mm², in each draw, shape (n, W), and
            at assumed and median costs, (W,) each; only for regrets.
        known: best chips at assumed and median costs, shape (1, n_parameters) each, by role.
        best, bounds: best score of each draw, and its proven bound, shape (n,); see `DrawnDevice`.
        designs: best chip of each draw, shape (n, n_parameters).
        pool, scores: candidates, shape (n_pool, n_parameters), and their scores, (n_pool, n).
    """

    drawn: DrawnStudy
    work: DrawWork
    n: int
    optima: Floats | None = None
    special_optima: dict[int, Floats] = field(default_factory=dict)
    known: dict[str, Levels] = field(default_factory=dict)
    best: Floats = field(default_factory=lambda: np.empty(0))
    bounds: Floats = field(default_factory=lambda: np.empty(0))
    designs: Levels = field(default_factory=lambda: np.empty((0, 0), np.int64))
    pool: Levels = field(default_factory=lambda: np.empty((0, 0), np.int64))
    scores: Floats = field(default_factory=lambda: np.empty((0, 0)))

    @classmethod
    def of(cls, study: Study, options: Options, n_devices: int) -> _Part:
        drawn = drawn_study(study)
        folder = options.folder
        if folder is not None and n_devices > 1:
            folder = folder / str(study.device)
        rivals = [str(study.device)] if n_devices == 1 or not drawn.is_regret else ["all"]
        of = f" of {study.device}" if n_devices > 1 else ""
        work = DrawWork(
            study,
            folder,
            rivals=rivals,
            workers=options.workers,
            on_draw=lambda what, done, total: options.on_draw(f"{what}{of}", done, total),
        )
        return cls(drawn, work, drawn.table.n)

    @property
    def counted(self) -> Bools:
        return np.isfinite(self.best)

    @property
    def best_chips(self) -> Levels:
        """Best chips of draws, and at assumed and median costs."""
        found = [self.designs[self.designs[:, 0] >= 0], *self.known.values()]
        return np.unique(np.concatenate(found), axis=0)

    def prove(self, options: Options, optima: dict[int, Floats] | None) -> None:
        """Prove the best chips at assumed and median costs, and those of draws."""
        if optima is not None:
            self.special_optima = {at: optima[at] for at in (ASSUMED, MEDIAN)}
            self.optima = np.array([optima[at] for at in range(self.n)])
        for role, at in ((NOMINAL, ASSUMED), (AT_MEDIAN, MEDIAN)):
            found = self.drawn.prove(at, self.special_optima.get(at))
            if len(found.levels):
                self.known[role] = found.levels
        n_proven = min(self.n, QUICK) if options.quick else self.n
        proven = self.work.best(
            range(n_proven), None if self.optima is None else self.optima[:n_proven]
        )
        self.best, self.bounds = np.full((2, self.n), np.nan)
        self.designs = np.full((self.n, len(self.drawn.study.space.names)), -1)
        for at, chip in enumerate(proven):
            self.best[at], self.bounds[at] = chip.value, chip.bound
            if len(chip.levels):
                self.designs[at] = chip.levels[0]

    def score(self, options: Options) -> None:
        """Score all candidates in all draws; of draws that are not proven, the best of them."""
        space = self.drawn.study.space
        chips = self.best_chips
        if not len(chips):
            return
        near = [space.neighbours(chip) for chip in chips]
        self.pool = np.unique(np.concatenate([chips, *near]), axis=0)
        self.scores = self.work.scores(self.pool, self.n, self.optima)
        open_ = np.flatnonzero(np.isnan(self.bounds))
        least = self.scores[:, open_].min(axis=0)
        some = np.isfinite(least)
        self.best[open_[some]] = least[some]
        self.designs[open_[some]] = self.pool[self.scores[:, open_[some]].argmin(axis=0)]

    def candidates(self, best: Floats) -> Candidates:
        """The candidates in the draws in which `best` is known."""
        counted = np.isfinite(best)
        return Candidates(self.pool, self.scores[:, counted], best[counted])

    def choose(self, best: Floats, settings: UncertaintyTable) -> tuple[Levels, float]:
        """The best candidate against the best of draws, and the logarithm of its criterion."""
        first = int(np.flatnonzero(np.isfinite(best))[0])
        at, log = self.candidates(best).choose(settings, self.drawn.problem(first))
        return self.pool[[at]], log

    def chip(self, role: str, levels: Levels, best: Floats) -> DrawnChip:
        """A chip in all draws, its regrets against the best of draws."""
        at = np.flatnonzero((self.pool == levels).all(axis=1))
        scores = self.scores[at[0]] if len(at) else self.work.scores(levels, self.n, self.optima)[0]
        assumed = self.drawn.scores(levels, ASSUMED, self.special_optima.get(ASSUMED))
        return DrawnChip(
            role=role,
            levels=levels,
            scores=scores,
            assumed=float(assumed[0]),
            area_m2=float(self.drawn.model.evaluate(levels).area_m2[0]),
            snr=Snr.of(self.drawn.model, levels),
            best=best,
        )

    def answer(self, settings: UncertaintyTable, options: Options) -> DrawnDevice:
        """The answer of the device; without a robust chip if every one breaks a limit too often."""
        chips = [self.chip(role, chip, self.best) for role, chip in self.known.items()]
        value, proof, why = math.nan, None, ""
        try:
            levels, value, proof = self.robust_chip(settings, options)
            chips.append(self.chip(ROBUST, levels, self.best))
        except Infeasible as error:
            why = f"{device_name(self.drawn.study)}: {error}"
        chips += [self.chip(name, chip, self.best) for name, chip in options.own.items()]
        return DrawnDevice(
            study=self.drawn.study,
            table=self.drawn.table,
            best=self.best,
            bounds=self.bounds,
            designs=self.designs,
            chips=tuple(chips),
            savings=self.savings(settings),
            n_pool=len(self.pool),
            value=value,
            proof=proof,
            time_limit_s=options.time_limit_s,
            why=why,
        )

    def robust_chip(
        self, settings: UncertaintyTable, options: Options
    ) -> tuple[Levels, float, RobustProof | None]:
        """The robust chip, its criterion, and the proof that no chip is better, if asked for."""
        levels, log = self.choose(self.best, settings)
        value = display_value(log, settings)
        if options.quick or options.time_limit_s == 0:
            return levels, value, None
        proof = self.prove_chip(levels, settings, options)
        if proof.levels is None:
            return levels, value, proof
        return proof.levels[None], proof.value, proof

    def savings(self, settings: UncertaintyTable) -> dict[str, Saving] | None:
        """Mean regret that a measurement would save, for each entry that acts on the device."""
        counted, table = self.counted, self.drawn.table
        stream = np.random.default_rng([settings.seed, zlib.crc32(SPLITS.encode())])
        regret = regrets(self.scores[:, counted], self.best[counted])
        saved = savings(regret, table.u[counted], stream)
        if saved is None:
            return None
        silent = self.drawn.silent_groups(self.best_chips, self.optima)
        return {e: s for e, s in zip(table.entries, saved, strict=True) if e not in silent}

    def prove_chip(
        self, known: Levels, settings: UncertaintyTable, options: Options
    ) -> RobustProof:
        """Prove the robust chip, beginning with a known one and the best chips of draws."""
        draws = np.flatnonzero(self.counted)
        own = None
        if self.optima is not None:
            own = [SingleNetworkOptima(self.optima[at], self.optima[at]) for at in draws]

        limit, most = options.time_limit_s, None if options.time_limit_s else MOST_PAIRS
        of = f" of {device}" if (device := self.drawn.study.device) else ""

        def observer(value: float, bound: float, gap: float, pairs: int) -> None:
            spent = f"at most {limit:g} s" if most is None else f"{pairs / most:.0%} of its steps"
            options.on_draw(
                f"{PROOF}{of}: best {value:.5g} · bound {bound:.5g} · gap {gap:.2%} · {spent}",
                *((0, 1) if most is None else (min(pairs, most), most)),
            )

        return prove(
            [self.drawn.new_problem(int(at)) for at in draws],
            settings.criterion,
            self.best[draws] - self.drawn.offset,
            np.unique(np.concatenate([known, self.designs[draws]]), axis=0),
            by=settings.by,
            quantile=settings.quantile,
            optima=own,
            most_pairs=most,
            time_limit_s=limit,
            observer=observer,
        )


def _optima(parts: Sequence[_Part], settings: UncertaintyTable) -> dict[int, Floats] | None:
    """Best EDAP of each network in each draw over all devices; None unless a score is a regret."""
    if not parts[0].drawn.is_regret:
        return None
    optima: dict[int, Floats] = {}
    for at in (ASSUMED, MEDIAN):
        optima[at] = np.min([part.drawn.optima(at) for part in parts], axis=0)
    of_draws = np.min([part.work.optima(range(settings.draws)) for part in parts], axis=0)
    return optima | dict(enumerate(of_draws))


def _with_chip_of_all(
    parts: Sequence[_Part],
    answers: Sequence[DrawnDevice],
    best: Floats,
    settings: UncertaintyTable,
) -> list[DrawnDevice]:
    """Answers of devices, and the robust chip of all with its regrets against the best of all."""
    chosen: list[tuple[float, _Part, Levels]] = []
    errors: list[Infeasible] = []
    for part in (part for part in parts if part.counted.any()):
        try:
            levels, log = part.choose(best, settings)
            chosen.append((log, part, levels))
        except Infeasible as error:
            errors.append(error)
    if not chosen:
        raise errors[0]
    _, winner, levels = min(chosen, key=lambda one: one[0])
    chip = winner.chip(ROBUST_OF_ALL, levels, best)
    return [
        replace(each, chips=(*each.chips, chip)) if each.study is winner.drawn.study else each
        for each in answers
    ]
