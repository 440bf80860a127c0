"""A trained model on disk: a folder with ``pesos.h5``, ``model.onnx``, ``card.json`` and what else its card names, in
numbered versions.

``card`` says what the model is; ``paths`` knows where each version lies and which is current; ``saving`` adds one,
``loading`` reads and verifies one, ``versions`` chooses, goes back and deletes; ``durable`` writes what must survive a
kill. Versions never change; what is replaced are pointers, in one step.
Artifacts made here live under the settings' ``home``; those that come with the package are bundled in it, as version
0 of their name.
"""

from rabisco.artifacts.card import Card, DatasetCard, said_of
from rabisco.artifacts.loading import Artifact, card_of, list_artifacts, list_damaged, load_artifact
from rabisco.artifacts.paths import (
    ALIASES,
    BUNDLED,
    BUNDLED_DIR,
    CARD_FILE,
    ONNX_FILE,
    TRAINING_FILE,
    WEIGHTS_FILE,
    check_name,
    exists,
    is_taken,
    list_names,
    promoted,
    stamp,
)
from rabisco.artifacts.saving import install, rename_classes, save_again, save_artifact, write_card
from rabisco.artifacts.versions import (
    Version,
    delete,
    delete_model,
    previous_default,
    promote,
    rollback,
    rollback_default,
    use_version,
    versions,
)

__all__ = [
    "ALIASES",
    "BUNDLED",
    "BUNDLED_DIR",
    "CARD_FILE",
    "ONNX_FILE",
    "TRAINING_FILE",
    "WEIGHTS_FILE",
    "Artifact",
    "Card",
    "DatasetCard",
    "Version",
    "card_of",
    "check_name",
    "delete",
    "delete_model",
    "exists",
    "install",
    "is_taken",
    "list_artifacts",
    "list_damaged",
    "list_names",
    "load_artifact",
    "previous_default",
    "promote",
    "promoted",
    "rename_classes",
    "rollback",
    "rollback_default",
    "said_of",
    "save_again",
    "save_artifact",
    "stamp",
    "use_version",
    "versions",
    "write_card",
]
