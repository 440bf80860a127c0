"""Every bundled model refuses about 1% of people's characters, and at least 90% of what is no single character.

Each model's rule of refusal, fitted on validation characters and on other drawings, is measured on: characters of the
test images that it reads (MNIST's digits, or EMNIST's letters and digits) drawn on canvases and papers; 31 kinds of
drawn pictures that show no single character, from another seed; photographs of CIFAR-10's test part, as they are and
enlarged; and the real pictures of the development part (``realworld`` in RABISCO_DATA_DIR) by people on whom no model
was trained: digits, letters, objects, rows of digits. Letters count for the models that know them; digits for all.

What is no character to a model of digits may be one to a model of letters: a cross is a t, a ring an o, a bar an l. No
kind drawn here is of that sort (a heart, a face or a star is no letter, a wave has three turns at least, and two
characters stand apart), so the same kinds count for every model; pairs and rows are put together from what it reads.
For kinds that nobody thought of, rules are fitted anew without some of the kinds and measured on those.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import CHARACTER_MODELS, DIGIT_MODELS, TINY_MODEL
from benchmarks.realworld import read_manifest, read_pictures, unseen_characters
from rabisco import data
from rabisco.evaluation.statistics import wilson_interval
from rabisco.evaluation.tables import markdown_table
from rabisco.inference import Predictor, get_predictor
from rabisco.rejection import RejectionRule
from rabisco.rejection.fitting import fit_rule
from rabisco.rejection.negatives import KINDS, draw_kind
from rabisco.rejection.pictures import PHOTOGRAPHS as PHOTOGRAPHS_KIND
from rabisco.rejection.pictures import (
    Described,
    describe_pictures,
    draw_characters,
    draw_photographs,
    fit_pictures,
    further_pictures,
)
from rabisco.rejection.rendering import Picture

SEED = 7
PARTS = 4  # of the kinds, each left out once
CHARACTERS, PER_KIND, PHOTOGRAPHS = 800, 25, 400
HELD_OUT = "mnist-cnn"
READ_BY = {"mnist": (*DIGIT_MODELS, TINY_MODEL), "emnist-pages": CHARACTER_MODELS}
TEST, PHOTOGRAPHS_TITLE, OBJECTS = "test characters, drawn", "CIFAR-10 photographs", "real objects"
DIGITS, LETTERS = "real digits", "real letters"
NONE = "**all drawings and photographs that show no single character**"
REAL = "**real characters, wrongly**"


def run() -> dict[str, Any]:
    """Measure every bundled model's refusals."""
    real = dict(_real_pictures())
    models, held, count = {}, {}, 0
    for dataset, names in READ_BY.items():
        pictures = {**dict(_drawn_pictures(dataset)), **real}
        count += sum(map(len, pictures.values()))
        for name in names:
            predictor = get_predictor(name)
            described = {title: _describe(predictor, some) for title, some in pictures.items()}
            models[name] = _measure(predictor, described)
            if name == HELD_OUT:
                held = _held_out(predictor, described)
    return {"n": count - sum(map(len, real.values())), "seed": SEED, "models": models, "held_out": held}


def table(result: dict[str, Any]) -> str:
    """Return the shares refused as two Markdown tables: all that belongs together, and each kind by itself."""
    models = result["models"]
    groups = {name: one["groups"] for name, one in models.items()}
    titles = list(dict.fromkeys(title for one in groups.values() for title in one))
    kinds = [title for title in titles if title in result["held_out"]]
    together = [
        (title, _counts(groups, title), *(_share(one.get(title)) for one in groups.values()))
        for title in titles
        if title not in kinds or title == PHOTOGRAPHS_TITLE
    ]
    moved = ("the same, if the threshold refused 1% of the real characters", _counts(groups, NONE))
    moved = (*moved, *(_share(one["at_one_percent"]) for one in models.values()))
    areas = (
        "AUROC, real characters against all that is none",
        "",
        *(f"{one['auroc']:.4f}" for one in models.values()),
    )
    names = [f"`{name}`" for name in models]
    each = [
        (
            title,
            _counts(groups, title),
            *(f"{one[title]['rate']:.0%}" for one in groups.values()),
            f"{result['held_out'][title]:.0%}",
        )
        for title in kinds
    ]
    return "\n\n".join(
        [
            markdown_table(("Refused", "Pictures", *names), [*together[:2], moved, *together[2:], areas]),
            markdown_table(("Refused, by kind", "Pictures", *names, f"`{HELD_OUT}`, kind not fitted on"), each),
        ]
    )


def _counts(groups: dict[str, Any], title: str) -> str:
    counts = sorted({one[title]["pictures"] for one in groups.values() if title in one}, reverse=True)
    return " or ".join(f"{count:,}" for count in counts)


def _share(rate: dict[str, Any] | None) -> str:
    if rate is None:
        return ""
    low, high = rate["interval"]
    return f"{rate['rate']:.1%} ({100 * low:.1f} – {100 * high:.1f})"


def _drawn_pictures(dataset: str) -> Iterator[tuple[str, list[Picture]]]:
    """Return what is drawn of a data set's test images, and the photographs, by title."""
    test = data.load(dataset).test
    yield TEST, list(draw_characters(test.images, CHARACTERS, SEED))
    for kind in KINDS:
        yield kind.name, draw_kind(kind, PER_KIND, test.images, SEED)
    yield PHOTOGRAPHS_TITLE, list(draw_photographs(data.load("cifar-10").test.images, PHOTOGRAPHS, SEED))


def _real_pictures() -> Iterator[tuple[str, list[Picture]]]:
    for part, title in (("digits", DIGITS), ("letters", LETTERS)):
        yield title, read_pictures(part, unseen_characters(part))
    for part, title in (("objects", OBJECTS), ("multidigit", "real rows of digits")):
        yield title, read_pictures(part, read_manifest(part))


def _describe(predictor: Predictor, pictures: list[Picture]) -> Described:
    return describe_pictures(predictor, predictor.card.normalizer, predictor.card.temperature, pictures)


def _rule(predictor: Predictor) -> RejectionRule:
    rule = predictor.card.refusal
    if rule is None or not rule.fits:
        raise SystemExit(
            f"{predictor.card.name} has no rule of refusal for today's features; fit it: rabisco models refit"
        )
    return rule


def _measure(predictor: Predictor, described: dict[str, Described]) -> dict[str, Any]:
    """Return how often each group is refused, and how well real characters are told from all that is none."""
    rule, known = _rule(predictor), set(predictor.card.class_names)
    by_kind = dict(_by_kind(described, known))
    real = _joined(by_kind.values())
    none = _joined([described[title] for title in (*(kind.name for kind in KINDS), PHOTOGRAPHS_TITLE)])
    reasons = {
        f"**{reason}**, all kinds drawn": _joined([described[kind.name] for kind in KINDS if kind.reason == reason])
        for reason in dict.fromkeys(kind.reason for kind in KINDS)
    }
    others = {title: one for title, one in described.items() if title not in (DIGITS, LETTERS)}
    shown = {REAL: real, NONE: none, **reasons, **by_kind, **others}
    groups = {title: rejection_rate(rule, one) for title, one in shown.items()}
    return {
        "groups": groups,
        "auroc": _auroc(rule, real, none),
        "at_one_percent": _at_one_percent(rule, real, none),
        "test_characters_without_ink": float(described[TEST].blank.mean()),
    }


def rejection_rate(rule: RejectionRule, described: Described) -> dict[str, Any]:
    """Return how many of some pictures the rule refuses, with the 95% Wilson interval."""
    refused, total = int(described.refused(rule).sum()), len(described.blank)
    return {"pictures": total, "rate": refused / total, "interval": wilson_interval(refused, total)}


def _auroc(rule: RejectionRule, real: Described, none: Described) -> float:
    """Return the probability that the rule holds a picture of none for stranger than a real character."""
    from sklearn.metrics import roc_auc_score

    scores = np.concatenate([real.log_odds(rule), none.log_odds(rule)])
    truth = np.repeat([0, 1], [len(real.blank), len(none.blank)])
    return float(roc_auc_score(truth, np.minimum(scores, 1e9)))  # blank pictures are infinitely strange


def _at_one_percent(rule: RejectionRule, real: Described, none: Described) -> dict[str, Any]:
    """Return what would be refused if the threshold were where at most 1% of the real characters lie above."""
    threshold = float(np.quantile(real.log_odds(rule), 0.99, method="higher"))
    return rejection_rate(rule.model_copy(update={"threshold": threshold}), none)


def _by_kind(described: dict[str, Described], known: set[str]) -> Iterator[tuple[str, Described]]:
    """Return the real characters that a model knows, by what they are and how they were made."""
    for part, title in (("digits", DIGITS), ("letters", LETTERS)):
        rows = unseen_characters(part)
        for way in sorted({row["kind"] for row in rows}):
            chosen = np.array([row["kind"] == way and row["label"] in known for row in rows])
            if chosen.any():
                yield f"{title}, {way}", _only(described[title], chosen)


def _only(one: Described, rows: NDArray[np.bool_]) -> Described:
    return Described(one.features[rows], one.blank[rows])


def _joined(parts: Any) -> Described:
    features, blank = zip(*((part.features, part.blank) for part in parts), strict=True)
    return Described(np.concatenate(features), np.concatenate(blank))


def _held_out(predictor: Predictor, described: dict[str, Described]) -> dict[str, float]:
    """Return how often each kind is refused by a rule that is fitted without it, on the same drawings otherwise."""
    card = predictor.card
    validation = data.load(card.dataset.name, seed=card.dataset.split_seed).validation.images
    further = further_pictures(len(validation), card.class_names)
    shown, others = fit_pictures(predictor, card.normalizer, card.temperature, validation, **further)
    rates = {}
    for kind, rule in held_out(shown, others).items():
        title = PHOTOGRAPHS_TITLE if kind == PHOTOGRAPHS_KIND else kind
        rates[title] = float(described[title].refused(rule).mean())
    return rates


def held_out(characters: Mapping[str, Described], others: Mapping[str, Described]) -> dict[str, RejectionRule]:
    """Return for each kind a rule that is fitted without it, and without a quarter of the kinds in all.

    Arguments as for ``fit_rule``.
    """
    rules: dict[str, RejectionRule] = {}
    for first in range(min(PARTS, len(others))):
        left = list(others)[first::PARTS]
        rule = fit_rule(characters, {kind: one for kind, one in others.items() if kind not in left})
        rules |= dict.fromkeys(left, rule)
    return rules
