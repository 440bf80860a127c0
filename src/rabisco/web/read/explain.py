"""``POST /explain``: what mattered to a model's answer, and what it computed on the way there."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, ClassVar, Literal

import numpy as np
from flask import request
from flask_babel import lazy_gettext
from numpy.typing import NDArray
from pydantic import Field

from rabisco.characters import Among, classes_among
from rabisco.explanation import (
    Flip,
    Inside,
    Intermediates,
    decision,
    explain,
    get_inside,
    grad_cam,
    nearest,
    smallest_flips,
)
from rabisco.inference import Prediction, Predictor, get_predictor
from rabisco.web.models.aliases import resolve
from rabisco.web.platform.access import may_see_images_of
from rabisco.web.platform.examples import SEVEN
from rabisco.web.platform.fields import Requests, given
from rabisco.web.platform.metrics import count_predictions
from rabisco.web.platform.routing import DocumentedBlueprint, app_settings
from rabisco.web.read import png, schemas
from rabisco.web.read.pictures import PROBLEMS, Pictures, noted, read_each, read_pictures
from rabisco.web.read.schemas import UnreadPicture

blueprint = DocumentedBlueprint("explain", __name__)
MOST = 8  # pictures: each is read many times
Part = Literal["mattered", "stages", "kernels", "features", "evidence", "grad-cam", "nearest", "flips"]
USUAL = ("mattered", "stages", "kernels", "features", "evidence", "grad-cam", "nearest")
MOST_CLASSES = 10  # whose evidence is answered
MOST_FEATURES = 8
STRONG = 0.6  # share of the greatest evidence that is shown in its whole color


class ExplanationOptions(Pictures):
    """By which model pictures are to be explained, and what is written in them."""

    requests: ClassVar[Requests] = (
        {"image": SEVEN},
        {"image": SEVEN, "model": "mnist-cnn", "among": "any", "parts": ["mattered"]},
        {"image": SEVEN, "model": "mnist-linear", "parts": ["evidence", "flips"]},
        {"images": [SEVEN, SEVEN]},
    )

    model: str = ""
    among: Among = "any"
    parts: list[Part] = Field([], description="Which; all but `flips` if none is named.")


@blueprint.post(
    "/explain",
    operation="explain",
    summary=lazy_gettext(
        "Reads up to eight pictures and looks inside the model: how much less probable the answer becomes where a "
        "part is covered, the maps of each stage, the kernels of the first layer, the features that decided, "
        "Grad-CAM, and the nearest training images; of a linear model what each pixel adds to each class. "
        "“parts=stages” answers only that, “parts=flips” the smallest change that flips the answer."
    ),
    examples=(
        "curl -F file=@seven.png '{url}/explain?model=cnn'",
        "curl -F file=@seven.png '{url}/explain?model=linear&parts=evidence&parts=flips'",
    ),
    answer=schemas.Explanations,
    receives=ExplanationOptions,
    problems=PROBLEMS,
    open="it changes nothing",
)
def explain_pictures() -> schemas.Explanations:
    """Read every picture of the request with one model, and say what mattered."""
    settings = app_settings()
    asked = given(ExplanationOptions)
    predictor = get_predictor(resolve(asked.model))
    pictures = read_pictures(request, min(MOST, settings.max_files))
    explained = read_each(pictures, lambda _, pixels: _explained(predictor, pixels, asked))
    count_predictions(predictor.card.name, sum(not isinstance(one, UnreadPicture) for one in explained))
    return schemas.Explanations(explanations=explained, **noted(pictures))


def _explained(
    predictor: Predictor, picture: NDArray[np.uint8], asked: ExplanationOptions
) -> schemas.ExplanationSchema:
    parts, found = asked.parts or USUAL, dict[str, Any]()
    if "mattered" in parts:
        mattered = explain(predictor, picture, asked.among)
        prediction = mattered.prediction
        found["importance"] = _rows(mattered.importance, 4)
        found["image"] = png.data_url(png.heat(prediction.prepared.pixels, mattered.importance))
    else:
        prediction = predictor.predict(picture, among=asked.among)
    if set(parts) - {"mattered", "flips"}:
        found |= _inside(predictor, prediction, parts, asked.among)
    if "flips" in parts:
        found["flips"] = [_flip(one) for one in smallest_flips(predictor, prediction, asked.among)]
    return schemas.ExplanationSchema.of(prediction, **found)


def _inside(predictor: Predictor, prediction: Prediction, parts: Any, among: Among) -> dict[str, Any]:
    """Return the parts that need what the model computes on the way; of what it saw, not of what it was taught."""
    inside, pixels = get_inside(predictor), prediction.prepared.pixels
    seen, index = inside.run(pixels), prediction.best.category_index
    makers: dict[str, Callable[[], Any]] = {
        "stages": lambda: [_stage(name, values) for name, values in seen.stages.items()],
        "kernels": lambda: _kernels(inside, seen),
        "features": lambda: _features(inside, seen, index),
        "evidence": lambda: _evidence(inside, seen, pixels, among),
        "grad-cam": lambda: _grad_cam(inside, seen, pixels, index),
        "nearest": lambda: _nearest(inside, seen),
    }
    return {name.replace("-", "_"): make() for name, make in makers.items() if name in parts}


def _stage(name: str, values: NDArray[np.float32]) -> schemas.StageSchema:
    return schemas.StageSchema(
        name=name,
        shape=list(values.shape),
        columns=png.columns_of(values.shape[-1]),
        image=png.data_url(png.sheet(png.greys(values))),
        strongest=_rows(values.max(axis=(0, 1)), 5),
    )


def _kernels(inside: Inside, seen: Intermediates) -> schemas.KernelsSchema | None:
    if inside.kernels is None or seen.answers is None:
        return None
    found = seen.answers.transpose(2, 0, 1)
    places = [np.unravel_index(one.argmax(), one.shape) for one in found]
    strongest = [
        schemas.KernelAnswerSchema(row=int(row), column=int(column), answer=float(one[row, column]))
        for one, (row, column) in zip(found, places, strict=True)
    ]
    return schemas.KernelsSchema(
        shape=list(inside.kernels.shape),
        columns=png.columns_of(len(found)),
        image=png.data_url(png.sheet(png.kernel_pictures(inside.kernels))),
        answers=png.data_url(png.sheet(png.signed(found))),
        strongest=strongest,
    )


def _features(inside: Inside, seen: Intermediates, index: int) -> schemas.FeaturesSchema | None:
    decided = None if inside.is_linear else decision(inside, seen, index)
    if decided is None:
        return None
    shape = list(seen.stages.values())[-1].shape if seen.stages and inside.link else None

    def feature(place: int) -> schemas.FeatureSchema:
        row = column = None
        where = None if shape is None else place % shape[2]
        if shape and inside.link and inside.link[0] == "flat":
            row, column = divmod(place // shape[2], shape[1])
        return schemas.FeatureSchema(
            index=place,
            value=float(seen.features[place]),
            weight=float(decided.weights[place]),
            part=float(decided.parts[place]),
            map=where,
            row=row,
            column=column,
        )

    most = [feature(int(place)) for place in decided.order[:MOST_FEATURES]]
    least = [feature(int(place)) for place in decided.order[::-1][:MOST_FEATURES]]
    return schemas.FeaturesSchema(
        count=len(decided.parts),
        bias=decided.bias,
        logit=decided.logit,
        speaking_for=[one for one in most if one.part > 0],
        speaking_against=[one for one in least if one.part < 0],
    )


def _evidence(
    inside: Inside, seen: Intermediates, pixels: NDArray[np.uint8], among: Among
) -> list[schemas.EvidenceSchema]:
    if not inside.is_linear or inside.weights is None:
        return []
    shape, names = inside.artifact.card.image_shape, inside.artifact.card.class_names
    expected = np.array(classes_among(names, among))
    best = expected[np.argsort(-seen.logits[expected], kind="stable")][:MOST_CLASSES]
    parts = (seen.features[:, np.newaxis] * inside.weights[:, best]).T.reshape(len(best), *shape).sum(axis=-1)
    most = STRONG * float(np.abs(parts).max())
    return [
        schemas.EvidenceSchema(
            category=names[index],
            category_index=int(index),
            logit=float(seen.logits[index]),
            bias=float(inside.bias[index]),
            values=_rows(parts[place], 8),
            image=png.data_url(png.over(pixels, parts[place], most)),
            weights=_weight_image(inside, int(index)),
        )
        for place, index in enumerate(best)
    ]


@lru_cache(maxsize=256)
def _weight_image(inside: Inside, index: int) -> str:
    """Return the weights of a linear model for a class as a picture, all classes on one scale."""
    assert inside.weights is not None
    weights = inside.weights.reshape(*inside.artifact.card.image_shape, -1).sum(axis=2)
    return png.data_url(png.signed(weights[..., index], float(np.quantile(np.abs(weights), 0.995))))


def _grad_cam(
    inside: Inside, seen: Intermediates, pixels: NDArray[np.uint8], index: int
) -> schemas.GradCamSchema | None:
    values = grad_cam(inside, seen, index)
    if values is None:
        return None
    stage = list(seen.stages)[-1]
    return schemas.GradCamSchema(stage=stage, values=_rows(values, 6), image=png.data_url(png.heat(pixels, values)))


def _nearest(inside: Inside, seen: Intermediates) -> list[dict[str, Any]] | None:
    """Return the nearest training images; of a model that was trained here, to who may train here alone."""
    found = nearest(inside, seen) if may_see_images_of(inside.artifact) else None
    return None if found is None else [{**vars(one), "image": png.data_url(one.image)} for one in found]


def _flip(flip: Flip) -> dict[str, Any]:
    box = dict(zip(schemas.BoxSchema.model_fields, flip.box, strict=True))
    return {**vars(flip.best), "change": flip.change, "box": box, "image": png.data_url(flip.image)}


def _rows(values: NDArray[np.float32], digits: int) -> list[Any]:
    """Return an array as lists of rounded numbers."""
    found: list[Any] = np.round(values.astype(np.float64), digits).tolist()
    return found
