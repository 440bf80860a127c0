"""Fitting the rule of refusal again, with what readers said are no characters and what are; kept only if no worse."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabisco.artifacts import Card
from rabisco.evaluation.reader import Reader
from rabisco.inference import Predictor
from rabisco.rejection import RejectionRule
from rabisco.rejection.fitting import learn
from rabisco.rejection.pictures import Described
from rabisco.retraining.correction_set import CorrectionSet, can_refuse
from rabisco.retraining.pictures import divide, of_readers
from rabisco.retraining.report import Difference, RuleChange, difference

COUNTS = (8.0, 4.0, 2.0, 1.0)  # as how many pictures each of a reader's counts: as many as the judging ones allow
MOST_SHARE = 0.15  # that readers' pictures have among those to be read, and among those to be refused, at most
CHARACTERS, OTHERS = "readers' characters", "readers' non-characters"
STEP = 0.05  # share of the work after which it is told how much is done
FITTING = 0.1  # share of the work that is left once everything is described
_ByKind = Mapping[str, Described]
_Answers = NDArray[np.float64]


def fit_again(
    corrections: CorrectionSet,
    reader: Reader,
    card: Card,
    images: NDArray[np.uint8],
    on_share: Callable[[float], None] = lambda _: None,
) -> tuple[Card, RuleChange | None]:
    """Return the card with a rule that is fitted anew, where that is no worse, and what that came to.

    Readers' pictures are fitted on as they are and drawn anew, with other pens on other papers: so the rule learns
    their shapes rather than the look of the page that they were drawn on. Each counts as several of the pictures drawn
    by code, as far as the judging pictures allow, and all of them together as a small share.

    Args:
        corrections: With the readers' corrections, and the earlier version.
        reader: The new version.
        card: Its card, with the earlier version's rule; without one of today's features nothing is fitted.
        images: Validation images, uint8 ``(N, H, W, 1)``; a quarter of them judges.
        on_share: Told how much of the work is done, in [0, 1].
    """
    if card.refusal is None or not can_refuse(card):
        return card, None
    started = time.perf_counter()
    fitting, judging = divide(images, (*card.class_names, *card.original_class_names))
    readers = {
        CHARACTERS: of_readers(
            (one for one in corrections.given if one.true_label in card.class_names), card.normalizer
        ),
        OTHERS: of_readers((one for one in corrections.given if one.true_label is None), card.normalizer),
    }
    looks = 1 + corrections.changes_weights
    told = _told(on_share, fitting.size + looks * judging.size + sum(one.size for one in readers.values()))
    read, refuse = fitting.describe(reader, card, told)
    for kind, one in readers.items():
        if one.size:
            (refuse if kind == OTHERS else read)[kind] = one.describe(reader, card, told)
    judges = before = _Judges(*judging.describe(reader, card, told))
    if corrections.changes_weights:
        before = _Judges(*judging.describe(Predictor(corrections.artifact), corrections.artifact.card, told))
    counts = {kind: len(one.files) for kind, one in readers.items() if one.size}
    found = _best(card.refusal, read, refuse, counts, judges)
    rule = found or card.refusal
    changes = _differences(before.right(card.refusal), judges.right(rule))
    report = RuleChange(found is not None, *changes, time.perf_counter() - started)
    return card.model_copy(update={"refusal": rule}), report


@dataclass(frozen=True)
class _Judges:
    """Pictures by which a rule is judged, by kind: what is to be read, and what is to be refused."""

    characters: _ByKind
    others: _ByKind

    def right(self, rule: RejectionRule) -> tuple[_Answers, _Answers]:
        """Return, 1 or 0, which characters are not refused, and which others are."""
        read = [~one.refused(rule) for one in self.characters.values()]
        caught = [one.refused(rule) for one in self.others.values()]
        return np.concatenate(read).astype(np.float64), np.concatenate(caught).astype(np.float64)


def _differences(before: tuple[_Answers, _Answers], after: tuple[_Answers, _Answers]) -> tuple[Difference, Difference]:
    return difference("characters", before[0], after[0]), difference("non-characters", before[1], after[1])


def _best(
    earlier: RejectionRule, read: _ByKind, refuse: _ByKind, readers: Mapping[str, int], judges: _Judges
) -> RejectionRule | None:
    """Return the rule that gives readers' pictures the most weight without being significantly worse, if any.

    Args:
        earlier: The rule that it begins with.
        read: What is to be read, by kind.
        refuse: What is to be refused.
        readers: How many corrections there are of each kind that is the readers'.
        judges: What the rule is judged by.
    """
    for count in COUNTS:
        counts = {kind: _counts(kind, count * readers[kind], read if kind in read else refuse) for kind in readers}
        rule = learn(earlier, read, refuse, counts)
        if not any(one.worse for one in _differences(judges.right(earlier), judges.right(rule))):
            return rule
    return None


def _counts(kind: str, together: float, side: _ByKind) -> float:
    """Return as how many pictures each of one kind counts, if they would count as so many together."""
    others = sum(int((~one.blank).sum()) for name, one in side.items() if name != kind)
    return min(together, MOST_SHARE / (1 - MOST_SHARE) * others) / len(side[kind].blank)


def _told(on_share: Callable[[float], None], total: int) -> Callable[[int], None]:
    """Return what is to be told of so many pictures more, and tells the share of the work from step to step."""
    done, said = 0, 0.0

    def told(count: int) -> None:
        nonlocal done, said
        done += count
        share = (1 - FITTING) * done / total
        if share - said >= STEP:
            said = share
            on_share(share)

    on_share(0.0)
    return told
