"""A trained model on disk: a folder with ``pesos.h5``, ``model.onnx`` and ``card.json``.

The card says what the model is, what it was trained on and how well it does, and holds the sha256 of the other two
files, which is checked before either is used. Artifacts trained here live under the settings' ``home``; those that
come with the package are bundled in it, and one trained here under the same name takes precedence.
"""

from rabisco.artifacts.card import Card, DatasetCard
from rabisco.artifacts.places import (
    BUNDLED_DIR,
    CARD_FILE,
    ONNX_FILE,
    WEIGHTS_FILE,
    Artifact,
    list_artifacts,
    list_names,
    load_artifact,
    save_artifact,
    stamp,
)

__all__ = [
    "BUNDLED_DIR",
    "CARD_FILE",
    "ONNX_FILE",
    "WEIGHTS_FILE",
    "Artifact",
    "Card",
    "DatasetCard",
    "list_artifacts",
    "list_names",
    "load_artifact",
    "save_artifact",
    "stamp",
]
