"""Published weights of ResNet-18 find their place in ours: by name, from ``safetensors``, without PyTorch.

Timm and torchvision name them alike: ``layer2.0.conv1.weight`` is our ``stage2_block1_conv1``. Kernels are turned from
``(filters, inputs, H, W)`` to ``(H, W, inputs, filters)``. The last layer stays as it is where the classes are others,
and so does the first where the images are small.

Source: https://github.com/huggingface/safetensors (format); torchvision's weights, as timm publishes them.
"""

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabisco.data.download import locate_file
from rabisco.data.entry import DataFile
from rabisco.errors import N_, InvalidDataError

if TYPE_CHECKING:
    import keras

Tensors = dict[str, NDArray[np.float32]]

MOST_HEADER_BYTES = 10_000_000
_NORM = ("weight", "bias", "running_mean", "running_var")  # in the order of Keras's variables
_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4", "U8": "u1"}

# torchvision's weights, IMAGENET1K_V1, as timm publishes them (BSD 3-clause); one version, named by its commit.
RESNET18 = DataFile(
    "resnet18.safetensors",
    places=("resnet18.safetensors", "resnet18.tv_in1k.safetensors"),
    urls=(
        "https://huggingface.co/timm/resnet18.tv_in1k/resolve/bbd144b3e5565108aad885f145491d11bc6ce807/model.safetensors",
    ),
    checksum="sha256:694f673df6520a3158624e8a89af086f59923ee4cd7436fe5bc3bc71d295ad81",
    size_bytes=46_807_446,
)


def load_published(model: "keras.Model") -> None:
    """Give a ResNet-18 ImageNet's weights: those in the data folder or the cache, else downloaded and checked.

    Raises:
        DataUnavailableError: They are nowhere, and cannot be downloaded; the message says where to put them.
        InvalidDataError: The file is damaged.
    """
    load_pretrained(model, locate_file(RESNET18, "a pretrained ResNet-18"))


def load_pretrained(model: "keras.Model", path: Path) -> tuple[str, ...]:
    """Give a ResNet-18 the published weights in a file, all but those of a first or last layer of another shape.

    Args:
        model: From ``rabisco.models.create_model("resnet18", …)``; changed in place.
        path: A ``safetensors`` file in timm's or torchvision's layout.

    Returns:
        The names of the layers that keep their own weights.

    Raises:
        InvalidDataError: The file is damaged, or its weights are not ResNet-18's.
    """
    tensors = read_safetensors(path)
    left = []
    for layer in model.layers:
        if not layer.weights:
            continue
        names = published_names(layer.name)
        if missing := [name for name in names if name not in tensors]:
            raise _invalid(path, f"an array called {missing[0]}", f"{len(tensors)} others")
        arrays = [turned(tensors[name]) for name in names]
        if [array.shape for array in arrays] == [tuple(weight.shape) for weight in layer.weights]:
            layer.set_weights(arrays)
        elif layer.name in ("stem_conv", "logits"):
            left.append(layer.name)
        else:
            shapes = ", ".join(str(array.shape) for array in arrays)
            raise _invalid(path, f"the shape of ResNet-18's {layer.name}", shapes)
    return tuple(left)


def published_names(layer: str) -> tuple[str, ...]:
    """Return the published names of a layer's weights, in the order that Keras keeps them.

    Args:
        layer: Its name in our ResNet-18, such as ``stage1_block2_norm1``.
    """
    if layer == "logits":
        return "fc.weight", "fc.bias"
    *place, kind = layer.split("_")
    if place == ["stem"]:
        prefix = {"conv": "conv1", "norm": "bn1"}[kind]
    else:
        stage, block = int(place[0].removeprefix("stage")), int(place[1].removeprefix("block"))
        inner = {"conv": "downsample.0", "norm": "downsample.1"}.get(kind) or kind.replace("norm", "bn")
        prefix = f"layer{stage}.{block - 1}.{inner}"
    if "conv" in kind:
        return (f"{prefix}.weight",)
    return tuple(f"{prefix}.{name}" for name in _NORM)


def turned(array: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a published array with its axes in Keras's order."""
    return array.transpose(2, 3, 1, 0) if array.ndim == 4 else array.T


def read_safetensors(path: Path) -> Tensors:
    """Return the arrays of a ``safetensors`` file, by name, as float32.

    The format is a length (8 bytes), that many bytes of JSON with type, shape and place of each array, and the bytes
    of the arrays. Nothing in it is run, unlike in PyTorch's own files.

    Raises:
        InvalidDataError: The file is damaged or truncated.
    """
    content = path.read_bytes()
    size = int.from_bytes(content[:8], "little")
    if len(content) < 8 or size > min(len(content) - 8, MOST_HEADER_BYTES):
        raise _invalid(path, "the length of its header", f"{size:,} in a file of {len(content):,} bytes")
    try:
        header = json.loads(content[8 : 8 + size])
        body = memoryview(content)[8 + size :]
        return {name: _array(told, body) for name, told in header.items() if name != "__metadata__"}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _invalid(path, "a header that describes its arrays", str(error) or "another") from error


def _array(told: dict[str, Any], body: memoryview) -> NDArray[np.float32]:
    begin, end = told["data_offsets"]
    kind, shape = np.dtype(_TYPES[str(told["dtype"])]), tuple(told["shape"])
    if not 0 <= begin <= end <= len(body) or end - begin != math.prod(shape) * kind.itemsize:
        raise ValueError(f"bytes {begin} to {end} for an array {shape}")
    array = np.frombuffer(body[begin:end], kind).reshape(shape)
    if told["dtype"] == "BF16":  # the upper half of a float32
        return (array.astype(np.uint32) << 16).view(np.float32)
    return array.astype(np.float32)


def _invalid(path: Path, expected: str, received: str) -> InvalidDataError:
    return InvalidDataError(
        N_(
            "%(name)s: expected %(expected)s, received %(received)s; use ResNet-18's weights as timm or torchvision "
            "name them, in a safetensors file"
        ),
        name=path.name,
        expected=expected,
        received=received,
    )
