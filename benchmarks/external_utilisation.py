"""How busy workers are kept by a slow cost model, and what its cache costs.

    python benchmarks/external_utilisation.py [--workers 16] [--seconds 1.0] [--designs 320]

Each simulated evaluation sleeps, so 16 workers and a second make 16 evaluations per second on any
machine. Utilisation is the seconds slept over workers times the wall time: once of all designs at
once, as an enumeration asks about them, and once of a search, which waits for each generation to
end. The workers' start is timed apart: it comes once.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from imcmoo import (
    AcceleratorProblem,
    DesignSpace,
    ExternalModel,
    Function,
    Integer,
    WorkloadSet,
    run_search,
)
from imcmoo.model.metrics import AREA, ENERGY, LATENCY

SPACE = DesignSpace("slow", (Integer("x", 1, 100), Integer("y", 1, 100), Integer("z", 1, 10)))
GOAL = 0.9


class Slow:
    """A function that takes its time.

    Args:
        seconds: how much.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __call__(self, design: dict[str, int], networks: list[str]) -> dict[str, object]:
        """Costs that trade off."""
        time.sleep(self.seconds)
        x, y, z = design["x"], design["y"], design["z"]
        return {
            "energy": dict.fromkeys(networks, 1e-6 * (x + z)),
            "latency": dict.fromkeys(networks, 1e-3 / (x * y)),
            "area": 1e-6 * (y + z),
        }


def slow_model(seconds: float, workers: int, cache: Path) -> ExternalModel:
    """A model of evaluations that take so many seconds."""
    own = {
        "quantities": (ENERGY, LATENCY, AREA),
        "evaluation": Function(Slow(seconds), timeout_s=None),
        "version": f"{seconds} s",
        "cache": cache,
        "workers": workers,
    }
    model: ExternalModel = type("SlowModel", (ExternalModel,), own)(
        SPACE, WorkloadSet.load(["resnet18"])
    )
    return model


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--designs", type=int, default=320)
    args = parser.parse_args()
    rng = np.random.default_rng(1)
    levels = SPACE.unrank(rng.choice(SPACE.size, args.designs + args.workers, replace=False))
    with tempfile.TemporaryDirectory() as folder:
        model = slow_model(args.seconds, args.workers, Path(folder))

        def timed(what: str, work: object, n: int) -> float:
            began = time.perf_counter()
            work()
            wall = time.perf_counter() - began
            busy = n * args.seconds / (args.workers * wall)
            print(f"{what}: {n} evaluations in {wall:.2f} s, utilisation {100 * busy:.1f} %")
            return busy

        timed("start", lambda: model.evaluate(levels[: args.workers]), args.workers)
        rest = levels[args.workers :]
        busy = timed("all at once", lambda: model.evaluate(rest), args.designs)
        problem = AcceleratorProblem(model)
        found = []
        timed(
            "a search",
            lambda: found.append(
                run_search(problem, budget=args.designs, rng=np.random.default_rng(2))
            ),
            args.designs,
        )
        sizes = np.bincount(found[0].archive.generation)
        print(f"  in generations of {', '.join(map(str, sizes))} designs")
        began = time.perf_counter()
        slow_model(args.seconds, args.workers, Path(folder)).evaluate(rest)
        print(f"from the cache: {1e3 * (time.perf_counter() - began) / args.designs:.2f} ms each")
    print(f"goal of {100 * GOAL:.0f} %: {'reached' if busy > GOAL else 'missed'}")


if __name__ == "__main__":
    main()
