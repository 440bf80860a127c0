"""What every reader of a user's data yields."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabisco.intake.report import BadRow


@dataclass(frozen=True)
class Batch:
    """Some images of a data set, in their order.

    Attributes:
        images: uint8 ``(N, H, W, C)``, upright, light on dark.
        labels: Of each.
        bad: What was left out between them.
    """

    images: NDArray[np.uint8]
    labels: list[str]
    bad: list[BadRow]
