"""Fitting a model to a data set: the configuration, the learning-rate schedule, the loop.

Importing this package does not import Keras; training does.
"""

from rabisco.training.checkpoint import Checkpoints
from rabisco.training.config import TrainingConfiguration, cooldown
from rabisco.training.progress import Progress, Request, TrainingResult
from rabisco.training.train import train

__all__ = ["Checkpoints", "Progress", "Request", "TrainingConfiguration", "TrainingResult", "cooldown", "train"]
