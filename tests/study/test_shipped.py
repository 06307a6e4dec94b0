import importlib.util
import subprocess
import sys
from pathlib import Path

import problems
from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.model.physical.parameters import space_voltages
from imcmoo.study import shipped

ROOT = Path(__file__).parents[2]


def test_studies_have_the_names_of_their_files():
    assert {name: study.name for name, study in shipped.studies().items()} == {
        name: name for name in shipped.study_names()
    }


def test_a_study_of_the_reference_model_imports_no_other():
    code = (
        "import importlib.metadata as m, sys; m.entry_points = lambda **_: []\n"
        "from imcmoo.cli import catalogue\n"
        "catalogue.names(); catalogue.find_study('four_workload_rram').cost_model()\n"
        "print([m for m in sys.modules if m in ('imcmoo.model.physical.model', 'scipy')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_supply_voltages_of_the_extended_spaces_are_those_of_their_nodes():
    voltages = problems.SRAM_TECHNOLOGY_EXTENDED.parameters[1].values_by
    for node, values in voltages.items():
        threshold = PhysicalTable.load().look_up("technology", node_nm=node)["threshold_V"]
        assert list(values) == space_voltages(float(threshold))
    for space in (problems.RRAM_EXTENDED, problems.SRAM_EXTENDED):
        assert space.values_of("voltage_V") == voltages[32]


def test_no_package_of_the_checkout_is_imported_by_the_package():
    """`imcmoo` works without `problems` and `experiments`, which a wheel does not hold."""
    code = (
        "import sys; sys.modules['problems'] = sys.modules['experiments'] = None\n"
        "import importlib.metadata as m; m.entry_points = lambda **_: []\n"
        "from imcmoo.cli import catalogue\n"
        "print(*catalogue.studies(), *catalogue.spaces())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [*problems.STUDIES, *problems.SPACES]


def test_data_folders_are_no_packages():
    assert importlib.util.find_spec("imcmoo.problem_files") is None
