"""Small images that count ink, such as the digits of scikit-learn, in the manner of MNIST."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rabisco.images.geometry import MNIST_BOX, bounding_box, center_mass, resize_ink


def to_mnist(counts: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return one image as MNIST would show it, uint8 ``(28, 28)``, from counts in [0, 16], ``(8, 8)``."""
    crop = (counts[bounding_box(counts)] * (255 / 16) + 0.5).astype(np.uint8)
    return center_mass(resize_ink(crop, MNIST_BOX, Image.Resampling.BICUBIC))
