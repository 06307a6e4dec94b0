"""A user's own code: edited between two commands, wrongly named, or imported for no reason."""

from __future__ import annotations

import json
from pathlib import Path

from tests.reliability.commands import End, Outcome, fork, outcome
from tests.reliability.drawn import (
    CERTIFY,
    ENUMERATE,
    PROOF,
    RESULTS,
    RESUME,
    RUN,
    Trial,
    kept,
    kill_at,
    study_text,
    tree,
)

IMPORTS = (
    "from own.helper import FACTOR\n",
    "import own.helper\nFACTOR = own.helper.FACTOR\n",
    "from .helper import FACTOR\n",
    "from . import helper\nFACTOR = helper.FACTOR\n",
)
MODEL = """
from imcmoo import CostModel
from imcmoo.model.metrics import AREA, ENERGY, LATENCY, Metrics

class Chip(CostModel):
    quantities = (ENERGY, LATENCY, AREA)
    resource_names = ()

    def __init__(self, space, workloads, **options):
        self.space = space
        self.workload_names = workloads.names
        self._macs = workloads.macs.astype(float)

    def evaluate(self, levels):
        macros, supply = (self.space.column(levels, n) for n in ("macros_per_tile", "voltage_V"))
        return Metrics(
            {
                "energy": NUMBER * self._macs * 1e-13 * supply[:, None] ** 2,
                "latency": self._macs * 1e-12 / (macros * supply)[:, None],
                "area": 1e-7 * macros,
            },
            {},
        )
"""
CRITERION = """
from imcmoo.problem.criteria import Criterion

def _score(costs):
    return NUMBER * costs.edap.max(axis=1)

CHIP = Criterion("mine", _score, monotone=True)
"""
SCORE = """
def chip(costs):
    return NUMBER * costs.edap.max(axis=1)
"""
ROLES = {
    "cost model": (MODEL, 'model = "own.chip:Chip"\nbaselines = false\n'),
    "criterion": (CRITERION, 'criterion = "own.chip:CHIP"\n'),
    "score": (SCORE, ""),
}
EDITS = ("the module", "a helper", "a helper's helper", "package data")
HARMLESS = ("nothing", "its date", "another file")


def edited_code(trial: Trial) -> Outcome:
    """Code is edited between two commands: the second must not go on with the first's numbers."""
    role, edit = trial.choose(*ROLES), trial.choose(*EDITS, *EDITS, *HARMLESS)
    moments = ("resume after a kill", "resume after the run", "exact answer", "certificate")
    moment = trial.choose(*(moments if role == "cost model" else moments[:3]))
    folder, package = _with_code(trial, role)
    first, second, judge = MOMENTS[moment]
    killed = trial.choose("joint.checkpoint", "breakdown.csv", "front.csv", "config.json")
    stop = (lambda: kill_at(killed)) if moment == "resume after a kill" else (lambda: None)
    end = fork(folder, first, before=stop)
    if end.code not in (0, -9):
        return outcome(f"{role}: before the edit", end)
    stored, before = _stored(folder, moment), tree(folder)
    begun = bool(list((folder / RESULTS).rglob("config.json")))  # or the run starts anew
    edit_code(package, edit)
    end = fork(folder, second)
    case = f"{moment}: {edit} of the {role}"
    if edit in HARMLESS:
        return outcome(case, end, right=stored in (None, _stored(folder, moment)), must="work")
    gone = end.code != 0 and not kept(before, folder, replaced="own/")
    anew = moment == "resume after a kill" and not begun
    return outcome(case, end, right=anew or judge(folder, stored, end), kept=not gone)


def _with_code(trial: Trial, role: str) -> tuple[Path, Path]:
    """A folder with a study of a user's code, and the package of that code."""
    folder = trial.begin(text=study_of_code(role))
    above = trial.choose("own", "")
    return folder, write_code(folder, role, trial.choose(*IMPORTS), above)


def study_of_code(role: str) -> str:
    """The text of a study that names a user's code in a role."""
    text = study_text(top=ROLES[role][1])
    return text + ('[score]\nfunction = "own.chip:chip"\n' if role == "score" else "")


def write_code(folder: Path, role: str, imports: str = IMPORTS[0], above: str = "own") -> Path:
    """Write the package of a user's code; returns its folder."""
    package = folder / "own"
    package.mkdir(exist_ok=True)
    (package / "__init__.py").write_text("")
    (package / "data.json").write_text('{"factor": 1.25}\n')
    (package / "deeper.py").write_text("FACTOR = 1.25\n")
    (package / "helper.py").write_text(
        "import json\nfrom importlib.resources import files\n"
        f"from {above}.deeper import FACTOR as DEEPER\n"
        "DATA = json.loads((files('own') / 'data.json').read_text())['factor']\n"
        "OWN = 1.25\nFACTOR = OWN * DEEPER * DATA\n"
    )
    (package / "chip.py").write_text(
        imports + "OWN = 1.25\nNUMBER = OWN * FACTOR\n" + ROLES[role][0]
    )
    return package


def edit_code(package: Path, edit: str) -> None:
    """Change one number, or nothing that matters."""
    changed = {
        "the module": "chip.py",
        "a helper": "helper.py",
        "a helper's helper": "deeper.py",
        "package data": "data.json",
    }
    if edit in changed:
        path = package / changed[edit]
        path.write_text(path.read_text().replace("1.25", "2.75"))
    elif edit == "its date":
        path = package / "chip.py"
        path.write_text(path.read_text())
    elif edit == "another file":
        (package.parent / "unrelated.py").write_text("FACTOR = 3\n")


def _stored(folder: Path, moment: str) -> float | None:
    """The number that a certificate holds."""
    if moment != "certificate":
        return None
    content = json.loads((folder / PROOF / "certificate.json").read_text())
    return float(content["incumbent"]["value"])


def _stale(folder: Path, stored: float | None, end: End) -> bool:
    """No answer is right that goes on with the old numbers."""
    return False


def _no_regret(folder: Path, stored: float | None, end: End) -> bool:
    """Without the exact answer there may be a run, but no regret."""
    return not (folder / RESULTS / "regret.csv").exists()


def _new_value(folder: Path, stored: float | None, end: End) -> bool:
    """All edits scale what is certified: by 2.2, however many of the networks it is of."""
    value = _stored(folder, "certificate")
    return value is not None and stored is not None and abs(value / stored / 2.2 - 1) < 1e-6


MOMENTS = {
    "resume after a kill": (RUN, RESUME, _stale),
    "resume after the run": (RUN, RESUME, _stale),
    "exact answer": (ENUMERATE, RUN, _no_regret),
    "certificate": (CERTIFY, CERTIFY, _new_value),
}

FILES = {
    "broken": "def f(:\n",
    "fails": "raise ValueError('first line\\nsecond line')\n",
    "divides": "1 / 0\n",
    "leaves": "import sys\nsys.exit('bye')\n",
    "asks": "import no_such_module_at_all\n",
    "deep": "x = " + "(" * 300 + "1" + ")" * 300 + "\n",
    "nul": "x = 1\0\n",
    "things": (
        "import numpy as np\nnumber = 3\nnothing = None\ntext = 'text'\nclass Bare: pass\n"
        "def none(costs): return None\ndef word(costs): return 'word'\n"
        "def one(costs): return 1.0\ndef short(costs): return np.ones(1)[:0]\n"
        "def square(costs): return np.ones((len(costs), len(costs)))\n"
        "def without(): return 1\ndef two(a, b): return a\n"
        "def nan(costs): return np.full(len(costs), np.nan)\n"
        "def minus(costs): return -np.ones(len(costs))\n"
    ),
}
WRONG = (
    *("", ":", "a:", ":b", "a:b:c", "things", "things:", ":number", "things:no", "things::none"),
    *("no_such:x", "no.such:x", "os:path", "os:no", "math:pi", "json:loads", "json:JSONDecoder"),
    *(".things:none", "..things:none", "things.:none", "things..x:none", " things:none"),
    *("things :none", "things: none", "things:none ", "things:a.b", "things:__doc__", "-x:y"),
    *("builtins:print", "builtins:int", "sys:path", "__main__:main", "os.path:sep"),
    *("broken:f", "fails:f", "divides:f", "leaves:f", "asks:f", "deep:x", "nul:x"),
    *("things:number", "things:nothing", "things:text", "things:Bare", "things:none"),
    *("things:word", "things:short", "things:square", "things:without", "things:two"),
    *("things:nan", "imcmoo:Study", "importlib:import_module"),
    *("things/none:x", "/etc/passwd:x", "ünï:x", "things:ünï", "a" * 5000 + ":b", "[red]:x"),
    *("things\\u0000:x", "things:x\\u0000", "things\\n:x", "\\t:\\t", "things:{}", "%s:%d"),
)
"""Every one names nothing that could be a cost model, a criterion or a score."""


def wrong_name(trial: Trial) -> Outcome:
    """`module:name` that names nothing of use: one line, and nothing is written."""
    name, place = trial.choose(*WRONG), trial.choose("model", "criterion", "score", "--criterion")
    text = study_text(top=f'{place} = "{name}"\n' if place in ("model", "criterion") else "")
    if place == "score":
        text += f'[score]\nfunction = "{name}"\n'
    folder = trial.begin(text=text)
    for module, content in FILES.items():
        (folder / f"{module}.py").write_text(content)
    options: tuple[str, ...] = ()
    if place == "--criterion":
        options = ("--criterion", name.encode().decode("unicode_escape").replace("\0", ""))
    before = tree(folder)
    end = fork(folder, (*trial.choose(RUN, ENUMERATE), *options))
    whole = kept(before, folder) and not list(folder.glob("results/tiny/*/config.json"))
    return outcome(f"{place} {name[:40]!r}", end, kept=whole, must="refuse")


READ = (("report", RESULTS), ("explain", RESULTS), ("explain", RESULTS, "--json"))


def reading(trial: Trial) -> Outcome:
    """Commands that only read results import no code that a study names."""
    role, command = trial.choose(*ROLES), trial.choose(*READ)
    folder, package = _with_code(trial, role)
    fork(folder, RUN)
    with (package / "__init__.py").open("a") as file:
        file.write("import pathlib\npathlib.Path('imported').touch()\n")
    end = fork(folder, command)
    untouched = not (folder / "imported").exists()
    return outcome(f"{command[0]}: {role}", end, right=untouched, must="work")
