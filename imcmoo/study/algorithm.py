"""The key `algorithm` of a study: an algorithm of pymoo in place of the built-in search."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, Self

from imcmoo.io.errors import InputError, input_errors
from imcmoo.io.named import call_own, check_takes, load

IN_PYTHON = "(...)"
"""End of the name of an algorithm that was passed as an object, whose settings no file has."""

TRUSTED = ("pymoo", "imcmoo")
"""Packages whose algorithms are run on the word of a file of results."""


class AlgorithmName(str):
    """Name of an algorithm, `module:name`; of an object, its class and `IN_PYTHON`.

    Attributes:
        algorithm: the object; None if it is to be imported.
        is_stored: True if only a file of results names it.
    """

    algorithm: object = None
    is_stored = False

    @classmethod
    def of(cls, given: object) -> Self:
        """Name of an algorithm given by name or as an object of pymoo.

        Raises:
            ValueError: it is neither.
        """
        if isinstance(given, cls):
            return given
        if isinstance(given, str):
            if ":" not in given:
                raise ValueError(f"must be module:name of an algorithm of pymoo, got {given!r}")
            return cls(given)
        _check(given, "it")
        name = cls(f"{type(given).__module__}:{type(given).__qualname__}{IN_PYTHON}")
        name.algorithm = given
        return name

    @classmethod
    def stored(cls, name: object) -> Self | None:
        """Name that a file of results states, if any; its module is imported only if trusted."""
        stored = None if name is None else cls(str(name))
        if stored is not None:
            stored.is_stored = True
        return stored

    @property
    def module(self) -> str:
        """Dotted name of the module."""
        return self.partition(":")[0]

    def make(self) -> Any:
        """Return a new copy of the algorithm.

        Raises:
            InputError: it cannot be imported, is no algorithm of pymoo, or only a file of results
                names it.
        """
        if self.algorithm is not None:
            return deepcopy(self.algorithm)
        is_trusted = self.module.partition(".")[0] in TRUSTED or not self.is_stored
        if self.endswith(IN_PYTHON) or not is_trusted:
            raise InputError(
                f"only results name the algorithm {self}: state it again, by --algorithm or "
                "run(algorithm=...)"
            )
        with input_errors("algorithm: "):
            made = load(self, "algorithm", known=())
            if isinstance(made, type) or not hasattr(made, "setup"):
                check_takes(made, self)
                made = call_own(made)
            _check(made, self)
        return deepcopy(made)


def _check(algorithm: object, what: str) -> None:
    # Imported on use: most studies name none.
    from pymoo.core.algorithm import Algorithm

    if not isinstance(algorithm, Algorithm):
        raise ValueError(f"{what} is no algorithm of pymoo but {type(algorithm).__name__}")
