"""What a network computes between image and logits, what of it decided, and which training images it reminds of.

A second session of its ONNX file gives out the intermediates. It is made when first asked for and kept beside the
predictor's, which ``/predict`` uses alone.
"""

import math
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from rabisco.artifacts import Artifact, load_artifact, stamp
from rabisco.explanation.graph import Graph
from rabisco.inference import Predictor
from rabisco.training_images import TrainingImages

Link = Literal["flat", "mean", "max"]
_STAGE = re.compile(r"(?:^|/)(stem|stage\d+)(?:_\d+)?(?=/|_output|:|$)")  # a named layer in the name of an array
_TRIALS = 16  # images of noise
Array = NDArray[np.float32]


@dataclass(frozen=True)
class Intermediates:
    """What one image became on the way.

    Attributes:
        stages: Maps of each stage by its name, from the first, float32 ``(H, W, C)``; none of a linear model.
        answers: What each kernel of the first layer answers at each place, ``(H, W, kernels)``; ``None`` without one.
        features: What the last layer weighs, ``(F,)``; of a linear model the scaled pixels.
        logits: ``(classes,)``.
    """

    stages: dict[str, Array]
    answers: Array | None
    features: Array
    logits: Array


class Inside:
    """A model of which every step can be seen; safe to share between threads.

    Args:
        artifact: Its ``model.onnx`` is loaded, with one thread.

    Attributes:
        artifact: It.
        weights: Of the last layer, ``(F, classes)``; ``None`` where the last layer is no dense one.
        bias: ``(classes,)``.
        kernels: Of the first layer, ``(kernels, H, W, C)``; ``None`` of a model without convolutions.
    """

    def __init__(self, artifact: Artifact) -> None:
        self.artifact = artifact
        graph = Graph(artifact.onnx_path.read_bytes())
        self._features, self.weights, self.bias = _last_layer(graph)
        first = next((node for node in graph.nodes if node.operation == "Conv"), None)
        kernels = graph.weights(first.inputs[1]) if first else None
        self.kernels = None if kernels is None else kernels.transpose(0, 2, 3, 1)
        self._answers = first.outputs[0] if first else None
        self._stages = _stages(graph) if first else {}
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        names = {self._features, self._answers or graph.output, *self._stages.values()} - {graph.output}
        self._names = [graph.output, *sorted(names)]
        self._session = onnxruntime.InferenceSession(
            graph.with_outputs(self._names[1:]), options, providers=["CPUExecutionProvider"]
        )
        self._input_name = self._session.get_inputs()[0].name

    @property
    def is_linear(self) -> bool:
        """Whether its logits are a sum over pixels, each times a weight."""
        pixels = math.prod(self.artifact.card.image_shape)
        return self.kernels is None and self.weights is not None and len(self.weights) == pixels

    def run(self, image: NDArray[np.uint8]) -> Intermediates:
        """Return what one normalized image, uint8 ``(H, W, C)``, becomes."""
        found = dict(zip(self._names, self._session.run(None, {self._input_name: image[np.newaxis]}), strict=True))
        maps = {stage: found[name][0].transpose(1, 2, 0) for stage, name in self._stages.items()}
        answers = found[self._answers][0].transpose(1, 2, 0) if self._answers else None
        return Intermediates(maps, answers, found[self._features][0], found[self._names[0]][0])

    def features(self, images: NDArray[np.uint8]) -> Array:
        """Return the features of normalized images, ``(N, F)``, for uint8 ``(N, H, W, C)``."""
        parts = [images[start : start + 100] for start in range(0, len(images), 100)]
        run = self._session.run
        return np.concatenate([run([self._features], {self._input_name: part})[0] for part in parts])

    @cached_property
    def link(self) -> tuple[Link, float] | None:
        """How the features come from the last maps, and the factor that they are multiplied by; ``None`` if otherwise.

        They are the maps laid out as one vector, the mean of each map, or its greatest value. Noise tells, dense or
        faint: of a network that has hardly learned, some images leave every last map at zero, and tell nothing.
        """
        random = np.random.default_rng(0)
        for _ in range(_TRIALS):
            noise = random.integers(0, random.integers(2, 257), self.artifact.card.image_shape, np.uint8)
            seen = self.run(noise)
            if not seen.stages:
                return None
            maps = list(seen.stages.values())[-1]
            if maps.any():
                return _link(maps, seen.features)
        return None

    @cached_property
    def training_images(self) -> tuple[TrainingImages, Array] | None:
        """The training images that were kept, and their features, ``(N, F)``; computed where they are not kept."""
        kept = self.artifact.training_images
        if kept is None or not len(kept.images):
            return None
        return kept, self.features(kept.images) if kept.features is None else kept.features.astype(np.float32)


@dataclass(frozen=True)
class Decision:
    """The sum that a class's logit is.

    Attributes:
        parts: Feature times weight, ``(F,)``.
        bias: What the class has without any feature; with the parts it sums to the logit.
        weights: ``(F,)``.
        order: The features from the one that spoke most for the class, ``(F,)``.
    """

    parts: Array
    bias: float
    weights: Array
    order: NDArray[np.int64]

    @property
    def logit(self) -> float:
        """The sum."""
        return float(self.parts.sum(dtype=np.float64)) + self.bias


def decision(inside: Inside, seen: Intermediates, category_index: int) -> Decision | None:
    """Return what each feature adds to the logit of a class; ``None`` where the last layer is no dense one."""
    if inside.weights is None:
        return None
    weights = inside.weights[:, category_index]
    parts = seen.features * weights
    return Decision(parts, float(inside.bias[category_index]), weights, np.argsort(-parts, kind="stable"))


def grad_cam(inside: Inside, seen: Intermediates, category_index: int) -> Array | None:
    """Return where the last maps speak for a class, float32 ``(H, W)`` of these maps, from 0.

    Each map weighs as much as its mean gradient: how much the logit grows with it. Between the last maps and the
    logits there is only one layer of weights, so that the gradient is these weights, spread over the map where the
    features are its mean or its greatest value.

    Args:
        inside: The model.
        seen: What it made of the image.
        category_index: Which class.

    Returns:
        The map; ``None`` where the features do not come from the last maps in one of these ways.

    Source: Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization", 2017.
    """
    if inside.weights is None or inside.link is None:
        return None
    how, factor = inside.link
    maps = list(seen.stages.values())[-1]
    height, width, channels = maps.shape
    weights = factor * inside.weights[:, category_index]
    mean = weights.reshape(height * width, channels).mean(0) if how == "flat" else weights / (height * width)
    return np.asarray(np.maximum(maps @ mean, 0), np.float32)


@dataclass(frozen=True)
class Neighbor:
    """A training image, uint8 ``(H, W, C)``, the class that it was trained as, and how far its features are."""

    image: NDArray[np.uint8]
    category: str
    distance: float


def nearest(inside: Inside, seen: Intermediates, count: int = 6) -> list[Neighbor] | None:
    """Return the training images with the nearest features, the nearest first; ``None`` where none were kept.

    Args:
        inside: The model.
        seen: What it made of the image.
        count: How many.
    """
    if inside.training_images is None:
        return None
    kept, features = inside.training_images
    apart = features - seen.features
    distances = np.sqrt(np.einsum("nf,nf->n", apart, apart))
    names = inside.artifact.card.class_names
    return [
        Neighbor(kept.images[place], names[kept.labels[place]], float(distances[place]))
        for place in np.argsort(distances, kind="stable")[:count]
    ]


def get_inside(predictor: Predictor) -> Inside:
    """Return the inside of the version that a predictor reads with; the last few are kept."""
    name = predictor.card.name
    return _load(name, predictor.version, stamp(name))


@lru_cache(maxsize=4)
def _load(name: str, version: int, stamped: str) -> Inside:  # noqa: ARG001 - part of the cache's key
    return Inside(load_artifact(name, version))


def _link(maps: Array, features: Array) -> tuple[Link, float] | None:
    ways: dict[Link, Array] = {"flat": maps.ravel(), "mean": maps.mean((0, 1)), "max": maps.max((0, 1))}
    for name, values in ways.items():
        if values.shape != features.shape or not values.any():
            continue
        factor = float(features @ values / (values @ values))
        if np.allclose(factor * values, features, rtol=1e-3, atol=1e-5):
            return name, factor
    return None


def _last_layer(graph: Graph) -> tuple[str, Array | None, Array]:
    """Return the name of the features, and the weights and the bias that make logits of them."""
    bias: Array | None = None
    node = graph.maker(graph.output)
    while node and node.operation in ("Add", "Identity", "Cast"):
        bias = graph.weights(node.inputs[1]) if node.operation == "Add" else bias
        node = graph.maker(node.inputs[0])
    if node is None or node.operation not in ("MatMul", "Gemm"):
        return graph.output, None, np.zeros(0, np.float32)
    weights = graph.weights(node.inputs[1])
    if weights is not None and bias is None:
        bias = graph.weights(node.inputs[2]) if len(node.inputs) > 2 else None
        bias = np.zeros(weights.shape[1], np.float32) if bias is None else bias
    return node.inputs[0], weights, np.zeros(0, np.float32) if bias is None else bias


def _stages(graph: Graph) -> dict[str, str]:
    """Return the last array of each layer that is called ``stem``, ``stage1``, ``stage2`` …, the first layer first."""
    names = (name for node in graph.nodes for name in node.outputs)
    return {found[1]: name for name in names if (found := _STAGE.search(name))}
