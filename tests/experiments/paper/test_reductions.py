"""The joint design against reductions."""

import numpy as np
import pytest

from experiments.paper.reductions import LEVELS_OF_DESIGN, MIDDLE, sequential
from experiments.recorded import recorded_designs
from imcmoo.problem.criteria import SCORES
from problems import RRAM


def test_sequential_optimisation_freezes_what_it_has_decided(enumerated):
    """Redone with plain loops: each level takes the best of its choices, the others as they are."""
    problem, space = enumerated.problem, enumerated.problem.space
    (start,) = space.levels_of(MIDDLE)
    ended = sequential(enumerated.problem, "ela_max", start)
    current = start.copy()
    for names in LEVELS_OF_DESIGN:
        part = [space.names.index(n) for n in names]
        choices = np.stack(
            [
                np.where(np.isin(np.arange(len(current)), part), other, current)
                for other in np.unique(space.grid(names), axis=0)
            ]
        )
        F, G = problem.evaluate(choices)
        score = SCORES["ela_max"](problem.costs(F))
        runs = (G[:, :-1] <= 0).all(axis=1)
        for allowed in (runs & (G[:, -1] <= 0), runs):
            if allowed.any():
                current = choices[np.where(allowed, score, np.inf).argmin()]
                break
    assert ended.tolist() == current.tolist()


def test_from_the_largest_chip_the_levels_end_as_in_the_papers_notebook(enumerated):
    """But for the buffer, which the notebook's last cell sets back by hand."""
    space = enumerated.problem.space
    ended = sequential(enumerated.problem, "ela_max", np.array(space.shape) - 1)
    theirs = recorded_designs("four_workload_rram").set_index("design")
    theirs = theirs.loc["sequential from the largest"]
    decoded = {name: space.column(ended[None], name)[0] for name in space.names}
    same = [n for n in space.names if n != "glb_depth"]
    assert [decoded[n] for n in same] == [theirs[n] for n in same]


def test_our_model_meets_the_designs_the_paper_published(enumerated):
    frame = recorded_designs("four_workload_rram")
    assert len(frame) == 4
    levels = RRAM.encode({n: frame[n].to_numpy() for n in RRAM.names})
    metrics = enumerated.problem.model.evaluate(levels)
    for w, name in enumerate(enumerated.workloads):
        # Energies were printed with three digits per component and layer.
        assert metrics.energy_J[:, w] == pytest.approx(frame[f"energy_{name}_J"], rel=5e-3, abs=0)
        assert metrics.latency_s[:, w] == pytest.approx(frame[f"latency_{name}_s"], rel=1e-9, abs=0)
    assert metrics.area_m2 * 1e6 == pytest.approx(frame["area_mm2"], rel=1e-6, abs=0)
