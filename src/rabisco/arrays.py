"""Dataclasses of arrays, each kept in one ``.npz`` file."""

from pathlib import Path
from typing import ClassVar, Self

import numpy as np


class ArrayFile:
    """Base of a dataclass of arrays; what is ``None`` is left out of its file."""

    __dataclass_fields__: ClassVar[dict[str, object]]

    def write(self, path: Path) -> None:
        """Write it to a file; ``read`` returns it."""
        with path.open("wb") as file:
            np.savez_compressed(file, **{name: array for name, array in vars(self).items() if array is not None})

    @classmethod
    def read(cls, path: Path) -> Self:
        """Return what is in a file.

        Raises:
            OSError: There is no such file.
            ValueError: It holds something else.
        """
        with np.load(path, allow_pickle=False) as arrays:
            try:
                return cls(**{name: arrays[name] for name in cls.__dataclass_fields__ if name in arrays})
            except TypeError as error:
                raise ValueError(f"{path.name} must hold what {cls.__name__} needs: {error}") from error
