"""What pages say of models: their titles, those of ways to spoil images, and code for Keras alone."""

from flask_babel import gettext

from rabisco.artifacts import BUNDLED_DIR, Card
from rabisco.evaluation.robustness import TITLES
from rabisco.images import image_kind
from rabisco.models import architecture_names, get_architecture


def corruption_title(name: str) -> str:
    """Return the title of a way to spoil test images; an unknown one shows its own name."""
    return str(gettext(TITLES.get(name, name)))


def architecture_title(name: str) -> str:
    """Return the title of an architecture; an unknown one is called by its own name."""
    return gettext(get_architecture(name).title) if name in architecture_names() else name


def model_title(card: Card) -> str:
    """Return the title of a model: of a bundled one its architecture, of one's own the name that it was given."""
    known = card.architecture in architecture_names() and is_bundled(card.name)
    return architecture_title(card.architecture) if known else card.name


def is_bundled(name: str) -> bool:
    """Return whether a model comes with the package."""
    return (BUNDLED_DIR / name).is_dir()


def distinct_title(card: Card, cards: list[Card]) -> str:
    """Return the title of a model among others; where two would share it, the model's own name."""
    titles = [model_title(other) for other in cards]
    return model_title(card) if titles.count(model_title(card)) == 1 else card.name


def keras_code(card: Card) -> str:
    """Return a program that reads ``images.npy`` with the weights of a model."""
    height, width, channels = card.image_shape
    kind = "RGB" if image_kind(card.normalizer) == "colour" else "light on dark"
    return f"""import keras
import numpy as np

model = keras.models.load_model("pesos.h5", compile=False)
names = {list(card.class_names)!r}

# uint8 (N, {height}, {width}, {channels}): raw pixels from 0 to 255, {kind}, as {card.normalizer} prepares them
images = np.load("images.npy")
logits = model.predict(images)  # float32 (N, {len(card.class_names)}), before the softmax
probabilities = keras.ops.softmax(logits / {round(card.temperature, 4)})
print([names[place] for place in np.argmax(logits, axis=1)])
"""
