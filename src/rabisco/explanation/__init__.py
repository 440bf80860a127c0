"""Why a model answers what it answers: what mattered, and what it computed on the way.

``occlusion`` covers parts of an image; ``inside`` runs the network once more with its intermediates as outputs, read
from the ONNX file by ``graph``; ``attention`` turns these into Grad-CAM and the features that decided; ``nearest``
finds the training images that looked alike to the model; ``flips`` looks for the smallest change of the answer.
"""

from rabisco.explanation.attention import Decision, decision, grad_cam
from rabisco.explanation.flips import Flip, smallest_flips
from rabisco.explanation.inside import Inside, Intermediates, get_inside
from rabisco.explanation.nearest import Neighbor, nearest
from rabisco.explanation.occlusion import Explanation, explain

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
