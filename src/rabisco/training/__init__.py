"""Fitting a model to a data set: the configuration, the learning-rate schedule, the loop.

Importing this package does not import Keras; training does.
"""

from rabisco.training.config import TrainingConfiguration
from rabisco.training.train import Progress, Request, TrainingResult, train

__all__ = ["Progress", "Request", "TrainingConfiguration", "TrainingResult", "train"]
