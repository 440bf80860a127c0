"""Fine-tune a version of a model on corrections, with original images replayed, and go no further than that takes.

Where no correction names a class the weights stay as they are, and only what the model refuses is fitted again.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabisco import corrections
from rabisco.artifacts import Artifact, Card, load_artifact, save_again, save_artifact
from rabisco.artifacts.card import RETRAINED, RULE_FITTED, with_note
from rabisco.data.dataset import Dataset, Split
from rabisco.errors import N_, InvalidConfigurationError, Sentence
from rabisco.evaluation.reader import Reader, read_logits
from rabisco.evaluation.readings import Readings
from rabisco.evaluation.robustness import CORRUPTIONS, corrupt
from rabisco.images import Prepared, decode, prepare
from rabisco.inference import Predictor, refuse
from rabisco.memory import Reference
from rabisco.models.backend import start_keras
from rabisco.recipes import KerasReader, Watcher, judge, kept_images
from rabisco.retraining.correction_set import CorrectionSet, gather
from rabisco.retraining.rejection_rule import fit_again
from rabisco.retraining.report import Difference, Reread, RetrainingReport, difference
from rabisco.teaching import memory_of
from rabisco.training import TrainingConfiguration, TrainingResult
from rabisco.training.augment import augmentation_of

if TYPE_CHECKING:
    import keras

REPLAY = 8000  # original images of an epoch
ROBUSTNESS_EXAMPLES = 1000
MOST_LISTED = 200  # corrections that a report names one by one
BATCH = 500
STEPS = tuple(round(0.05 * number, 2) for number in range(1, 21))
FINE_TUNING = TrainingConfiguration(epochs=3, learning_rate=1e-4, weight_decay=0.0, warmup_epochs=0.2)


def fine_tuning(card: Card) -> TrainingConfiguration:
    """Return how a model is fine-tuned: gently, with the augmentation that it was trained with.

    A stronger one would cost accuracy on the images that it reads now.
    """
    given = card.configuration.get("augmentation")
    if not isinstance(given, dict):
        return FINE_TUNING
    return replace(FINE_TUNING, augmentation=augmentation_of(given))


@dataclass
class RetrainingTask:
    """Fine-tunes a version of a model on the corrections of its readings; see ``rabisco.recipes.run``.

    Each epoch sees ``replay`` original training images and the corrections, repeated until they are about an eighth of
    it; see ``CorrectionSet.mixed``. Then the rule of refusal is fitted again. The new version waits to be chosen.
    """

    name: str
    load: Callable[[], Dataset]  # returns what the model was trained on
    version: int | None = None  # the version to begin with; the current one if not given
    until: datetime | None = None  # only corrections given by then
    fine_tuning: TrainingConfiguration | None = None  # how to fine-tune; see ``fine_tuning`` if not given
    replay: int = REPLAY  # original training images of an epoch, drawn by the configuration's seed
    robustness_examples: int = ROBUSTNESS_EXAMPLES  # the first test images that are read under each corruption
    run: str = ""  # id of the run that does so; corrections are noted to be used in it
    report: RetrainingReport = field(init=False, repr=False)  # what improved and what got worse, once it is finished
    _corrections: CorrectionSet = field(init=False, repr=False)
    _original: Dataset = field(init=False, repr=False)
    _model: "keras.Model | None" = field(init=False, repr=False, default=None)
    _before: list[NDArray[Any]] = field(init=False, repr=False)
    _reference: Reference = field(init=False, repr=False)
    _readings: Readings = field(init=False, repr=False)

    @property
    def configuration(self) -> TrainingConfiguration:
        """How to train."""
        return self.fine_tuning or fine_tuning(load_artifact(self.name, self.version).card)

    def prepare(self, watcher: Watcher) -> "tuple[keras.Model | None, Dataset]":  # noqa: ARG002
        """Return the version's model and the mixed images; no model where no correction names a class.

        Raises:
            InvalidConfigurationError: There is no correction to learn from, or the data set has other classes.
        """
        self._corrections, self._original = gather(self.name, self.version, self.until), self.load()
        artifact, seed = self._corrections.artifact, self.configuration.seed
        if self._original.class_names == artifact.card.original_class_names:
            self._original = replace(self._original, class_names=artifact.card.class_names)
        if self._original.class_names != artifact.card.class_names:
            raise InvalidConfigurationError(
                N_(
                    "the data set must have the classes that %(name)s reads. Received: others; train the model "
                    "again instead"
                ),
                name=artifact.name,
            )
        if not self._corrections.changes_weights:
            return None, self._original
        mixed = self._corrections.mixed(self._original, self.replay, seed)
        start_keras()
        import keras

        keras.utils.set_random_seed(seed)
        self._model = keras.models.load_model(artifact.weights_path, compile=False)
        self._before = self._model.get_weights()
        return self._model, mixed

    def finish(self, result: TrainingResult, watcher: Watcher) -> Card:
        """Go back as far as the corrections allow, fit the rule of refusal, and report what changed."""
        given, original = self._corrections, self._original
        reader: Reader = Predictor(given.artifact)
        step, examples, card = 0.0, 0, given.artifact.card
        if self._model is not None:
            step, examples = self._go_back(self._model), self.robustness_examples
            reader = KerasReader(self._model)
            card = self._judge(reader, result)
        card, rule = fit_again(
            given,
            reader,
            card,
            original.validation.images,
            lambda share: watcher.phase("refusing", share=round(share, 2)),
        )
        watcher.phase("judging")
        report = self._compare(reader, card, examples, step)
        if self._model is not None:
            misread = {one.correction for one in report.rereads if not one.right_after}
            pictures = [one.picture for one in given.given if one.id in misread]
            known = [(one.image, corrections.key_of(one.image), one.true_label) for one in pictures]
            self._memory = memory_of(reader, card, self._reference, known)
        if self._model is None:
            noted = with_note(card, Sentence(RULE_FITTED, {"count": report.not_characters}))
            card = card.model_copy(update={"created": datetime.now(UTC), "run": self.run, **noted})
        self.report = replace(report, rule=rule, seconds=result.seconds)
        watcher.report(self.report.to_dict())
        if self.run:
            fitted = rule is not None and rule.kept
            corrections.mark_used((one for one in given.given if fitted or one.true_label is not None), self.run)
        return card

    def save(self, card: Card) -> Artifact:
        """Save a new version that waits to be chosen: the trained weights, or the earlier ones with another card."""
        if self._model is None:
            artifact = save_again(self._corrections.artifact, card, use=False)
        else:
            artifact = save_artifact(
                self._model,
                card,
                use=False,
                reference=self._reference,
                readings=self._readings,
                memory=self._memory,
                training_images=kept_images(self._model, self._original.train),
            )
        self.report = replace(self.report, version=artifact.version)
        return artifact

    def _go_back(self, model: "keras.Model") -> float:
        """Leave the weights at the shortest step from the earlier ones that reads as many corrections as the whole.

        What lies beyond costs accuracy on the original images and gains none on the corrections.

        Source: Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR 2022.
        """
        found, reader, learned = model.get_weights(), KerasReader(model), self._corrections.learned
        most = _right(reader, learned).sum()
        for step in STEPS:
            model.set_weights([old + step * (new - old) for old, new in zip(self._before, found, strict=True)])
            if _right(reader, learned).sum() >= most:
                break
        return step

    def _judge(self, reader: Reader, result: TrainingResult) -> Card:
        """Return the card of the new version: the earlier one's with what was measured anew."""
        before = self._corrections.artifact.card
        validation_logits = read_logits(reader, self._original.validation.images, BATCH)
        test_logits = read_logits(reader, self._original.test.images, BATCH)
        facts, self._reference, self._readings = judge(self._original, validation_logits, test_logits, result)
        changes = {
            **facts,
            "created": datetime.now(UTC),
            "run": self.run,
            "taught": 0,
            **with_note(before, Sentence(RETRAINED, {"count": len(self._corrections.learned)})),
        }
        return before.model_copy(update=changes)

    def _compare(self, reader: Reader, card: Card, examples: int, step: float) -> RetrainingReport:
        """Return what became better and worse; so many test images are read under each corruption."""
        given = self._corrections
        before = Predictor(given.artifact)
        rereads = []
        for one in given.given:
            prepared = prepare(decode(one.picture.image), card.normalizer)
            answers = *_answer(before, before.card, prepared), *_answer(reader, card, prepared)
            rereads.append(Reread(one.id, one.true_label, *answers))
        none = [one for one in rereads if one.true_label is None]
        some = [one for one in rereads if one.true_label in card.class_names]
        return RetrainingReport(
            model=card.name,
            version_before=before.version,
            trained_on=len(given.learned),
            left_out=len(given.given) - len(given.learned) - len(none),
            step=step,
            corrected_before=int(_right(before, given.learned).sum()),
            corrected_after=int(_right(reader, given.learned).sum()),
            withheld_before=sum(one.before_refused not in (None, "blank") for one in some),
            withheld_after=sum(one.after_refused not in (None, "blank") for one in some),
            not_characters=len(none),
            refused_before=sum(one.right_before for one in none),
            refused_after=sum(one.right_after for one in none),
            test=difference("test", _right(before, self._original.test), _right(reader, self._original.test)),
            robustness=_robustness(before, reader, self._original.test, examples),
            seconds=card.training_seconds,
            rereads=tuple(rereads[-MOST_LISTED:]),
        )


def _robustness(before: Reader, after: Reader, test: Split, count: int) -> tuple[Difference, ...]:
    """Return the differences under each corruption, their mean first; corruptions are made for gray images."""
    if test.images.shape[-1] != 1 or not count:
        return ()
    few = test[:count]
    stacks = {name: Split(corrupt(few.images, name), few.labels) for name in CORRUPTIONS}
    right = {name: (_right(before, stack), _right(after, stack)) for name, stack in stacks.items()}
    means = [np.mean([pair[side] for pair in right.values()], axis=0) for side in (0, 1)]
    return difference("mean", *means), *(difference(name, *pair) for name, pair in right.items())


def _right(reader: Reader, split: Split) -> NDArray[np.float64]:
    if not len(split):
        return np.zeros(0)
    right: NDArray[np.bool_] = read_logits(reader, split.images).argmax(axis=1) == split.labels
    return right.astype(np.float64)


def _answer(reader: Reader, card: Card, prepared: Prepared) -> tuple[str, str | None]:
    logits = reader.logits(prepared.pixels[np.newaxis])
    ((refused, _),) = refuse(card, [prepared], logits)
    return card.class_names[int(logits[0].argmax())], refused
