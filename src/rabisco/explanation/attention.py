"""What decided: features times weights, and where in the image they come from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabisco.explanation.inside import Inside, Intermediates

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Decision:
    """The sum that a class's logit is.

    Attributes:
        parts: Feature times weight, ``(F,)``.
        bias: What the class has without any feature; with the parts it sums to the logit.
        weights: ``(F,)``.
        order: The features from the one that spoke most for the class, ``(F,)``.
    """

    parts: Array
    bias: float
    weights: Array
    order: NDArray[np.int64]

    @property
    def logit(self) -> float:
        """The sum."""
        return float(self.parts.sum(dtype=np.float64)) + self.bias


def decision(inside: Inside, seen: Intermediates, category_index: int) -> Decision | None:
    """Return what each feature adds to the logit of a class; ``None`` where the last layer is no dense one."""
    if inside.weights is None:
        return None
    weights = inside.weights[:, category_index]
    parts = seen.features * weights
    return Decision(parts, float(inside.bias[category_index]), weights, np.argsort(-parts, kind="stable"))


def grad_cam(inside: Inside, seen: Intermediates, category_index: int) -> Array | None:
    """Return where the last maps speak for a class, float32 ``(H, W)`` of these maps, from 0.

    Each map weighs as much as its mean gradient: how much the logit grows with it. Between the last maps and the
    logits there is only one layer of weights, so that the gradient is these weights, spread over the map where the
    features are its mean or its greatest value.

    Args:
        inside: The model.
        seen: What it made of the image.
        category_index: Which class.

    Returns:
        The map; ``None`` where the features do not come from the last maps in one of these ways.

    Source: Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization", 2017.
    """
    if inside.weights is None or inside.link is None:
        return None
    how, factor = inside.link
    maps = list(seen.stages.values())[-1]
    height, width, channels = maps.shape
    weights = factor * inside.weights[:, category_index]
    mean = weights.reshape(height * width, channels).mean(0) if how == "flat" else weights / (height * width)
    return np.asarray(np.maximum(maps @ mean, 0), np.float32)
