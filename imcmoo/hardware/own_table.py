"""Component tables of one's own: what is asked for, added to the shipped table or to an own one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from imcmoo.hardware.build_table import compute, installed_versions
from imcmoo.hardware.cells import cell_file
from imcmoo.hardware.physical_costs import technology
from imcmoo.hardware.request import Request
from imcmoo.hardware.table_file import Content
from imcmoo.io.errors import InputError


class Extension:
    """A table and what is to be added to it.

    Args:
        path: of the table. Where there is none yet, it begins with all shipped components, but for
            a cell of one's own with no crossbars, since the shipped ones have other cells.
        request: the components asked for.
        cell: the text of a cell file as `cells.read_cell` gives it; by default the table's own, or
            the shipped one.

    Raises:
        InputError: the libraries are not installed or others than the table's, the file is no
            table, its crossbars have another cell, or a voltage is below the threshold.
        OSError: the file cannot be read.
    """

    def __init__(self, path: Path, request: Request, cell: str | None = None) -> None:
        begun, device = _begin(path, cell), request.device
        _check_versions(path, begun.versions)
        _check_voltages(request)
        held = begun.cells.get(device)
        if held is not None and cell not in (None, held):
            raise InputError(
                f"{path} has {device} crossbars of another cell: give another --out, or no --cell"
            )
        own = held or cell or cell_file(device)
        self._path, self._cell, self._device = path, cell, device
        self._begun = replace(begun, cells={**begun.cells, device: own})
        self._lacking = begun.lacking(request.keys())

    @property
    def counts(self) -> dict[str, int]:
        """Rows to be computed, by table; without those of none."""
        return {name: len(keys) for name, keys in self._lacking.items() if keys}

    def build(self, *, jobs: int, on_row: Callable[[], None] = lambda: None) -> None:
        """Compute what is lacking and write the table; the same request makes the same bytes.

        Args:
            jobs: processes.
            on_row: called after each row.

        Raises:
            InputError: the libraries have no such component, or the table has become another
                meanwhile; nothing is written.
            OSError: the file cannot be written.
        """
        rows = compute(self._lacking, self._begun.cells, jobs=jobs, on_row=on_row)
        now = _begin(self._path, self._cell)  # which another command may have added to
        ours = self._begun.cells[self._device]
        if now.versions != self._begun.versions or now.cells.get(self._device, ours) != ours:
            raise InputError(f"{self._path} has become another table meanwhile: try again")
        cells = {**now.cells, self._device: ours}
        replace(now, cells=cells).joined(rows).write(self._path)


def _begin(path: Path, cell: str | None) -> Content:
    if not path.exists():
        shipped = Content.read()
        return shipped if cell is None else shipped.without_crossbars()
    try:
        return Content.read(path)
    except ValueError as error:
        raise InputError(f"nothing can be added: {error}") from None


def _check_versions(path: Path, held: Mapping[str, str]) -> None:
    """Check that a table's numbers would be of one version of each library."""
    installed = installed_versions()
    for name, number in installed.items():
        if held.get(name) != number:
            raise InputError(
                f"{path} would mix {name} {held.get(name)} with {number}, which is installed: "
                "install imcmoo[build], or begin another table"
            )


def _check_voltages(request: Request) -> None:
    """Check that transistors conduct, which NeuroSim does not: below, it costs what it may."""
    for node in request.nodes_nm if request.millivolts else ():
        threshold = technology(node_nm=node)["threshold_V"]
        low = min(request.millivolts or ()) / 1000
        if low <= threshold:
            raise InputError(
                f"{low:g} V is not above NeuroSim's threshold of {threshold:.3g} V at {node} nm"
            )
