"""Architectures by name, in Keras 3: raw uint8 pixels in, logits out.

Each module that holds ``ARCHITECTURES`` adds its own; nothing else is to be changed for a new one. Scaling is each
model's first layer, so training and serving cannot differ. No softmax: it lives in the predictor. Importing this
package does not import Keras; creating a model does.
"""

from rabisco.models.registry import (
    DEFAULTS,
    Architecture,
    Choice,
    architecture_names,
    choices,
    create_model,
    get_architecture,
    multiply_adds,
)

__all__ = [
    "DEFAULTS",
    "Architecture",
    "Choice",
    "architecture_names",
    "choices",
    "create_model",
    "get_architecture",
    "multiply_adds",
]
