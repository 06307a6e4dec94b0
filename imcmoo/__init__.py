"""Design of in-memory-computing accelerators for several neural networks at once.

Import from here: modules may move, these names stay.
"""

from __future__ import annotations

from imcmoo.version import __version__

TYPE_CHECKING = False  # of `typing`, whose import would delay the answer to Ctrl-C
if TYPE_CHECKING:
    from typing import Any

    from imcmoo.answers.answer import Answer as Answer
    from imcmoo.answers.answers import Answers as Answers
    from imcmoo.answers.results import Results as Results
    from imcmoo.api import Study as Study
    from imcmoo.api import StudyOfDevices as StudyOfDevices
    from imcmoo.api_run import Run as Run
    from imcmoo.exact.enumeration import Enumeration as Enumeration
    from imcmoo.exact.regret import ExactRegret as ExactRegret
    from imcmoo.hardware.component_table import ComponentTable as ComponentTable
    from imcmoo.io.errors import InputError as InputError
    from imcmoo.model.cost_model import CostModel as CostModel
    from imcmoo.model.external.evaluation import Command as Command
    from imcmoo.model.external.evaluation import Function as Function
    from imcmoo.model.external.external_model import ExternalModel as ExternalModel
    from imcmoo.model.metrics import Metrics as Metrics
    from imcmoo.model.metrics import Quantity as Quantity
    from imcmoo.model.metrics import Resource as Resource
    from imcmoo.model.reference.evaluator import reference_model as reference_model
    from imcmoo.networks.workloads import Workload as Workload
    from imcmoo.networks.workloads import WorkloadSet as WorkloadSet
    from imcmoo.problem.criteria import Criterion as Criterion
    from imcmoo.problem.problem import AcceleratorProblem as AcceleratorProblem
    from imcmoo.run import run_studies as run_studies
    from imcmoo.search.algorithm import Search as Search
    from imcmoo.search.algorithm import run_search as run_search
    from imcmoo.solve.enumerate import ExactOptima as ExactOptima
    from imcmoo.space.design_space import DesignSpace as DesignSpace
    from imcmoo.space.parameters import Categorical as Categorical
    from imcmoo.space.parameters import Conditional as Conditional
    from imcmoo.space.parameters import Integer as Integer
    from imcmoo.space.parameters import Ordinal as Ordinal
    from imcmoo.space.parameters import Real as Real
    from imcmoo.study.tables import Network as Network

_FOUND_IN = {
    "AcceleratorProblem": "problem.problem",
    "Categorical": "space.parameters",
    "Command": "model.external.evaluation",
    "Answer": "answers.answer",
    "Answers": "answers.answers",
    "ComponentTable": "hardware.component_table",
    "Conditional": "space.parameters",
    "CostModel": "model.cost_model",
    "Criterion": "problem.criteria",
    "DesignSpace": "space.design_space",
    "Enumeration": "exact.enumeration",
    "ExactOptima": "solve.enumerate",
    "ExactRegret": "exact.regret",
    "ExternalModel": "model.external.external_model",
    "Function": "model.external.evaluation",
    "InputError": "io.errors",
    "Integer": "space.parameters",
    "Metrics": "model.metrics",
    "Network": "study.tables",
    "Ordinal": "space.parameters",
    "Quantity": "model.metrics",
    "Real": "space.parameters",
    "Resource": "model.metrics",
    "Results": "answers.results",
    "Run": "api_run",
    "Search": "search.algorithm",
    "Study": "api",
    "StudyOfDevices": "api",
    "Workload": "networks.workloads",
    "WorkloadSet": "networks.workloads",
    "reference_model": "model.reference.evaluator",
    "run_search": "search.algorithm",
    "run_studies": "run",
}

__all__ = [*_FOUND_IN, "__version__"]


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Any:
    # Names are imported on first use: pymoo alone takes a second.
    if name in _FOUND_IN:
        import importlib

        return getattr(importlib.import_module(f"imcmoo.{_FOUND_IN[name]}"), name)
    raise AttributeError(f"module 'imcmoo' has no attribute '{name}'")
