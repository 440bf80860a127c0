"""Random changes to training images of characters, drawn anew for every batch: what pens, paper and people do to them.

The geometry is one warp, so that every pixel is interpolated once: rotation, shear, scale and shift, and on top a
smooth elastic field (Simard et al. 2003). Then the look: stroke width (soft grey dilation or erosion) and blur. Last
the damage, which reaches a share of the images only, so that most of what is learned from is clean: a wiped patch,
ruled lines, loss of contrast, a lifted background, noise. A layer of these, or of the changes to photographs, is put
before a model while it is trained and is no part of the artifact.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from rabisco.images import ImageKind
from rabisco.training.photos import PhotoAugmentation

if TYPE_CHECKING:
    import keras

SHARES = ("stroke", "blur", "damage", "lines", "contrast", "brightness")  # at most 1


@dataclass(frozen=True)
class Augmentation:
    """How strongly training images are changed; every range is symmetric and uniform, 0 is off.

    Attributes:
        rotation: Degrees.
        shear: Slant, in pixels sideways per pixel of height.
        scale: Relative change of each side.
        shift: Pixels.
        elastic: Pixels that the control points of the elastic field move, standard deviation.
        stroke: Largest share of a 3×3 dilation or erosion that is mixed in, 0 to 1.
        blur: Largest share of a 3×3 Gaussian blur that is mixed in, 0 to 1.
        damage: Share of the images that each of the following reaches, independently, 0 to 1.
        erasing: Largest side of a patch that is wiped to background, in pixels.
        lines: Brightest grey of ruled lines, across or down, 1 pixel wide, as a share of the range.
        contrast: Largest share of the contrast, about a grey between black and the image's mean, that is lost.
        brightness: Largest lift of ink and background, as a share of the range.
        noise: Largest standard deviation of Gaussian noise, as a share of the range.
    """

    rotation: float = 10.0
    shear: float = 0.15
    scale: float = 0.1
    shift: float = 2.0
    elastic: float = 0.7
    stroke: float = 0.4
    blur: float = 0.3
    damage: float = 0.15
    erasing: float = 8.0
    lines: float = 0.6
    contrast: float = 0.7
    brightness: float = 0.3
    noise: float = 0.2

    def scaled(self, strength: float) -> "Augmentation":
        """Return these changes at ``strength`` times their ranges."""
        values = {name: value * strength for name, value in asdict(self).items()}
        return Augmentation(**values | {name: min(1.0, values[name]) for name in SHARES})

    @property
    def gentle(self) -> "Augmentation":
        """The changes of the last epochs."""
        return GENTLE

    def change(self, images: Any, seed: Any) -> Any:
        """Return float32 images ``(B, H, W, 1)`` of 0 to 255, changed by the random numbers of ``seed``."""
        return _damage(_restyle(_warp(images, self, seed), self, seed), self, seed)


GENTLE = Augmentation(rotation=6, shear=0.1, scale=0.06, shift=1, elastic=0.4, stroke=0.2, blur=0.1, damage=0.05)


AnyAugmentation = Augmentation | PhotoAugmentation
USUAL: dict[ImageKind, AnyAugmentation] = {"grey": Augmentation(), "colour": PhotoAugmentation()}


def augmentation_of(values: Mapping[str, Any]) -> AnyAugmentation:
    """Return the augmentation that ``asdict`` made these values from; what an older version did not know is off."""
    kind: type[AnyAugmentation] = PhotoAugmentation if "flip" in values else Augmentation
    return kind(**{field.name: values.get(field.name, 0.0) for field in fields(kind)})


def create_layer(augmentation: AnyAugmentation, seed: int) -> "keras.layers.Layer":
    """Return a Keras layer that changes uint8 images in training and passes them on otherwise.

    Args:
        augmentation: What is changed, and how strongly.
        seed: Seed of its random numbers, whose state is saved with the weights.

    Returns:
        A layer from uint8 ``(B, H, W, C)`` to uint8 of the same shape: a model sees nothing finer than in serving.
    """
    import keras
    from keras import ops

    class Augment(keras.layers.Layer):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(name="augment", dtype="uint8")
            self.seed_generator = keras.random.SeedGenerator(seed)

        def call(self, images: Any, training: bool = False) -> Any:
            if not training:
                return images
            images = augmentation.change(ops.cast(images, "float32"), self.seed_generator)
            return ops.cast(ops.clip(ops.round(images), 0, 255), "uint8")

        def compute_output_shape(self, input_shape: Any) -> Any:
            return input_shape

    return Augment()


def _uniform(shape: tuple[Any, ...], limit: float, seed: Any) -> Any:
    import keras

    return keras.random.uniform(shape, -limit, limit, seed=seed)


def _warp(images: Any, augmentation: Augmentation, seed: Any) -> Any:
    """Sample ``images`` where an inverse affine map and an elastic field point, bilinearly; outside is background."""
    from keras import ops

    batch, height, width = ops.shape(images)[0], images.shape[1], images.shape[2]
    rows, columns = ops.meshgrid(
        ops.arange(height, dtype="float32") - (height - 1) / 2,
        ops.arange(width, dtype="float32") - (width - 1) / 2,
        indexing="ij",
    )
    rows, columns = _affine(rows, columns, batch, augmentation, seed)
    field = _elastic(batch, height, width, augmentation.elastic, seed)  # (B, H, W, 2)
    rows = rows + field[..., 0] + (height - 1) / 2
    columns = columns + field[..., 1] + (width - 1) / 2
    return _bilinear(images, rows, columns)


def _affine(rows: Any, columns: Any, batch: Any, augmentation: Augmentation, seed: Any) -> tuple[Any, Any]:
    from keras import ops

    def per_image(limit: float) -> Any:
        return _uniform((batch, 1, 1), limit, seed)

    angle = per_image(augmentation.rotation * 3.14159265 / 180)
    slant = per_image(augmentation.shear)
    sine, cosine = ops.sin(angle), ops.cos(angle)
    rows, columns = rows[None] * cosine - columns[None] * sine, rows[None] * sine + columns[None] * cosine
    columns = columns + slant * rows
    rows = rows * (1 + per_image(augmentation.scale)) + per_image(augmentation.shift)
    columns = columns * (1 + per_image(augmentation.scale)) + per_image(augmentation.shift)
    return rows, columns


def _elastic(batch: Any, height: int, width: int, amount: float, seed: Any) -> Any:
    """Return a smooth field of displacements, ``(B, H, W, 2)`` in pixels, from a coarse 5×5 grid of normal ones."""
    import keras
    from keras import ops

    coarse = keras.random.normal((batch, 5, 5, 2), stddev=amount, seed=seed)
    return ops.image.resize(coarse, (height, width), interpolation="bicubic", data_format="channels_last")


def _bilinear(images: Any, rows: Any, columns: Any) -> Any:
    """Return ``images`` read at the real-valued ``rows`` and ``columns``, both ``(B, H, W)``."""
    from keras import ops

    height, width = images.shape[1], images.shape[2]
    padded = ops.pad(images[..., 0], ((0, 0), (1, 1), (1, 1)))  # a border of background
    rows = ops.clip(rows + 1, 0.0, height + 0.999)
    columns = ops.clip(columns + 1, 0.0, width + 0.999)
    top, left = ops.floor(rows), ops.floor(columns)
    down, right = rows - top, columns - left
    index = ops.cast(top, "int32") * (width + 2) + ops.cast(left, "int32")
    flat = ops.reshape(padded, (-1, (height + 2) * (width + 2)))
    flat = ops.pad(flat, ((0, 0), (0, width + 3)))  # the last row's neighbours

    def at(offset: int) -> Any:
        return ops.reshape(
            ops.take_along_axis(flat, ops.reshape(index + offset, (-1, height * width)), axis=1),
            (-1, height, width),
        )

    upper = at(0) * (1 - right) + at(1) * right
    lower = at(width + 2) * (1 - right) + at(width + 3) * right
    return (upper * (1 - down) + lower * down)[..., None]


def _restyle(images: Any, augmentation: Augmentation, seed: Any) -> Any:
    """Mix in thicker or thinner strokes and a blur, each by a random share."""
    import numpy as np
    from keras import ops

    shape = (ops.shape(images)[0], 1, 1, 1)
    thicker = ops.max_pool(images, 3, 1, padding="same")
    thinner = -ops.max_pool(-images, 3, 1, padding="same")
    share = _uniform(shape, augmentation.stroke, seed)
    images = images + ops.maximum(share, 0.0) * (thicker - images) - ops.maximum(-share, 0.0) * (images - thinner)
    kernel = np.outer([1, 2, 1], [1, 2, 1]).astype("float32")[..., None, None] / 16
    share = ops.maximum(_uniform(shape, augmentation.blur, seed), 0.0)
    return images + share * (ops.conv(images, kernel, padding="same") - images)


def _damage(images: Any, augmentation: Augmentation, seed: Any) -> Any:
    """Do to some images what bad pens, paper, light and cameras do; each kind reaches its own random share."""
    import keras
    from keras import ops

    shape = (ops.shape(images)[0], 1, 1, 1)

    def amount(most: float) -> Any:
        """Return for each image, at the rate of ``damage``, a value up to ``most``, else 0."""
        hit = keras.random.uniform(shape, seed=seed) < augmentation.damage
        return ops.where(hit, keras.random.uniform(shape, 0.0, most, seed=seed), 0.0) if most else ops.zeros(shape)

    images = images * (1 - _patches(images, amount(augmentation.erasing), seed))
    images = ops.maximum(images, 255 * amount(augmentation.lines) * _rules(images, seed))
    pivot = ops.mean(images, axis=(1, 2, 3), keepdims=True) * keras.random.uniform(shape, seed=seed)
    images = pivot + (1 - amount(augmentation.contrast)) * (images - pivot)
    images = images + 255 * amount(augmentation.brightness)
    return images + 255 * amount(augmentation.noise) * keras.random.normal(ops.shape(images), seed=seed)


def _patches(images: Any, side: Any, seed: Any) -> Any:
    """Return 1 within a square of ``side`` pixels, ``(B, 1, 1, 1)``, at a random place of each image, else 0."""
    import keras
    from keras import ops

    batch, height, width = ops.shape(images)[0], images.shape[1], images.shape[2]
    top = keras.random.uniform((batch, 1, 1, 1), 0.0, float(height), seed=seed)
    left = keras.random.uniform((batch, 1, 1, 1), 0.0, float(width), seed=seed)
    rows = ops.arange(height, dtype="float32")[None, :, None, None]
    columns = ops.arange(width, dtype="float32")[None, None, :, None]
    within = (ops.abs(rows - top) < side / 2) & (ops.abs(columns - left) < side / 2)
    return ops.cast(within, "float32")


def _rules(images: Any, seed: Any) -> Any:
    """Return 1 on lines a random 5 to 14 pixels apart, across or down each image, else 0."""
    import keras
    from keras import ops

    batch, height, width = ops.shape(images)[0], images.shape[1], images.shape[2]
    spacing = ops.floor(keras.random.uniform((batch, 1, 1, 1), 5.0, 15.0, seed=seed))
    offset = ops.floor(keras.random.uniform((batch, 1, 1, 1), 0.0, 15.0, seed=seed))
    across = keras.random.uniform((batch, 1, 1, 1), seed=seed) < 0.5
    rows = ops.arange(height, dtype="float32")[None, :, None, None]
    columns = ops.arange(width, dtype="float32")[None, None, :, None]
    return ops.cast(ops.mod(ops.where(across, rows, columns) + offset, spacing) < 1, "float32")
