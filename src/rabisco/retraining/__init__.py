"""Learning from corrections: a new version of a model, and an honest account of what became better and worse.

``lessons`` gathers what there is to learn, ``relearn`` learns it beside the original images, ``refusing`` fits again
what the model refuses, on ``pictures``, ``judge`` reads the same pictures with both versions, ``report`` is what that
comes to. Importing this package does not import Keras.
"""

from rabisco.retraining.lessons import Lesson, can_refuse, gather, nothing_to_learn
from rabisco.retraining.relearn import FINE_TUNING, Relearning, fine_tuning, refuse_more, retrain
from rabisco.retraining.report import Difference, Refitting, Reread, Retraining, difference

__all__ = [
    "FINE_TUNING",
    "Difference",
    "Lesson",
    "Refitting",
    "Relearning",
    "Reread",
    "Retraining",
    "can_refuse",
    "difference",
    "fine_tuning",
    "gather",
    "nothing_to_learn",
    "refuse_more",
    "retrain",
]
