"""The card of a model: what it is, where it comes from, how good it is, and what its training noted."""

import json
import re
from collections.abc import Collection
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from rabisco.errors import N_, Sentence
from rabisco.rejection import RejectionRule

ENDED = {
    "completed": N_("Trained to the end; weights of epoch %(epoch)s."),
    "stopped": N_("Stopped by hand; weights of epoch %(epoch)s."),
    "patience": N_("Ended early, as it no longer got better; weights of epoch %(epoch)s."),
}
SUPPLEMENTS = N_("Trained on %(names)s as well.")
TEACHER = N_("Learned the answers of %(name)s beside the labels.")
TRAINED_ON = N_(
    "After the recipe's %(first)s epochs it was trained for %(more)s more, %(each)s at a time, with cutout of "
    "%(pixels)s pixels and a learning rate that fell from %(rate)s to 0."
)
AVERAGED = N_(
    "Its weights are the mean of those after epochs %(epochs)s, with the statistics of normalization measured again."
)
JPEG_COPY = N_(
    "%(train)s training and %(test)s test images, nearly all ships, came from a JPEG copy of the data set, all others "
    "exactly."
)
PRETRAINED = N_("Began with ImageNet's published weights.")
RETRAINED = N_("Retrained with %(count)s corrections.")
RULE_FITTED = N_("Its rule of refusal fitted with %(count)s corrections.")
RENAMED = N_("Its classes were given names: %(names)s.")
BY_HAND = N_("As it was written: %(text)s")

# How earlier releases wrote the same; they kept the English text alone.
_EARLIER = (
    *((rf"Ended: {ended}; weights of epoch (?P<epoch>\d+)\.", message) for ended, message in ENDED.items()),
    (r"Trained on (?P<names>[\w, -]+) as well\.", SUPPLEMENTS),
    (r"Began with ImageNet's published weights\.", PRETRAINED),
    (r"Retrained with (?P<count>\d+) corrections\.", RETRAINED),
    (r"Its rule of refusal fitted with (?P<count>\d+) corrections\.", RULE_FITTED),
    (
        r"(?P<train>\d+) training and (?P<test>\d+) test images, nearly all ships, came from a JPEG copy of the data "
        r"set, all others exactly\.",
        JPEG_COPY,
    ),
)
_FLAT = re.compile(r"[\[{]\n[^\[\]{}]*[\]}]")  # lists and objects that hold no other


class DatasetCard(BaseModel):
    """Which data a model has seen, and how they were split."""

    name: str
    fingerprint: str
    train_examples: int
    validation_examples: int
    test_examples: int
    split_seed: int


class Card(BaseModel):
    """What a model is, where it comes from and how good it is; stored as ``card.json``.

    Attributes:
        name: Name of the artifact, also the name in ``/predict/<name>``.
        architecture: Name in the registry of architectures.
        parameters: Number of weights.
        multiply_adds: Multiplications, each with its addition, for one image; none if they were not counted.
        class_names: Name of each class, in the order of the logits.
        original_class_names: Their names in the data it was trained on, if they were given others since; else none.
        image_shape: Shape of one input image, ``(H, W, C)``, uint8.
        normalizer: Name and version of the normalizer that makes such images from pictures, as ``mnist@1``.
        dataset: What it was trained on.
        configuration: The training configuration, whole.
        metrics: Figures by name, such as ``validation_accuracy``, ``test_accuracy``; fractions, not percentages.
        history: One row per epoch: loss, accuracy, validation loss and accuracy, learning rate, seconds.
        training_seconds: Wall time of the training.
        hardware: Processor and number of cores (or device) it was trained on.
        versions: Version of each library that made it.
        created: When, UTC.
        temperature: The logits are divided by it before the softmax; fitted on validation.
        confusions: Counts on the test split, ``[true class][answered class]``; none if it was not counted.
        reliability: Of the test split, for each interval of confidence: ``low``, ``high``, ``count``, mean
            ``confidence`` and ``accuracy``; none if it was not counted.
        refusal: By which rule it refuses what is no single character; none if it reads everything. It is stored in
            ``rejection.json`` beside the card; cards of earlier releases hold it themselves.
        refused_below: Of photographs: probability of the best class below which a picture shows none of the classes.
        taught: How many pictures it was taught since, one by one; they are in ``memory.json``.
        run: Id of the run that made it, if one did.
        notes: Anything a reader should know, in English.
        said: The same as sentences that each reader gets in their language; see ``said_of``.
        files: sha256 (hex) of each other file in the folder.
    """

    model_config = ConfigDict(extra="forbid")

    name: str
    architecture: str
    parameters: int
    multiply_adds: int | None = None
    class_names: tuple[str, ...]
    original_class_names: tuple[str, ...] = ()
    image_shape: tuple[int, int, int]
    normalizer: str
    dataset: DatasetCard
    configuration: dict[str, Any]
    metrics: dict[str, float]
    history: list[dict[str, float]]
    training_seconds: float
    hardware: str
    versions: dict[str, str]
    created: datetime
    temperature: float = 1.0
    confusions: list[list[int]] | None = None
    reliability: list[dict[str, float]] | None = None
    refusal: RejectionRule | None = None
    refused_below: float | None = None
    taught: int = 0
    run: str = ""
    notes: str = ""
    said: SkipJsonSchema[tuple[Sentence, ...]] = Field(default=(), exclude=True)
    files: dict[str, str] = {}

    def names_for(self, asked: Collection[str]) -> tuple[str, ...]:
        """Return the names of the classes, in the order of the logits, as data with the names ``asked`` call them."""
        return max(
            (self.class_names, self.original_class_names), key=lambda names: len(set(names).intersection(asked))
        )

    def name_now(self, label: str | None) -> str | None:
        """Return the present name of a class that may be called by its original one."""
        if label in self.class_names or label not in self.original_class_names:
            return label
        return self.class_names[self.original_class_names.index(label)]

    def to_text(self) -> str:
        """Return what is stored in ``card.json``: all but the rule, each row of a table on a line of its own."""
        values = self.model_dump(mode="json", exclude={"refusal"})
        if self.said:
            values["said"] = [one.to_dict() for one in self.said]
        if not self.original_class_names:
            del values["original_class_names"]
        text = json.dumps(values, indent=1, ensure_ascii=False)
        return _FLAT.sub(lambda found: " ".join(found[0].split()), text) + "\n"


def said_of(card: Card) -> tuple[Sentence, ...]:
    """Return a card's notes as sentences; what a person wrote into them is quoted."""
    return card.said or tuple(_read(card.notes.strip()))


def with_note(card: Card, note: Sentence) -> dict[str, object]:
    """Return a card's fields ``said`` and ``notes`` with one more sentence."""
    return {"said": (*said_of(card), note), "notes": f"{card.notes} {note}".strip()}


def _read(notes: str) -> list[Sentence]:
    found: list[Sentence] = []
    while notes:
        matches = ((re.match(pattern, notes), message) for pattern, message in _EARLIER)
        match, message = next(((one, message) for one, message in matches if one), (None, ""))
        if match is None:
            return [*found, Sentence(BY_HAND, {"text": notes})]
        values = {name: int(value) if value.isdecimal() else value for name, value in match.groupdict().items()}
        found.append(Sentence(message, values))
        notes = notes[match.end() :].lstrip()
    return found
