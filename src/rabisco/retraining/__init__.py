"""Retraining on corrections: a new version of a model, and an honest account of what became better and worse.

``correction_set`` gathers what there is to learn, ``task`` learns it beside the original images and reads the same
pictures with both versions, ``rejection_rule`` fits again what the model refuses, ``report`` holds what came of it.
Importing this package does not import Keras.
"""

from rabisco.retraining.correction_set import CorrectionSet, can_refuse, gather, nothing_to_learn
from rabisco.retraining.report import Difference, RetrainingReport, difference
from rabisco.retraining.task import FINE_TUNING, RetrainingTask, fine_tuning

__all__ = [
    "FINE_TUNING",
    "CorrectionSet",
    "Difference",
    "RetrainingReport",
    "RetrainingTask",
    "can_refuse",
    "difference",
    "fine_tuning",
    "gather",
    "nothing_to_learn",
]
