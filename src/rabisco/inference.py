"""From pictures to predictions, on ONNX Runtime: the one predictor that every door of Rabisco calls.

Softmax, temperature, refusal and top-k live here and nowhere else; the geometry lives in ``rabisco.images``, the
weights in the artifact. Keras is never imported.
"""

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import chain, islice, repeat
from queue import SimpleQueue
from threading import Thread
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from rabisco.artifacts import ALIASES, Artifact, Card, card_of, exists, load_artifact, stamp
from rabisco.characters import Among, alike_among, classes_among
from rabisco.errors import InvalidArtifactError
from rabisco.images import Ink, Prepared, is_mirrored, mean_over_mirrored, prepare
from rabisco.images.normalize import CHARACTERS
from rabisco.memory import Recall, features
from rabisco.rejection import MESSAGES, Reason, picture_features, reason_without_ink
from rabisco.rejection.features import describe

LIGHT = 1_000_000  # weights of a model that reads a picture in a millisecond or two
LOADED_LIGHT: set[str] = set()  # names of such models that are loaded
PART = 4  # pictures that the network reads at once while the next ones are prepared
Verdict = tuple[Reason | None, float | None]


@dataclass(frozen=True)
class ClassProbability:
    """One class and how probable the model holds it to be, in [0, 1]."""

    category: str
    category_index: int
    probability: float

    def to_dict(self) -> dict[str, Any]:
        """Return the class as plain values, its probability rounded to six decimals."""
        return {**vars(self), "probability": round(self.probability, 6)}


@dataclass(frozen=True)
class Prediction:
    """What a model reads in one picture.

    Attributes:
        model: Name of the artifact.
        version: Its version.
        among: What was expected; the probabilities are those among the classes of that kind.
        top_k: The most probable classes, best first.
        alike: The classes among them that have the same shape as the best one in many hands, as O and o have beside 0.
        refused: Why the picture should not be read, although ``top_k`` still holds the best guess; ``None`` if it may.
        doubt: Whether the picture shows one character, in [0, 1]; above 0.5 it is refused. ``None`` without a rule.
        latency_ms: Milliseconds from the decoded picture to this answer; its share where several were read together.
        prepared: The pixels that the model saw and the steps that led there.
        remembered: Whether an example that the model was taught answers, and not its weights.
    """

    model: str
    version: int
    among: Among
    top_k: tuple[ClassProbability, ...]
    alike: tuple[str, ...]
    refused: Reason | None
    doubt: float | None
    latency_ms: float
    prepared: Prepared
    remembered: bool = False

    @property
    def best(self) -> ClassProbability:
        """The most probable class."""
        return self.top_k[0]

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as the API and the command give it, as plain values."""
        classes = [{**vars(one), "probability": round(one.probability, 6)} for one in self.top_k]
        return {
            **classes[0],
            "top_k": classes,
            "alike": list(self.alike),
            "among": self.among,
            "model": self.model,
            "version": self.version,
            "latency_ms": round(self.latency_ms, 3),
            "blank": self.prepared.blank,
            "refused": self.refused and {"reason": self.refused, "message": MESSAGES[self.refused]},
            "doubt": None if self.doubt is None else round(self.doubt, 4),
            "remembered": self.remembered,
        }


class Predictor:
    """A loaded artifact, ready to read pictures; safe to share between threads.

    Args:
        artifact: The artifact; its ``model.onnx`` is loaded with one thread, so that requests do not fight.
    """

    def __init__(self, artifact: Artifact) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self.card = artifact.card
        self.version = artifact.version
        self._session = onnxruntime.InferenceSession(
            artifact.onnx_path.read_bytes(), options, providers=["CPUExecutionProvider"]
        )
        self._mirrored = is_mirrored(self.card.normalizer)
        self._alike = {name: alike_among(name, self.card.class_names) for name in self.card.class_names}
        self._input_name = self._session.get_inputs()[0].name
        self._memory = artifact.memory

    def logits(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the raw outputs, ``(N, classes)``, for normalized images, uint8 ``(N, H, W, C)``.

        Where the card's normalizer says so they are the means over each image and its mirror image.
        """
        return mean_over_mirrored(self._run, images) if self._mirrored else self._run(images)

    def _run(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        (logits,) = self._session.run(None, {self._input_name: images})
        return np.asarray(logits, dtype=np.float32)

    def probabilities(self, images: NDArray[np.uint8], among: Among = "any") -> NDArray[np.float32]:
        """Return calibrated class probabilities for normalized images; see ``logits`` and ``calibrated``."""
        return self.calibrated(self.logits(images), among)

    def calibrated(self, logits: NDArray[np.float32], among: Among = "any") -> NDArray[np.float32]:
        """Return class probabilities, ``(N, classes)``, rows summing to 1; 0 for what is not expected.

        Args:
            logits: ``(N, classes)``.
            among: What is expected to be written.

        Raises:
            InvalidRequestError: The model knows no character of the kind that is expected.
        """
        scaled = logits / np.float32(self.card.temperature)
        if among != "any":
            expected = np.full(logits.shape[-1], -np.inf, np.float32)
            expected[classes_among(self.card.class_names, among)] = 0
            scaled += expected
        return softmax(scaled)

    def predict(
        self, picture: NDArray[np.uint8], top_k: int = 3, among: Among = "any", ink: Ink | None = None
    ) -> Prediction:
        """Read one decoded picture.

        Args:
            picture: RGB, uint8, ``(H, W, 3)``, any size, as ``rabisco.images.decode`` returns it.
            top_k: How many classes to return, best first.
            among: What is expected to be written; other classes are not answered.
            ink: What another model's ``Prediction.prepared`` found in the picture; looked for if not given.

        Raises:
            InvalidRequestError: The model knows no character of the kind that is expected.
        """
        return next(self.predict_many([picture], top_k, among, [ink]))

    def predict_many(
        self,
        pictures: Iterable[NDArray[np.uint8]],
        top_k: int = 3,
        among: Among = "any",
        inks: Sequence[Ink | None] = (),
        *,
        beside: bool = False,
    ) -> Iterator[Prediction]:
        """Yield what is read in each of several decoded pictures, each step for all of them before the next one.

        This is faster than one by one, because each step's data stay in the processor's cache.

        Args:
            pictures: As ``predict`` reads one. All intermediate results are in memory at once, so pass only a few.
            top_k: How many classes to return of each, best first.
            among: What is expected to be written; other classes are not answered.
            inks: As for ``predict``, of each of the first pictures.
            beside: Whether a second thread counts the traits of characters and prepares the next pictures, while this
                one runs the network and takes those that follow, which may be decoded only then. Few are in memory at
                once. It takes less time where a core is idle, and a little more where none is.

        Raises:
            InvalidRequestError: The model knows no character of the kind that is expected.
        """
        started, following, done = time.perf_counter(), iter(pictures), SimpleQueue[Any]()
        beside = beside and self.card.normalizer in CHARACTERS  # of photographs there are several views
        first = zip(islice(following, PART) if beside else following, chain(inks, repeat(None)), strict=False)
        prepared = [prepare(one, self.card.normalizer, ink) for one, ink in first]
        if beside:
            _second_thread().put((self.card, prepared, list(islice(following, PART)), done))
        while prepared:
            if any(one.others is not None for one in prepared):
                logits = np.stack([self.logits(one.views).mean(axis=0) for one in prepared])
            else:
                logits = self.logits(np.stack([one.pixels for one in prepared]))
            ready = list[Prepared]()
            if beside:
                further = list(islice(following, PART))
                ready = done.get()
                if isinstance(ready, Exception):
                    raise ready
                if ready:
                    _second_thread().put((self.card, ready, further, done))
            probabilities = self.calibrated(logits, among)
            verdicts = refuse(self.card, prepared, logits)
            shared = (time.perf_counter() - started) / len(prepared)
            for place, one in enumerate(prepared):
                started = time.perf_counter()
                said, (refused, doubt) = probabilities[place], verdicts[place]
                recalled = None if self._memory is None else self.recall(one, logits[place : place + 1], among)
                if recalled:
                    said, refused = self.as_taught(said, recalled)
                    doubt = float(refused is not None)
                best = self.best_classes(said, top_k)
                alike = self._alike[best[0].category]
                if among != "any":
                    expected = {self.card.class_names[index] for index in classes_among(self.card.class_names, among)}
                    alike = tuple(name for name in alike if name in expected)
                yield Prediction(
                    model=self.card.name,
                    version=self.version,
                    among=among,
                    top_k=best,
                    alike=alike,
                    refused=refused,
                    doubt=doubt,
                    latency_ms=(shared + time.perf_counter() - started) * 1000,
                    prepared=one,
                    remembered=recalled is not None,
                )
            prepared, started = ready, time.perf_counter()

    def recall(self, prepared: Prepared, logits: NDArray[np.float32], among: Among = "any") -> Recall | None:
        """Return the example that answers for a picture in the model's place; ``None`` if none does.

        Args:
            prepared: The picture as the model saw it.
            logits: What the model made of it, ``(1, classes)``.
            among: What is expected to be written; an example of another kind does not answer.
        """
        if self._memory is None or prepared.blank:
            return None
        recalled = self._memory.recall(features(prepared.pixels[np.newaxis], logits)[0])
        if recalled is None or recalled.example.category is None or among == "any":
            return recalled
        place = self.card.class_names.index(recalled.example.category)
        return recalled if place in classes_among(self.card.class_names, among) else None

    def as_taught(
        self, probabilities: NDArray[np.float32], recalled: Recall
    ) -> tuple[NDArray[np.float32], Reason | None]:
        """Return probabilities, ``(classes,)``, in which the taught class leads, or why the picture is refused."""
        category = recalled.example.category
        if category is None:
            return probabilities, recalled.example.reason
        mixed = (1 - recalled.strength) * probabilities
        mixed[self.card.class_names.index(category)] += recalled.strength
        return mixed, None

    def best_classes(self, probabilities: NDArray[np.float32], top_k: int) -> tuple[ClassProbability, ...]:
        """Return the most probable classes of one image, ``(classes,)``, best first: at most ``top_k``."""
        order = np.argsort(-probabilities, kind="stable")[:top_k].tolist()
        names = self.card.class_names
        return tuple(
            ClassProbability(names[index], index, probability)
            for index, probability in zip(order, probabilities[order].tolist(), strict=True)
            if probability > 0 or index == order[0]
        )


@cache
def _second_thread() -> "SimpleQueue[tuple[Card, list[Prepared], Sequence[NDArray[np.uint8]], SimpleQueue[Any]]]":
    """Return the queue of a thread that does what a network needs not wait for, while another one runs the network.

    It is given a card, pictures whose traits it counts, pictures that it prepares, and the queue that gets these. The
    network does not run in it: that needs the interpreter only to begin and to end, and would wait for it then.
    """
    jobs: SimpleQueue[Any] = SimpleQueue()

    def work() -> None:
        while True:
            card, read, further, done = jobs.get()
            try:
                for one in read if card.refusal and card.refusal.fits else ():
                    if one.ink:
                        describe(one.ink)  # which keeps what it counted
                done.put([prepare(one, card.normalizer) for one in further])
            except Exception as error:
                done.put(error)

    Thread(target=work, name="beside", daemon=True).start()
    return jobs


os.register_at_fork(after_in_child=_second_thread.cache_clear)  # a thread is not forked with its process


def refuse(card: Card, prepared: Sequence[Prepared], logits: NDArray[np.float32]) -> list[Verdict]:
    """Return for each picture why it should not be read, and the doubt that it shows one character.

    Args:
        card: Of the model; its rule decides.
        prepared: The pictures as the model saw them.
        logits: What the model made of them, ``(N, classes)``.
    """
    inks = [one.ink for one in prepared if one.ink is not None]
    if len(inks) < len(prepared):
        return [_refuse_photograph(card, *one) for one in zip(prepared, logits, strict=True)]
    verdicts: Sequence[Verdict] = [(None, None)] * len(inks)
    if card.refusal is not None and card.refusal.fits:
        traits = [describe(ink) for ink in inks]
        verdicts = card.refusal.judge(picture_features(traits, logits, card.temperature))
    return [
        (reason_without_ink(ink), 1.0) if ink.box is None else verdict
        for ink, verdict in zip(inks, verdicts, strict=True)
    ]


def _refuse_photograph(card: Card, prepared: Prepared, logits: NDArray[np.float32]) -> Verdict:
    """Return whether a photograph shows none of the classes, for the best of them is hardly probable."""
    if card.refused_below is None:
        return None, None
    if prepared.blank:
        return "none-of-the-classes", 1.0
    best = np.clip(float(softmax(logits / np.float32(card.temperature)).max()), 1e-6, 1 - 1e-6)
    doubt = float(1 / (1 + best / (1 - best) * (1 - card.refused_below) / card.refused_below))
    return ("none-of-the-classes" if doubt > 0.5 else None), doubt


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return ``exp(logits)`` scaled so that each row sums to 1, without overflow."""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True), dtype=np.float32)


def named(name: str) -> str:
    """Return the artifact's name for an alias or a name, either with a version, such as ``cnn@2``.

    If an alias stands for several models, return the installed one with the best validation accuracy, or the usual one
    if none is installed.
    """
    base, at, version = name.partition("@")
    if at and base in ALIASES:
        return f"{named(base)}@{version}"
    if name not in ALIASES:
        return name
    known = ALIASES[name]
    here = [one for one in known if exists(one)] if len(known) > 1 else []
    if len(here) < 2:
        return here[0] if here else known[0]
    return max(here, key=lambda one: card_of(one).metrics.get("validation_accuracy", 0.0))


def get_predictor(name: str) -> Predictor:
    """Return the predictor of the artifact called ``name``: loaded once, and anew once another version is current.

    Args:
        name: Of the artifact, or an alias, such as ``cnn``.

    Raises:
        NoModelError: No artifact is there at all.
        ModelNotFoundError: None has that name.
        InvalidArtifactError: Its files are missing or differ from its card.
    """
    name = named(name)
    while True:
        stamped = stamp(name)
        try:
            return _load_predictor(name, stamped)
        except (InvalidArtifactError, FileNotFoundError):
            if stamp(name) == stamped:
                raise
            # another version became current, and this one was deleted, between finding and reading it: read that one


@lru_cache(maxsize=16)
def _load_predictor(name: str, stamped: str) -> Predictor:  # noqa: ARG001 - part of the cache's key
    predictor = Predictor(load_artifact(name))
    if predictor.card.parameters <= LIGHT:
        LOADED_LIGHT.add(name)
    else:
        LOADED_LIGHT.discard(name)
    return predictor
