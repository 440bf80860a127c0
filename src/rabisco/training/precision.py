"""A model's twin that is trained in its place: it computes in fewer bits, or reads images of any size."""

from typing import TYPE_CHECKING, Any

from rabisco.errors import N_, InvalidConfigurationError

if TYPE_CHECKING:
    import keras


def trained_twin(model: "keras.Model", precision: str, *, any_size: bool = False) -> "keras.Model":
    """Return a twin of ``model`` with equal weights, all but the logits computed in ``precision``.

    Args:
        model: A functional or sequential model.
        precision: ``float32``, ``mixed_bfloat16`` or ``mixed_float16``.
        any_size: Whether the twin reads images of any size.

    Returns:
        The model itself where nothing is to change.

    Raises:
        InvalidConfigurationError: The model reads images of one size only.
    """
    import keras

    if precision == "float32" and not any_size:
        return model

    def twin(layer: Any) -> Any:
        config = layer.get_config()
        if not isinstance(layer, keras.layers.InputLayer) and layer.name != "logits":
            config["dtype"] = precision
        return layer.__class__.from_config(config)

    pixels = keras.Input((None, None, model.input_shape[-1]), dtype="uint8", name="pixels") if any_size else None
    try:
        made = keras.models.clone_model(model, input_tensors=pixels, clone_function=twin)
    except ValueError as error:
        raise InvalidConfigurationError(
            N_("%(model)s reads images of one size only; train it without first_side"), model=model.name
        ) from error
    made.set_weights(model.get_weights())
    return made
