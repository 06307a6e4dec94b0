"""What the full study is about."""

from __future__ import annotations

STUDIES = (
    "four_workload_rram",
    "four_workload_sram",
    "nine_workload_rram",
    "nine_workload_sram",
)

TECHNOLOGY = "technology_cost_sram"

SEED = 1
"""Of single searches and of drawn sets of networks."""

PAPER_SCORE = "ela_max"
"""The paper's own score, which its main search and its sequential baseline optimise."""

SCORED = ("edap_max", PAPER_SCORE)
"""The two that are told apart wherever `max` is asked about."""

GENERAL = "edap_geomean"
"""By which designs that are to generalise are shown: no network decides it alone."""

GENERALITY = (GENERAL, PAPER_SCORE, "regret_minimax")
"""Criteria by which a design is to generalise."""
