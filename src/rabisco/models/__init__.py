"""Architectures by name, in Keras 3: raw uint8 pixels in, logits out.

Scaling is each model's first layer, so training and serving cannot differ. No softmax: it lives in the predictor.
Importing this package does not import Keras; creating a model does.
"""

from rabisco.models.registry import architecture_names, create_model

__all__ = ["architecture_names", "create_model"]
