"""Component minima: the smallest value of each cost term of a chip over a sub-domain.

A cost term (an area, a leakage, the energy or the time of an action) depends on a few parameters.
It is tabulated over all their combinations, with one slot more along each parameter that holds the
minimum. So a sub-domain is looked up by its value indices, −1 standing for a free parameter.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from imcmoo.model.metrics import Ints
from imcmoo.model.partials import NoBounds
from imcmoo.model.physical.batch import Batch
from imcmoo.model.physical.chip import ACCURACY, COST_TERM_GROUPS, CostTermGroup, CostTerms
from imcmoo.model.physical.constraints import NOISE_LIMITS, constraints
from imcmoo.model.physical.parameters import deciding
from imcmoo.space.design_space import DesignSpace, Levels
from imcmoo.space.parameters import Conditional

DESIGNS_AT_ONCE = 1 << 14
VALIDATED_DESIGNS = 500
LARGEST_TABLE = 1 << 25
"""Combinations of parameters that a table may have."""
ROUNDING = 1e-12
"""Terms of one macro are those of a chip divided by its macros, which rounds differently."""


def terms_of(group: CostTermGroup, batch: Batch) -> CostTerms:
    """Cost terms of the designs of a batch; infinite where a chip breaks a limit of the group."""
    terms = group.terms(batch.chip, batch.designs)
    if not group.limits:
        return terms
    context = batch.context
    resources = constraints(batch.screen(), context.limits, context.accuracy)
    keeps = [
        (resources[name].missing <= 0).all(axis=1) for name in group.limits if name in resources
    ]
    fits = np.logical_and.reduce(keeps)
    return {name: np.where(fits, values, np.inf) for name, values in terms.items()}


def parameters_of(group: CostTermGroup) -> set[str]:
    """Parameters that the terms and the limits of a group depend on."""
    noise = deciding("noise") if NOISE_LIMITS.intersection(group.limits) else ()
    return {*deciding(group.name), *noise}


class MinimumTable:
    """Cost terms over all values of the parameters they depend on, with the minimum along each.

    Args:
        space: of the designs.
        group: the cost terms.
        batch_of: returns the batch of some designs.

    Raises:
        NoBounds: there are too many combinations.
    """

    def __init__(
        self, space: DesignSpace, group: CostTermGroup, batch_of: Callable[[Levels], Batch]
    ) -> None:
        names = parameters_of(group).intersection(space.names)
        # The values of a conditional parameter depend on another one.
        names |= {
            p.on.name for p in space.parameters if isinstance(p, Conditional) and p.name in names
        }
        self._parameters = [name for name in space.names if name in names]
        self._sizes = [space.shape[space.names.index(name)] for name in self._parameters]
        n = math.prod(self._sizes)
        if n > LARGEST_TABLE:
            raise NoBounds(f"no bounds: {n:,} combinations of {', '.join(self._parameters)}")
        designs = space.grid(self._parameters)
        parts = [
            terms_of(group, batch_of(designs[at : at + DESIGNS_AT_ONCE]))
            for at in range(0, n, DESIGNS_AT_ONCE)
        ]
        self._names = list(parts[0])
        values = np.array([np.concatenate([p[name] for p in parts]) for name in self._names])
        values = values.reshape(-1, *self._sizes)
        for axis in range(1, values.ndim):
            least = values.min(axis=axis, keepdims=True)
            values = np.concatenate([values, least], axis=axis)
        self._values = values.reshape(len(self._names), -1)

    def minima(self, levels: Mapping[str, Ints]) -> CostTerms:
        """Minima of the cost terms over sub-domains, by name.

        Args:
            levels: value indices by parameter, −1 where it is free; shapes broadcast to one.
        """
        at = np.zeros((1, 1), np.int64)
        for name, size in zip(self._parameters, self._sizes, strict=True):
            at = at * (size + 1) + levels[name] % (size + 1)
        return dict(zip(self._names, self._values.take(at, axis=1), strict=True))


class ComponentMinima:
    """Minima of all cost terms over sub-domains of a space.

    Args:
        space: of the designs.
        batch_of: returns the batch of some designs.
        accuracy: whether the accuracy of networks is limited.

    Raises:
        NoBounds: a cost term depends on a parameter that its group does not declare.
    """

    def __init__(
        self, space: DesignSpace, batch_of: Callable[[Levels], Batch], *, accuracy: bool
    ) -> None:
        groups = (*COST_TERM_GROUPS, ACCURACY) if accuracy else COST_TERM_GROUPS
        self._tables = [MinimumTable(space, group, batch_of) for group in groups]
        designs = space.random(VALIDATED_DESIGNS, np.random.default_rng(0))
        minima = self.of({name: designs[:, [at]] for at, name in enumerate(space.names)})
        batch = batch_of(designs)
        for group in groups:
            for name, values in terms_of(group, batch).items():
                if not np.allclose(values, minima[name][:, 0], rtol=ROUNDING, atol=0.0):
                    raise NoBounds(
                        f"{name} depends on more than {', '.join(sorted(parameters_of(group)))}"
                    )

    def of(self, levels: Mapping[str, Ints]) -> CostTerms:
        """Minima of all cost terms; arguments as of `MinimumTable.minima`."""
        return {n: v for table in self._tables for n, v in table.minima(levels).items()}
