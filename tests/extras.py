"""Optional packages: tests that need one are skipped where it is not installed."""

from importlib.util import find_spec

import pytest


def needs(extra: str, *modules: str) -> None:
    """Skip the test, or the module of tests, that calls this, unless modules are installed.

    A module of tests calls it before it imports what the modules are needed for.

    Args:
        extra: extra of `pyproject.toml` that installs the modules; the reason names it.
        modules: top-level modules, at least one.
    """
    __tracebackhide__ = True
    if any(find_spec(module) is None for module in modules):
        reason = f"needs the extra {extra}: pip install -e '.[{extra}]'"
        pytest.skip(reason, allow_module_level=True)
