"""How a model's ``pesos.h5`` is used by Keras alone, as code to copy: what goes in, what comes out."""

from rabisco.artifacts import Card
from rabisco.images import image_kind


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
