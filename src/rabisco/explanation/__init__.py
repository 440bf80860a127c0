"""Why a model answers what it answers: what mattered, and what it computed on the way.

``occlusion`` changes parts of an image; ``inside`` runs the network once more with its intermediates as outputs, read
from the ONNX file by ``graph``.
"""

from rabisco.explanation.inside import (
    Decision,
    Inside,
    Intermediates,
    Neighbor,
    decision,
    get_inside,
    grad_cam,
    nearest,
)
from rabisco.explanation.occlusion import Explanation, Flip, explain, smallest_flips

__all__ = [
    "Decision",
    "Explanation",
    "Flip",
    "Inside",
    "Intermediates",
    "Neighbor",
    "decision",
    "explain",
    "get_inside",
    "grad_cam",
    "nearest",
    "smallest_flips",
]
