"""Studies with longer lists: one more value beyond the ends that a best design has.

All ends are extended together where the model takes all new values beside the others; else one end,
without the values that do not go with its new one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from imcmoo.answers.list_ends import (
    OpenEnd,
    covers,
    wider_spaces,
    with_one_value,
)
from imcmoo.model.cost_model import CostModel
from imcmoo.space.design_space import DesignSpace, Levels
from imcmoo.space.widening import subspace
from imcmoo.study.study import Study

SUFFIX = "-widened"
"""End of the name of a widened study."""


@dataclass(frozen=True)
class WiderStudy:
    """A widened study that is yet to be solved; see `Round` for the fields."""

    study: Study
    added: Mapping[str, Any]
    left_out: Mapping[str, int]


def extend_all_ends(
    study: Study, design: Mapping[str, Any], ends: Sequence[OpenEnd], name: str
) -> WiderStudy | None:
    """A study with one more value beyond each end, as far as the model takes it beside all others.

    Args:
        study: the study.
        design: a design of it that has the ends.
        ends: the ends.
        name: name of the widened study.

    Returns:
        The study, or None if the model takes no value.
    """
    model, wider, added = study.cost_model().shipped, study, {}
    for one in _in_lists(study.space, ends):
        for space, beyond in wider_spaces(model, wider.space, design, one.end):
            made = _with_space(study, space, name)
            if _is_accepted(made):
                wider, added[one.end.parameter] = made, beyond[one.end.parameter]
                break
    return WiderStudy(wider, added, {}) if added else None


def extend_one_end(
    study: Study,
    design: Mapping[str, Any],
    ends: Sequence[OpenEnd],
    name: str,
    taken: Collection[str] = (),
) -> WiderStudy | None:
    """A study with one more value beyond one end, without the values that do not go with it.

    The design has none of the values left out. A proof for this study and the one for `study`
    together hold for all designs of both.

    Args:
        study, design, ends, name: see `extend_all_ends`; the parameter is appended to the name.
        taken: names of studies whose results stay; a number is appended to one of them.

    Returns:
        The study, or None if no end takes a value, or if scores of two spaces have no common
        reference.
    """
    if not is_comparable(study):
        return None
    model = study.cost_model().shipped
    for one in _in_lists(study.space, ends):
        part_name = _name_of_part(name, one.end.parameter, taken)
        for space, beyond in wider_spaces(model, study.space, design, one.end):
            for part in parts_that_go_together(model, space, design, beyond):
                made = _with_space(study, part, part_name)
                if _is_accepted(made):
                    value = {one.end.parameter: beyond[one.end.parameter]}
                    return WiderStudy(made, value, _fewer(part, space))
    return None


def _name_of_part(name: str, parameter: str, taken: Collection[str]) -> str:
    """Name of a partly widened study that no other one has."""
    stem, slash, device = name.partition("/")
    ends = (parameter, *(f"{parameter}-{n}" for n in range(2, len(taken) + 2)))
    names = (f"{stem}-{end}{slash}{device}" for end in ends)
    return next(each for each in names if each not in taken)


def _in_lists(space: DesignSpace, ends: Sequence[OpenEnd]) -> Iterator[OpenEnd]:
    """Ends of parameters that have several values."""
    return (one for one in ends if one.end.parameter not in with_one_value(space))


def _is_accepted(study: Study) -> bool:
    """Check if the cost model of a study takes its space."""
    try:
        study.problem()
    except ValueError:
        return False
    return True


def _fewer(part: DesignSpace, space: DesignSpace) -> dict[str, int]:
    """Number of values that a part of a space lacks, by parameter."""
    left = {p.name: len(p) for p in part.parameters}
    fewer = {p.name: len(p) - left.get(p.name, 1) for p in space.parameters}
    return {name: n for name, n in fewer.items() if n}


def parts_that_go_together(
    model: CostModel, space: DesignSpace, design: Mapping[str, Any], beyond: Mapping[str, Any]
) -> Iterator[DesignSpace]:
    """Parts of a space without values that the model refuses beside a new one, the largest first.

    Args:
        model: the cost model.
        space: the space, which has a new value.
        design: the best design; all parts have it.
        beyond: the design with the new value; all parts have it, too.
    """
    best, moved = space.levels_of(design), space.levels_of(beyond)
    used = [{int(best[0, at]), int(moved[0, at])} for at in range(len(space.names))]
    chosen = {
        parameter.name: [
            index
            for index in range(len(parameter))
            if index in used[at]
            or _goes(model, space, moved, at, index)
            or not _goes(model, space, best, at, index)
        ]
        for at, parameter in enumerate(space.parameters)
    }
    yield subspace(space, chosen)
    # Two values that the design does not have can be refused together, too.
    for at, name in enumerate(space.names):
        for left_out in (index for index in chosen[name] if index not in used[at]):
            fewer = [index for index in chosen[name] if index != left_out]
            yield subspace(space, {**chosen, name: fewer})


def _goes(model: CostModel, space: DesignSpace, levels: Levels, at: int, index: int) -> bool:
    """Check if the model covers a design with another value of the parameter in column `at`."""
    changed = levels.copy()
    changed[0, at] = index
    (design,) = space.designs(changed)
    return covers(model, design)


def _with_space(study: Study, space: DesignSpace, name: str) -> Study:
    return study.replace(name=name, space=replace(space, name=name))


def widened_name(name: str) -> str:
    """Name of a widened study, of one device if the study is."""
    stem, slash, device = name.partition("/")
    return name if stem.endswith(SUFFIX) else f"{stem}{SUFFIX}{slash}{device}"


def is_comparable(study: Study) -> bool:
    """Check if scores of two spaces have a common reference: a regret and a tolerance refer to the
    best designs of their space, pseudo-weights to all of them."""
    return study.tolerance is None and study.resolved_criterion.against == "nothing"
