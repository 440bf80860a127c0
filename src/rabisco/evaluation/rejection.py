"""Does a model know when not to answer? The rule is fitted here, and its refusals are measured."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabisco import data
from rabisco.errors import InvalidDataError
from rabisco.evaluation.described import Described, Images, describe_pictures, draw_characters, draw_photographs
from rabisco.evaluation.metrics import wilson_interval
from rabisco.evaluation.noncharacters import KINDS, draw_kind
from rabisco.evaluation.paper import Picture, resized
from rabisco.evaluation.reader import Reader
from rabisco.evaluation.regression import Material, foresee, regress
from rabisco.images.normalize import CHARACTERS as CHARACTER_NORMALIZERS
from rabisco.refusal import FEATURES, REASONS, Reason, RefusalRule, expand, log_odds_of

WRONGLY_REFUSED = 0.01  # share that the threshold may refuse of characters that a rule was not fitted on
PARTS = 4  # of the kinds, each left out once
CHARACTERS = 4000  # drawn of many; the same character may be drawn several times
QUICKLY = 1000  # drawn where somebody waits for a training to end: a quarter of the time, a little less refused
MANY = 1000
FEWEST_DRAWN = 200
PER_KIND = 30  # one picture of each kind for so many characters
FEWEST_OF_KIND = 8
PHOTOS = 4  # as many photographs as four kinds' pictures for each of these
LEAST_CHARACTERS = 20
PICTURES = 0.6  # as many pictures of characters, for each that is drawn
PHOTOGRAPHS = "photographs"
EVERY_PHOTOGRAPH = 20  # of the training part; more are never drawn
NO_HANDWRITING = frozenset({"fashion-mnist"})


@dataclass(frozen=True)
class RefusalRate:
    """How many pictures of one kind were refused, with the 95% Wilson interval; ``reasons`` counts why."""

    kind: str
    pictures: int
    rate: float
    interval: tuple[float, float]
    reasons: dict[str, int]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values that JSON can hold."""
        return asdict(self)


def fit_rejection(
    reader: Reader,
    normalizer: str,
    temperature: float,
    characters: Images,
    *,
    photographs: Images | None = None,
    pictures_of_characters: Sequence[Picture] = (),
    most: int = CHARACTERS,
    seed: int = 0,
) -> RefusalRule:
    """Return the rule by which a model refuses what is no single character.

    The characters are drawn on canvases and papers and brought through the real preparation, and so are pictures of
    every kind of ``noncharacters``. The threshold lets rules that were not fitted on a character refuse 1%.

    Args:
        reader: The model.
        normalizer: The one that its card names.
        temperature: Fitted before, on validation.
        characters: Validation images, uint8 ``(N, H, W, 1)``, bright = ink; never the test split.
        photographs: Pictures of things, uint8 ``(M, h, w, 3)``, if there are any at hand.
        pictures_of_characters: Further pictures of single characters of the model's classes, RGB.
        most: How many characters are drawn of many, and in proportion how many pictures of everything else.
        seed: Of all drawings.

    Raises:
        InvalidDataError: There are fewer than 20 characters.
    """
    if len(characters) < LEAST_CHARACTERS:
        raise InvalidDataError(
            f"a rule of refusal needs at least {LEAST_CHARACTERS} validation images; received {len(characters)}"
        )

    shown, others = fit_pictures(
        reader,
        normalizer,
        temperature,
        characters,
        photographs=photographs,
        pictures_of_characters=pictures_of_characters,
        most=most,
        seed=seed,
    )
    return fit_rule(shown, others)


def fit_pictures(
    reader: Reader,
    normalizer: str,
    temperature: float,
    characters: Images,
    *,
    photographs: Images | None = None,
    pictures_of_characters: Sequence[Picture] = (),
    most: int = CHARACTERS,
    seed: int = 0,
    on_described: Callable[[int], None] = lambda _: None,
) -> tuple[dict[str, Described], dict[str, Described]]:
    """Return what a rule is fitted on, described, by kind: what is to be read, and what is to be refused.

    Arguments as for ``fit_rejection``, and ``on_described`` is told of each kind how many pictures it had.
    """

    def describe_all(pictures: Iterable[Picture]) -> Described:
        described = describe_pictures(reader, normalizer, temperature, pictures)
        on_described(len(described.blank))
        return described

    few, each = numbers_drawn(len(characters), most)
    shown = {"characters": describe_all(draw_characters(characters, few, seed))}
    if pictures_of_characters:
        shown["pictures of characters"] = describe_all(pictures_of_characters)
    others = {kind.name: describe_all(draw_kind(kind, each, characters, seed)) for kind in KINDS}
    if photographs is not None:
        others[PHOTOGRAPHS] = describe_all(draw_photographs(photographs, PHOTOS * each, seed))
    return shown, others


def numbers_drawn(available: int, most: int = CHARACTERS) -> tuple[int, int]:
    """Return how many characters ``fit_pictures`` draws of those available, and how many pictures of each kind."""
    few = most if available >= MANY else min(most, max(FEWEST_DRAWN, available))
    return few, max(FEWEST_OF_KIND, few // PER_KIND)


def fit_from_catalog(
    reader: Reader,
    normalizer: str,
    temperature: float,
    characters: Images,
    *,
    dataset: str,
    class_names: Sequence[str],
    most: int = CHARACTERS,
) -> RefusalRule | None:
    """Return the rule for a model of handwriting, fitted with what else the catalog has at hand; else ``None``.

    Args:
        reader: The model.
        normalizer: The one that its card names.
        temperature: Fitted before, on validation.
        characters: Validation images, uint8 ``(N, H, W, 1)``, bright = ink.
        dataset: What the model was trained on.
        class_names: Of its classes.
        most: As for ``fit_rejection``.
    """
    if not reads_handwriting(normalizer, dataset) or len(characters) < LEAST_CHARACTERS:
        return None
    further = further_pictures(len(characters), class_names, most)
    return fit_rejection(reader, normalizer, temperature, characters, **further, most=most)


def reads_handwriting(normalizer: str, dataset: str) -> bool:
    """Return whether a model with this normaliser, trained on this data set, reads characters."""
    return normalizer in CHARACTER_NORMALIZERS and dataset not in NO_HANDWRITING


def further_pictures(count: int, class_names: Sequence[str], most: int = CHARACTERS) -> dict[str, Any]:
    """Return what the training parts of other data sets add to ``count`` characters, if they are here.

    Returns:
        ``photographs`` of things, from ``cifar-10``, and ``pictures_of_characters``, from ``handwriting-extra``: as
        ``fit_rejection`` takes them.
    """
    found: dict[str, Any] = {}
    if data.is_local("cifar-10"):
        found["photographs"] = data.load("cifar-10").train.images[::EVERY_PHOTOGRAPH].copy()
    if data.is_local("handwriting-extra"):
        extra = data.load("handwriting-extra")
        known = np.array([name in class_names for name in extra.class_names])
        rows = np.flatnonzero(known[extra.train.labels])
        wanted = PICTURES * numbers_drawn(count, most)[0]
        rows = rows[:: max(1, round(len(rows) / wanted))]
        rows = np.tile(rows, max(1, round(wanted / max(1, len(rows)))))  # where there are few, each in several sizes
        random = np.random.default_rng(103)
        pictures = [np.repeat(255 - extra.train.images[row], 3, axis=-1) for row in rows]
        found["pictures_of_characters"] = [
            resized(picture, random) if random.random() < 0.5 else picture for picture in pictures
        ]
    return found


def fit_rule(characters: Mapping[str, Described], others: Mapping[str, Described]) -> RefusalRule:
    """Return the rule for pictures that are described already, by kind.

    Args:
        characters: What is to be read.
        others: What is to be refused, by the names of ``KINDS``, or ``PHOTOGRAPHS``; other kinds are no characters.
    """
    reasons: dict[str, Reason] = {kind.name: kind.reason for kind in KINDS}
    numbers = dict.fromkeys(characters, 0)
    numbers |= {kind: 1 + REASONS.index(reasons.get(kind, "not-a-character")) for kind in others}
    by_kind = {kind: one.features[~one.blank] for kind, one in {**characters, **others}.items()}
    sizes = [len(one) for one in by_kind.values()]
    features = np.concatenate(list(by_kind.values()))
    means, scales = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-3)
    material = Material(
        expand((features - means) / scales),
        np.repeat([numbers[kind] for kind in by_kind], sizes),
        np.ones(len(features)),
    )
    weights, biases = regress(material)
    return RefusalRule(
        features=FEATURES,
        means=_rounded(means),
        scales=_rounded(scales),
        weights=tuple(_rounded(row) for row in weights),
        biases=_rounded(biases),
        threshold=round(
            float(np.quantile(log_odds_of(foresee(material))[material.outcomes == 0], 1 - WRONGLY_REFUSED)), 4
        ),
        fitted_on={kind: len(one.blank) for kind, one in {**characters, **others}.items()},
    )


def refusal_rate(rule: RefusalRule, kind: str, described: Described) -> RefusalRate:
    """Return how many of some pictures the rule refuses, and why."""
    given = [reason for reason in described.reasons(rule) if reason is not None]
    total = len(described.blank)
    return RefusalRate(
        kind=kind,
        pictures=total,
        rate=len(given) / total,
        interval=wilson_interval(len(given), total),
        reasons={reason: given.count(reason) for reason in REASONS if reason in given},
    )


def auroc(rule: RefusalRule, characters: Described, others: Described) -> float:
    """Return the probability that the rule holds a picture of ``others`` for stranger than a character."""
    scores = np.concatenate([characters.log_odds(rule), others.log_odds(rule)])
    count = len(others.blank)
    from scipy.stats import rankdata

    rank_sum = float(rankdata(scores)[len(characters.blank) :].sum())
    return (rank_sum - count * (count + 1) / 2) / (count * len(characters.blank))


def held_out(characters: Mapping[str, Described], others: Mapping[str, Described]) -> dict[str, RefusalRule]:
    """Return for each kind a rule that is fitted without it, and without a quarter of the kinds in all.

    Arguments as for ``fit_rule``.
    """
    rules: dict[str, RefusalRule] = {}
    for first in range(min(PARTS, len(others))):
        left = list(others)[first::PARTS]
        rule = fit_rule(characters, {kind: one for kind, one in others.items() if kind not in left})
        rules |= dict.fromkeys(left, rule)
    return rules


def _rounded(values: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(round(float(value), 4) for value in values)
