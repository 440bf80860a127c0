"""Learning from corrections: a new version of a model, and an honest account of what became better and worse.

``lessons`` gathers what there is to learn, ``relearn`` learns it beside the original images, ``judge`` reads the same
pictures with both versions, ``report`` is what that comes to. Importing this package does not import Keras.
"""

from rabisco.retraining.lessons import Lesson, gather
from rabisco.retraining.relearn import FINE_TUNING, Relearning, fine_tuning, retrain
from rabisco.retraining.report import Difference, Reread, Retraining, difference

__all__ = [
    "FINE_TUNING",
    "Difference",
    "Lesson",
    "Relearning",
    "Reread",
    "Retraining",
    "difference",
    "fine_tuning",
    "gather",
    "retrain",
]
