"""Finished runs as users open them: their studies have verbs."""

from __future__ import annotations

from imcmoo import run
from imcmoo.api import KINDS


class Run(run.Run):  # noqa: D101 - documented with its arguments
    __doc__ = run.Run.__doc__
    kinds = KINDS
