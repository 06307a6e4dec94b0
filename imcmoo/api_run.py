"""Finished runs as users open them: their studies have verbs."""

from __future__ import annotations

from imcmoo.api import KINDS
from imcmoo.report import finished_run


class Run(finished_run.Run):  # noqa: D101 - documented with its arguments
    __doc__ = finished_run.Run.__doc__
    kinds = KINDS
