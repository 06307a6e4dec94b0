"""Regret of a chip on networks that it was not designed for.

study.unseen().table

Each network is left out in turn, and the best chip of the others is compared with the best chip of
all networks. Costs are as assumed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from imcmoo.answers.answer import Answer
from imcmoo.answers.drawn_device import NOMINAL, ROBUST
from imcmoo.answers.robust_answer import RobustAnswer
from imcmoo.arrays import Floats
from imcmoo.ask.robust import Options, robust
from imcmoo.exact.bounded_criteria import SingleNetworkOptima
from imcmoo.exact.regret import ROUNDING
from imcmoo.io.errors import Infeasible, InputError, input_errors
from imcmoo.io.files import replacing
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.problem.criteria import JOINT_SUFFIX, SINGLE_NETWORK
from imcmoo.problem.nearest import broken_limits
from imcmoo.problem.scale import RATIO
from imcmoo.solve.certify import certify
from imcmoo.solve.solve import solve
from imcmoo.space.design_space import Levels
from imcmoo.study.devices import StudyOfDevices
from imcmoo.study.study import Study
from imcmoo.study.uncertainty import Score, uncertainty_settings

FILE, MIX_FILE = "unseen.csv", "weights.csv"


@dataclass(frozen=True, repr=False)
class Unseen:
    """Chips that were designed without one of the networks; returned by `Study.unseen`.

    Args:
        devices: the chips of each device.
        mix: the robust chip over mixes of the networks, at costs as assumed; None if not asked for.
    """

    devices: Sequence[UnseenOfDevice]
    mix: RobustAnswer | None = None

    @cached_property
    def table(self) -> pd.DataFrame:
        """A row per network and device.

        `left_out`, `tied` (networks that share its weights and are left out with it), `design`,
        `keeps_limits` (with the network), `broken` (limits that it breaks), and regrets, infinite
        where a limit is broken: `regret_on_it` of the network against the best chip of all
        networks, `over_own_best` against the best chip for it alone, and `regret_of_all` of the
        score of all networks.
        """
        if len(self.devices) == 1:
            return self.devices[0].table
        frames = {each.study.device: each.table for each in self.devices}
        return pd.concat(frames, names=["device", None]).reset_index(level=0).reset_index(drop=True)

    @property
    def statements(self) -> list[str]:
        """The table in sentences."""
        several = len(self.devices) > 1
        texts = [
            f"{each.study.device}: {text}" if several else text
            for each in self.devices
            for text in each.statements
        ]
        for part in self.mix.parts if self.mix is not None else ():
            worst = {c.role: f"{c.measures['R95']:.3g}" for c in part.chips}
            texts.append(
                (f"{part.label}: " if several else "")
                + f"over {part.table.n} mixes of the networks, R95 is {worst[NOMINAL]} for the "
                f"nominal chip and {worst[ROBUST]} for the robust one"
            )
        return texts

    def save(self, folder: Path) -> None:
        """Write `unseen.csv` and, with mixes, `weights.csv`."""
        folder.mkdir(parents=True, exist_ok=True)
        tables = {FILE: self.table}
        if self.mix is not None:
            tables[MIX_FILE] = self.mix.table
        for name, table in tables.items():
            with replacing(folder / name) as temporary:
                table.to_csv(temporary, index=False, lineterminator="\n")

    def __repr__(self) -> str:
        return f"Unseen({'; '.join(self.statements)})"

    def _repr_html_(self) -> str:
        return self.table.to_html(index=False)


def unseen(
    study: Study | StudyOfDevices, by: Score | None = None, *, mix: Options | None = None
) -> Unseen:
    """Leave out each network in turn, and compare the best chip of the others.

    Networks that share weights are left out together. All chips are proven, 2 W + 1 proofs for W
    networks.

    Args:
        study: the study. One that lists devices is asked for each.
        by: score that is least: "edap_geomean", "edap_max", "edap_mean", "regret_minimax" or
            "regret_minimax_joint". If None, that of `[uncertainty]`.
        mix: how the robust chip over random mixes of the networks is found, as many as
            `[uncertainty]` has draws; it takes a proof for each. If None, it is not.

    Raises:
        InputError: the study takes no such question, or no network can be left out; says why.
        Infeasible: no chip runs all networks within the limits.

    Example::

        >>> two = study.replace(networks=["resnet18", "vgg16"])
        >>> list(unseen(two, "edap_geomean").table["left_out"])
        ['resnet18', 'vgg16']
    """
    devices = [_of_device(one, by) for one in study.studies]
    return Unseen(devices, None if mix is None else mix_of_networks(study, mix, by))


def mix_of_networks(
    study: Study | StudyOfDevices, options: Options | None = None, by: Score | None = None
) -> RobustAnswer:
    """The chip that is good for all mixes of the networks, at costs as assumed.

    Args:
        study: the study.
        options: how it is found. If None, all mixes are proven in this process.
        by: score of a chip; one that weights count in. If None, that of `[uncertainty]`.

    Raises:
        InputError: the study takes no such question; says why.
        Infeasible: no chip is feasible.
    """
    held = [f.name for f in fields(Assumptions) if not Assumptions().why_not_drawn(f.name)]
    changes = {} if by is None else {"by": by}
    return robust(study, options, weights=True, assumed=held, bands={}, **changes)


def _of_device(study: Study, by: Score | None) -> UnseenOfDevice:
    with input_errors():
        score = uncertainty_settings(study, **({} if by is None else {"by": by})).by
    criterion = score.removesuffix(JOINT_SUFFIX)
    study = study.replace(criterion=criterion, baselines=criterion == score)
    groups = tied_networks(study)
    if len(groups) < 2:
        raise InputError(
            f"{study.name} has no network to leave out: "
            + ("all share weights" if len(study.networks) > 1 else "it has one network")
        )
    of_all = _solved(study, None)
    chips: dict[str, Levels] = {}
    for group in groups:
        others = [network for network in study.networks if network.name not in group]
        chip = _solved(study.replace(networks=others), of_all.levels)
        chips |= dict.fromkeys(group, chip.levels)
    own = [_own_best(study, name) for name in study.names]
    levels = np.concatenate([chips[name] for name in study.names])
    return UnseenOfDevice(study, of_all, levels, np.array(own))


def tied_networks(study: Study) -> list[list[str]]:
    """Names of networks in groups that share weights, in the order of the study."""
    owners = study.weights_of or {}
    groups: dict[str, list[str]] = {}
    for name in study.names:
        groups.setdefault(owners.get(name, name), []).append(name)
    return [*groups.values()]


def _solved(study: Study, start: Levels | None) -> Answer:
    """The proven best chip of a study.

    Raises:
        Infeasible: there is none.
    """
    answer = solve(study, "certify", start=start)
    if not answer.has_chip:
        raise Infeasible(answer.why)
    return answer


def _own_best(study: Study, network: str) -> float:
    """Proven least EDAP of a network on any chip, J s mm2."""
    *_, certificate = certify(study, f"{SINGLE_NETWORK}{network}")
    return certificate.value


@dataclass(frozen=True)
class UnseenOfDevice:
    """The chips of one device.

    Args:
        study: the study.
        of_all: the best chip of all networks.
        levels: the best chip without each network, shape (W, n_parameters).
        own_best: least EDAP of each network on any chip, J s mm2, shape (W,).
    """

    study: Study
    of_all: Answer
    levels: Levels
    own_best: Floats

    @cached_property
    def table(self) -> pd.DataFrame:
        """See `Unseen.table`."""
        return pd.DataFrame(self._rows())

    def _rows(self) -> Iterator[dict[str, object]]:
        problem = self.study.problem()
        tied = {name: group for group in tied_networks(self.study) for name in group}
        best_edap, best_score = self._costs(self.of_all.levels)
        scale = self.study.resolved_criterion.score_scale
        for at, name in enumerate(self.study.names):
            chip = self.levels[[at]]
            keeps = bool(len(problem.feasible(chip)[0]))
            edap, score = self._costs(chip) if keeps else (np.full(len(self.levels), np.inf), None)
            yield {
                "left_out": name,
                "tied": ", ".join(other for other in tied[name] if other != name),
                "design": problem.space.text_of(chip[0]),
                "keeps_limits": keeps,
                "broken": "" if keeps else "; ".join(broken_limits(problem, chip)),
                "regret_on_it": _regret(RATIO.excess(edap[at], best_edap[at])),
                "over_own_best": _regret(RATIO.excess(edap[at], self.own_best[at])),
                "regret_of_all": math.inf
                if score is None
                else _regret(scale.excess(score, best_score)),
            }

    def _costs(self, chip: Levels) -> tuple[Floats, float]:
        """EDAP of each network on a feasible chip, J s mm2, shape (W,), and its score."""
        problem, criterion = self.study.problem(), self.study.resolved_criterion
        costs = problem.costs(problem.score(*problem.feasible(chip))[0])
        reference = None
        if criterion.is_regret:
            optima = self.of_all.certificate.single_network_optima
            reference = SingleNetworkOptima.from_certificates(optima).value
        return costs.edap[0], float(criterion.scores(costs, reference)[0])

    @property
    def statements(self) -> list[str]:
        """The table in sentences."""
        table = self.table
        kept = table[table["keeps_limits"]]
        regrets = ", ".join(f"{regret:.2g}" for regret in sorted(kept["regret_on_it"]))
        of_unseen = f"; regret on the unseen network {regrets}" if len(kept) else ""
        texts = [
            f"of {len(table)} networks left out, {len(kept)} keep their limits{of_unseen}",
            *(
                f"the chip without {row.left_out} breaks {row.broken}"
                for row in table.itertuples()
                if not row.keeps_limits
            ),
        ]
        if len(texts) > 1:
            texts.append(
                "a chip that must run networks that are not known yet needs slack in these limits"
            )
        return texts


def _regret(share: float) -> float:
    """A regret without its rounding error."""
    return 0.0 if abs(share) < ROUNDING else float(share)
