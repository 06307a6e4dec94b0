"""The optima of a study that is too large to enumerate, from its certificates."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from imcmoo.exact.agenda import ALONE
from imcmoo.exact.certificate import Certificate
from imcmoo.exact.regret import CertifiedRegret
from imcmoo.io.errors import InputError
from imcmoo.study.check_certificate import Checker, certificates, written
from imcmoo.study.exact_comparison import stated
from imcmoo.study.study import Study


def find_certified(study: Study, results: Path) -> Mapping[str, float]:
    """The certified optima of a study among its results, as `CertifiedRegret` takes them.

    Certificates are checked as far as that needs no walk through the designs: that they are of this
    problem, and that the designs found are feasible and score what they say.

    Args:
        results: the folder in which `certified/<study>` holds the certificates.

    Raises:
        InputError: a certificate is missing, of another problem, or leaves a gap; says how to get
            one.
    """
    folder = results / "certified" / study.name
    remedy = (
        f"run `python -m imcmoo certify {study.file or study.name} --criterion all --out {folder}`"
    )
    found = certificates(folder) if written(folder) else {}
    checker = Checker(study)
    for path, certificate in found.items():
        try:
            _check(certificate, study, checker)
        except InputError as error:
            raise InputError(f"{path}: {error}: {remedy} again") from None
    optima = {certificate.criterion: certificate.value for certificate in found.values()}
    problem = study.problem()
    own = [f"{ALONE}{name}" for name in problem.workload_names if problem.has_edap]
    lacking = [n for n in [*CertifiedRegret(problem, {}).criteria, *own] if n not in optima]
    if lacking:
        raise InputError(
            f"{study.name} cannot be enumerated, and its optimum by {', '.join(lacking)} is not "
            f"certified: {remedy} first"
        )
    return optima


def _check(certificate: Certificate, study: Study, checker: Checker) -> None:
    """Check that a certificate is of a study and leaves no gap.

    Raises:
        InputError: it is not, or does.
    """
    if certificate.settings != stated(study):
        raise InputError("the certificate is of another study or other settings")
    checker.claim(certificate)
    if certificate.gap > 0:
        raise InputError(f"the certificate leaves a gap of {certificate.gap:.2g}")
