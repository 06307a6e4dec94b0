"""Tables of a run fit every terminal, with all digits."""

import io

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from rich.table import Table

from imcmoo.answers.results import Results
from imcmoo.cli import run_command
from imcmoo.display.labels import label
from imcmoo.display.rich_tables import fitted, natural_width, transposed
from imcmoo.networks.workloads import SHIPPED
from imcmoo.report import terminal_tables
from imcmoo.report.scenario_table import scenario_table
from problems import STUDIES
from tests.cli.helpers import run_quietly, write_study
from tests.report.tables import shown

SEVERAL = STUDIES["four_workload_rram"]
WIDTHS = (60, 80, 120, 200)


@pytest.fixture(scope="module", params=[4, 9])
def results(request, tmp_path_factory):
    """A run of so many networks, with baselines and regret."""
    folder = tmp_path_factory.mktemp("run")
    study = write_study(folder, request.param)
    path = folder / "many.toml"
    path.write_text(path.read_text().replace("baselines = false\n", ""))
    options = ["--out", folder / "out", "--workers", 1]
    run_quietly("enumerate", study, *options)
    run_quietly("run", study, "--budget", 20, *options)
    return Results.read(folder / "out/many/seed-1")


@pytest.mark.parametrize("width", WIDTHS)
def test_tables_of_a_run_keep_all_digits(results, width, monkeypatch):
    tables = []
    monkeypatch.setattr(run_command, "show", lambda terminal, *parts: tables.extend(parts))
    run_command._show_tables(results, Console(width=width, file=io.StringIO()))
    assert len(tables) == 3
    text = shown(tables, width)
    for name in results.workloads:
        assert name in text


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("n", [4, 9])
def test_tables_of_requests_accuracy_and_seeds_keep_all_digits(n, width):
    names = SHIPPED[:n]
    random = np.random.default_rng(n)

    def numbers(*columns):
        return {name: random.uniform(1, 1e4, n) for name in columns}

    parts = ("response_s", "service_s", "blocking_s", "interference_s", "simulated_s")
    requests = numbers("rate_Hz", "deadline_s", *parts, "capacity", "utilization")
    requests |= numbers("average_power_W") | {"network": names, "blocked_by": names}
    requests |= {"burst": 2, "interrupt": "layer"}
    scores = numbers("float", "allowed", "linear", "exact", "exact_low", "samples")
    seeds = numbers("area_mm2", "score_edap_max") | {"seed": range(n), "rows": 1024}
    tables = [
        scenario_table(pd.DataFrame(requests), width),
        terminal_tables.accuracy_table(pd.DataFrame({"network": names} | scores)),
        terminal_tables.seeds_table(pd.DataFrame(seeds), SEVERAL.replace(criterion="edap_max")),
    ]
    text = shown(tables, width)
    for name in names:
        assert label(name).split()[0] in text


def test_seeds_have_no_excess_over_a_best_score_of_zero():
    frame = pd.DataFrame({"seed": [1, 2, 3], "score_pseudo_weights": [0.0, 0.0, 0.3]})
    table = terminal_tables.seeds_table(frame, SEVERAL.replace(criterion="pseudo_weights"))
    assert list(table.columns[-1].cells) == ["", "", ""]


def test_networks_are_rows_where_the_table_is_wide(results):
    def make(width):
        return terminal_tables.baseline_table(results, width=width)

    wide = make(None)
    narrow = make(natural_width(wide) - 1)
    assert [c.header for c in make(natural_width(wide)).columns] == [c.header for c in wide.columns]
    assert list(narrow.columns[0].cells) == results.workloads
    assert [c.header for c in narrow.columns[1:]] == list(wide.columns[0].cells)
    for at in range(1, len(wide.columns)):
        row = [list(column.cells)[at - 1] for column in narrow.columns[1:]]
        assert row == list(wide.columns[at].cells)
    assert list(transposed(narrow, "x").columns[1].cells) == list(wide.columns[1].cells)


def test_a_table_that_fits_is_one_and_others_repeat_their_first_column():
    table = Table("name", title="numbers")
    for at in range(12):
        table.add_column(f"c{at}", justify="right")
    table.add_row("a", *(f"{at}.123456789" for at in range(12)))
    assert [len(part.columns) for part in fitted(table, natural_width(table))] == [13]
    parts = list(fitted(table, 60))
    assert [part.columns[0].header for part in parts] == ["name"] * len(parts)
    assert [c.header for part in parts for c in part.columns[1:]] == [f"c{n}" for n in range(12)]
    assert [part.title for part in parts] == ["numbers"] + [None] * (len(parts) - 1)
    shown([table], 60)
