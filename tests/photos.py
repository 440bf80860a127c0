"""A model of colored pictures, made in no time: it knows CIFAR-10's classes, and tells blue from green."""

from pathlib import Path

import numpy as np
from PIL import Image
from tests.homes import at_home
from tests.web.serving import encoded

from rabisco.artifacts import BUNDLED_DIR, Card, save_artifact
from rabisco.data.catalog import CATALOG
from rabisco.models import create_model

COLORS = {"blue": (20, 40, 200), "green": (20, 200, 40)}
CHANNEL_OF = {"ship": 2, "automobile": 1}


def add_photo_model(home: Path, name: str) -> None:
    """Save a linear model that takes blue pictures for a ship and green ones for an automobile."""
    classes = CATALOG["cifar-10"].class_names
    model = create_model("linear", (32, 32, 3), len(classes))
    weights = np.zeros((32 * 32, 3, len(classes)), np.float32)
    for class_name, channel in CHANNEL_OF.items():
        weights[:, channel, classes.index(class_name)] = 0.003
    model.set_weights([weights.reshape(-1, len(classes)), np.zeros(len(classes), np.float32)])
    bundled = Card.model_validate_json((BUNDLED_DIR / "mnist-linear" / "card.json").read_text(encoding="utf-8"))
    shape = {"class_names": classes, "image_shape": (32, 32, 3), "normalizer": "photo32@1"}
    none = {"refusal": None, "confusions": None, "reliability": None, "history": [], "temperature": 1.0, "files": {}}
    with at_home(home):
        save_artifact(model, bundled.model_copy(update={"name": name, **shape, **none}))


def photo(color: str, side: int = 500) -> bytes:
    """Return a picture of one color as PNG."""
    return encoded(Image.new("RGB", (side, side // 2), COLORS[color]))
