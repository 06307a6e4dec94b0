"""Arrays that rows are added to."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


class Growing:
    """An array whose rows are added at the end; it doubles its room where there is none left.

    Args:
        shape: of a row.
        dtype: of the entries.
    """

    def __init__(self, shape: tuple[int, ...] = (), dtype: DTypeLike = np.int64) -> None:
        self._room: NDArray[Any] = np.empty((16, *shape), dtype=dtype)
        self._used = 0

    def __len__(self) -> int:
        return self._used

    @property
    def rows(self) -> NDArray[Any]:
        """A view of all rows; one taken before may no longer show what is written later."""
        return self._room[: self._used]

    def append(self, rows: NDArray[Any]) -> None:
        """Add some rows, shape (n, ...)."""
        self.extend(len(rows))
        self._room[self._used - len(rows) : self._used] = rows

    def extend(self, n: int, fill: Any = None) -> None:
        """Add n rows, each entry `fill`, or whatever is there."""
        first, self._used = self._used, self._used + n
        if self._used > len(self._room):
            larger = np.empty((2 * self._used, *self._room.shape[1:]), dtype=self._room.dtype)
            larger[:first] = self._room[:first]
            self._room = larger
        if fill is not None:
            self._room[first : self._used] = fill
