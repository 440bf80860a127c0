"""Reading the same pictures with both versions: the card of the new one, and what became better and worse."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from rabisco import recipes
from rabisco.artifacts import Card, notes
from rabisco.data.dataset import Dataset, Split
from rabisco.errors import Sentence
from rabisco.evaluation.reader import Reader, read_logits
from rabisco.evaluation.readings import Readings
from rabisco.evaluation.robustness import CORRUPTIONS, corrupt
from rabisco.images import Prepared, decode, prepare
from rabisco.inference import Predictor, refuse
from rabisco.memory import Reference
from rabisco.retraining.correction_set import CorrectionSet
from rabisco.retraining.report import Difference, Reread, RetrainingReport, difference
from rabisco.store import Correction
from rabisco.training import TrainingResult

MOST_LISTED = 200  # corrections that a report names one by one
BATCH = 500


def build_card(
    corrections: CorrectionSet, reader: Reader, original: Dataset, result: TrainingResult, run: str
) -> tuple[Card, Reference, Readings]:
    """Return the card of the new version, the earlier one's with what was measured anew, and what it answers.

    Args:
        corrections: What was learned.
        reader: The new version.
        original: What the model was trained on.
        result: How it went.
        run: Id of the run that trained it.
    """
    before = corrections.artifact.card
    validation_logits = read_logits(reader, original.validation.images, BATCH)
    test_logits = read_logits(reader, original.test.images, BATCH)
    facts, reference, readings = recipes.judge(original, validation_logits, test_logits, result)
    changes = {
        **facts,
        "created": datetime.now(UTC),
        "run": run,
        "taught": 0,
        **notes.with_note(before, Sentence(notes.RETRAINED, {"count": len(corrections.learned)})),
    }
    return before.model_copy(update=changes), reference, readings


def build_report(  # noqa: PLR0917
    corrections: CorrectionSet, reader: Reader, card: Card, original: Dataset, robustness_examples: int, step: float
) -> RetrainingReport:
    """Return what became better and worse.

    Args:
        corrections: What was learned, and the earlier version.
        reader: The new version.
        card: Its card.
        original: What the model was trained on.
        robustness_examples: The first test images that are read under each corruption; 0 to leave that out.
        step: How far it went from the earlier weights.
    """
    before = Predictor(corrections.artifact)
    rereads = list(_reread(corrections.given, before, reader, card))
    none = [one for one in rereads if one.true_label is None]
    some = [one for one in rereads if one.true_label in card.class_names]
    return RetrainingReport(
        model=card.name,
        version_before=before.version,
        trained_on=len(corrections.learned),
        left_out=len(corrections.given) - len(corrections.learned) - len(none),
        step=step,
        corrected_before=int(_right(before, corrections.learned).sum()),
        corrected_after=int(_right(reader, corrections.learned).sum()),
        withheld_before=sum(one.before_refused not in (None, "blank") for one in some),
        withheld_after=sum(one.after_refused not in (None, "blank") for one in some),
        not_characters=len(none),
        refused_before=sum(one.right_before for one in none),
        refused_after=sum(one.right_after for one in none),
        test=difference("test", _right(before, original.test), _right(reader, original.test)),
        robustness=_robustness(before, reader, original.test, robustness_examples),
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


def _reread(given: Sequence[Correction], before: Predictor, reader: Reader, card: Card) -> Iterator[Reread]:
    """Yield each correction as both versions read it."""
    for one in given:
        prepared = prepare(decode(one.picture.image), card.normalizer)
        yield Reread(one.id, one.true_label, *_answer(before, before.card, prepared), *_answer(reader, card, prepared))


def _answer(reader: Reader, card: Card, prepared: Prepared) -> tuple[str, str | None]:
    logits = reader.logits(prepared.pixels[np.newaxis])
    ((refused, _),) = refuse(card, [prepared], logits)
    return card.class_names[int(logits[0].argmax())], refused
