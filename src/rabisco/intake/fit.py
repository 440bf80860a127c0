"""Images of any size become the form that a normalizer gives to pictures, so that training and serving agree."""

import numpy as np
from numpy.typing import NDArray

from rabisco.images import Ink, image_kind, prepare, prepare_ink, shape_of
from rabisco.images.geometry import counts_as_mnist

Images = NDArray[np.uint8]


def fit(images: Images, normalizer: str) -> Images:
    """Return images in the form of ``normalizer``; those that have its shape already are left as they are.

    8×8 images become what the catalog makes of scikit-learn's digits; gray ones of other sizes are taken as ink and
    normalized as a drawing is; colors are scaled, or become gray and are then searched for ink.

    Args:
        images: uint8 ``(N, H, W, C)``, upright; gray ones light on dark.
        normalizer: Name and version, such as ``mnist@1``.

    Returns:
        uint8 ``(N, 28, 28, 1)``, or ``(N, side, side, 3)`` for photos.
    """
    shape = shape_of(normalizer)
    if images.shape[1:] == shape:
        return images
    fitted = np.zeros((len(images), *shape), np.uint8)
    for place, image in enumerate(images):
        fitted[place] = _fit_one(image, normalizer)
    return fitted


def _fit_one(image: Images, normalizer: str) -> Images:
    if image_kind(normalizer) == "colour" or image.shape[2] == 3:
        return prepare(image if image.shape[2] == 3 else np.repeat(image, 3, axis=2), normalizer).pixels
    if image.shape[:2] == (8, 8) and normalizer == "mnist@1" and image.any():
        return counts_as_mnist(image[..., 0].astype(np.float64) * (16 / 255))[..., np.newaxis]
    gray = np.ascontiguousarray(image[..., 0])
    return prepare_ink(Ink(gray, gray), normalizer).pixels
