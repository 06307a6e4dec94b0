"""`imcmoo certify`: the best design of a study, with proof of how good it is."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING

from imcmoo.cli import arguments
from imcmoo.cli.arguments import not_negative, option
from imcmoo.problem.criteria import JOINT_SUFFIX, SINGLE_NETWORK
from imcmoo.solve.certify import ALL
from imcmoo.study import catalogue
from imcmoo.study.devices import StudyOfDevices

if TYPE_CHECKING:
    pass

DESCRIPTION = """
Prove how good the best design of a study is, also where its designs are far too many to evaluate:
branch and bound over partial designs finds a design and a bound that no design of the space falls
short of. Writes DIR/certified/STUDY/certificate.json for the criterion of the study, and
DIR/certified/STUDY/NAME/certificate.json for every other one, such as the optima that the criterion
rests on. Certificates that are there and reach the gap are kept, which is stated beside them.
imcmoo check-certificate DIR/certified/STUDY verifies all of them independently. The devices of a
study that lists them are proven against the best single-network optima of all, in
DIR/certified/STUDY/DEVICE, and compared in DIR/certified/STUDY/comparison, by one criterion at a
time.
"""

INTERRUPTED = "the certificates written are whole; the same command goes on with the others"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    arguments.add_study(parser)
    arguments.add(
        parser,
        arguments.results("certified/STUDY"),
        option("--criterion NAME", str, f"what to prove, or {ALL} (default: the study's)"),
        option("--gap SHARE", not_negative,
               "how far above the best the design may be (default: 0, the best itself)",
               default=0.0),
        option("--time-limit SECONDS", not_negative,
               "for each criterion; the gap reached by then is certified (default: none)",
               default=math.inf),
        option("--from RUN", Path, "begin with the designs of a run of imcmoo run (its front.csv)",
               dest="run"),
        option("--force", bool, "replace certificates of another study of this name"),
        arguments.WIDEN,
        arguments.QUIET,
    )  # fmt: skip
    arguments.add_settings(parser)


def main(args: argparse.Namespace) -> None:
    """Certify a study."""
    name = args.criterion
    further = ("edap_", SINGLE_NETWORK)
    if name and (name == ALL or name.startswith(further) or name.endswith(JOINT_SUFFIX)):
        args.criterion = None  # single-network criteria are no criteria of a study
    ordinary = catalogue.find(args.study)
    study = arguments.requested_study(args, ordinary, criterion=name)
    # A user's criterion is named by its module and proven under its own name.
    asked = study.studies[0].default_proof
    criterion = name if name and args.criterion is None else asked
    if args.widen:
        arguments.check_widens(study, criterion)
    # Tables of answers take a third of a second to import, which refusals and --help do without.
    from imcmoo.cli.proofs import certify, certify_listed_devices

    if isinstance(study, StudyOfDevices):
        certify_listed_devices(study, criterion, ordinary.studies[0], args)
    else:
        certify(study, criterion, ordinary.studies[0], args)
