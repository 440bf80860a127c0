"""A model's twin that computes in fewer bits while it is trained."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras


def in_precision(model: "keras.Model", precision: str) -> "keras.Model":
    """Return a twin of ``model`` with equal weights, all but the logits computed in ``precision``.

    Args:
        model: A functional or sequential model.
        precision: ``float32``, which returns the model itself; ``mixed_bfloat16`` or ``mixed_float16``.
    """
    import keras

    if precision == "float32":
        return model

    def twin(layer: Any) -> Any:
        config = layer.get_config()
        if not isinstance(layer, keras.layers.InputLayer) and layer.name != "logits":
            config["dtype"] = precision
        return layer.__class__.from_config(config)

    made = keras.models.clone_model(model, clone_function=twin)
    made.set_weights(model.get_weights())
    return made
