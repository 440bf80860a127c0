"""Teaching a model one picture: what it is from now on, without training, and what that changes elsewhere."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabisco.artifacts import Card, list_names, load_artifact, save_again
from rabisco.artifacts.durable import locked
from rabisco.errors import RabiscoError
from rabisco.evaluation import Reader
from rabisco.images import Box, Prepared, decode, image_kind, prepare
from rabisco.inference import Predictor, get_predictor
from rabisco.memory import Memory, Reference, features, reach_of
from rabisco.rejection import Reason
from rabisco.settings import get_settings
from rabisco.text_reading import read_many

_LOCK = "teaching"
LEAST_OVERLAP = 0.5  # of two boxes that are the same character's


@dataclass(frozen=True)
class Taught:
    """What came of teaching a model one picture."""

    model: str
    version: int  # the version that knows it
    unchanged: int  # test images that are answered as before
    counted: int  # of so many; 0 where the model keeps none to count on


def teach(
    name: str, prepared: Prepared, key: str, category: str | None, reason: Reason | None = None
) -> Taught | None:
    """Let a model answer from now on what one picture is, and what looks like it; a new version knows that.

    Where it is none of the model's classes, there is no category but a reason why such pictures are to be refused. The
    key names the picture for ``forget``. Of a picture in which there is nothing to be remembered nothing comes.

    Raises:
        ModelNotFoundError: There is no such model.
        StorageError: The version could not be saved.
    """
    if prepared.blank:
        return None
    with locked(get_settings().artifacts_dir / f".{_LOCK}"):
        artifact = load_artifact(name)
        predictor, reference = Predictor(artifact), artifact.reference
        logits = predictor.logits(prepared.views).mean(axis=0, keepdims=True)
        seen = features(prepared.pixels[np.newaxis], logits)[0]
        place = -1 if category is None else artifact.card.class_names.index(category)
        memory = artifact.memory or Memory()
        memory = memory.with_example(key, seen, category, reason, reach_of(seen, place, reference))
        artifact = save_again(artifact, artifact.card, memory=memory)
    counted = 0 if reference is None else len(reference.counted)
    unchanged = 0 if reference is None else memory.unchanged(reference, artifact.card.class_names)
    return Taught(name, artifact.version, unchanged, counted)


def memory_of(
    reader: Reader, card: Card, reference: Reference | None, pictures: Iterable[tuple[bytes, str, str | None]]
) -> Memory:
    """Return the examples that other weights need in order to know pictures that they misread.

    Of each picture there is its PNG, the name under which it is forgotten, and what it is.
    """
    memory = Memory()
    for image, key, label in pictures:
        prepared = prepare(decode(image), card.normalizer)
        if prepared.blank:
            continue
        seen = features(prepared.pixels[np.newaxis], reader.logits(prepared.pixels[np.newaxis]))[0]
        category, reason = answer_of(label, card)
        place = -1 if category is None else card.class_names.index(category)
        memory = memory.with_example(key, seen, category, reason, reach_of(seen, place, reference))
    return memory


def answer_of(label: str | None, card: Card) -> tuple[str | None, Reason | None]:
    """Return the class that a model is to answer for what a reader says a picture is, or why it is to refuse."""
    if label in card.class_names:
        return label, None
    if image_kind(card.normalizer) == "colour":
        return None, "none-of-the-classes"
    return None, "not-a-character" if label is None else "another-character"


def forget(keys: Iterable[str], names: Iterable[str] | None = None) -> list[str]:
    """Let models, all that are there if not given, forget the pictures of these keys; return who knew one."""
    forgotten, changed = set(keys), []
    with locked(get_settings().artifacts_dir / f".{_LOCK}"):
        for name in list_names() if names is None else dict.fromkeys(names):
            try:
                artifact = load_artifact(name)
                memory = artifact.memory
            except RabiscoError:
                continue  # deleted or damaged: it answers nothing
            if memory and any(one.key in forgotten for one in memory.examples):
                save_again(artifact, artifact.card, memory=memory.without(forgotten))
                changed.append(name)
    return changed


def prepare_for(
    name: str, picture: NDArray[np.uint8], box: Box | None = None, sent_side: int | None = None
) -> Prepared:
    """Return a picture, RGB, uint8 ``(H, W, 3)``, as a model sees it, or one character of several in it.

    The box lies around the character, in pixels of the picture as it was sent, whose longer side was ``sent_side``.
    """
    predictor = get_predictor(name)
    if box is not None:
        read = read_many(predictor, picture, sent_side=sent_side)
        best = max(read.characters, key=lambda one: _overlap(one.box, box), default=None)
        if best is not None and _overlap(best.box, box) >= LEAST_OVERLAP:
            return best.prepared
    return prepare(picture, predictor.card.normalizer)


def _overlap(first: Box, second: Box) -> float:
    """Return the share of two boxes' joint area that both cover, in [0, 1]."""
    width = min(first.right, second.right) - max(first.left, second.left)
    height = min(first.bottom, second.bottom) - max(first.top, second.top)
    both = max(0, width) * max(0, height)
    return both / max(1, first.width * first.height + second.width * second.height - both)
