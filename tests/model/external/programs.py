"""Slow programs of a user's, as they are in the wild: one that works, and others that do not.

What they are asked is written to the file that the environment names, a line each. Nothing heavy is
imported: a process that crashed is started anew.
"""

import json
import os
import signal
import time
from pathlib import Path

ASKED = "SIMULATOR_ASKED"


def note(design):
    if ASKED in os.environ:
        # One short write to the end of a file is whole, whoever else writes.
        with Path(os.environ[ASKED]).open("a") as file:
            file.write(json.dumps(design) + "\n")


def costs(design, networks):
    x, y, kind = design["x"], design["y"], design["kind"]
    bend = 2.0 if kind == "b" else 1.0
    return {
        "energy": {n: 1e-3 * x * len(n) for n in networks},
        "latency": dict.fromkeys(networks, bend * 0.001 / (x * y)),
        "area": 1e-6 * (x + y * y),
    }


def sound(design, networks):
    note(design)
    return costs(design, networks)


def is_bad(design):
    """One design in ten."""
    return design["x"] in (5, 10)


def crashing(design, networks):
    note(design)
    if is_bad(design):
        os.kill(os.getpid(), signal.SIGKILL)
    return costs(design, networks)


def troubled(design, networks):
    """Fails in every way there is."""
    note(design)
    match design["x"]:
        case 1:
            time.sleep(600)
        case 2:
            os._exit(7)
        case 3:
            raise ValueError("no convergence\nafter 10 steps")
        case 4:
            return {**costs(design, networks), "area": float("nan")}
        case 5:
            return {**costs(design, networks), "area": 0.0}
        case 6:
            return {"energy": 0.0}
        case 7:
            return {**costs(design, networks), "latency": {"resnet18": 1e-3, "alexnet": None}}
    return costs(design, networks)


def stuck(design, networks):
    if design["x"] > 1:
        time.sleep(600)
    return costs(design, networks)
