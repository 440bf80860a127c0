"""The CNN wrongly refuses under 1% of people's digits, and rightly over 90% of what is no single character.

Each bundled model's rule of refusal, fitted on validation characters and on other drawings, is measured on: test
digits drawn on canvases and papers; 31 kinds of drawn pictures that show no single character, from another seed;
photographs of CIFAR-10's test part, as they are and enlarged; and the real pictures of the development part
(``realworld`` in RABISCO_DATA_DIR): digits by kind, objects, several digits, and letters, which a model of digits
does not know. For kinds that nobody thought of, the rule is fitted anew without each kind in turn and measured on it.
"""

import csv
from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks import DIGIT_MODELS
from benchmarks.realworld import folder_of, read_manifest
from rabisco import data
from rabisco.evaluation.described import Described, describe_pictures, draw_characters, draw_photographs
from rabisco.evaluation.metrics import wilson_interval
from rabisco.evaluation.noncharacters import KINDS, draw_kind
from rabisco.evaluation.paper import Picture
from rabisco.evaluation.rejection import PHOTOGRAPHS as PHOTOGRAPHS_KIND
from rabisco.evaluation.rejection import (
    auroc,
    fit_pictures,
    further_pictures,
    held_out,
    refusal_rate,
)
from rabisco.evaluation.tables import markdown_table
from rabisco.images import decode
from rabisco.inference import Predictor, get_predictor
from rabisco.refusal import RefusalRule

SEED = 7
CHARACTERS, PER_KIND, PHOTOGRAPHS = 800, 25, 400
HELD_OUT = "mnist-cnn"
PHOTOGRAPHS_TITLE = "CIFAR-10 photographs"


def run() -> dict[str, Any]:
    """Measure every digit model's refusals."""
    predictors = {name: get_predictor(name) for name in DIGIT_MODELS}
    described: dict[str, dict[str, Described]] = {name: {} for name in DIGIT_MODELS}
    reasons = {}
    for title, reason, pictures in _pictures():
        reasons[title] = reason
        for name, predictor in predictors.items():
            described[name][title] = _describe(predictor, pictures)
    models = {name: _measure(_rule(predictors[name]), shown, reasons) for name, shown in described.items()}
    return {
        "n": sum(len(one.blank) for one in described[HELD_OUT].values()),
        "seed": SEED,
        "models": models,
        "held_out": _held_out(predictors[HELD_OUT], described[HELD_OUT]),
    }


def table(result: dict[str, Any]) -> str:
    """Return the share refused of each kind by each model as a Markdown table."""
    names = list(result["models"])
    first = result["models"][names[0]]["groups"]
    rows = []
    for title, group in first.items():
        cells = []
        for name in names:
            rate = result["models"][name]["groups"][title]
            cells.append(f"{rate['rate']:.1%} ({rate['interval'][0]:.1%} – {rate['interval'][1]:.1%})")
        left_out = result["held_out"].get(title)
        rows.append((title, f"{group['pictures']:,}", *cells, "" if left_out is None else f"{left_out:.1%}"))
    refused = [_of_all_that_is_none(result["models"][name]["groups"]) for name in names]
    cells = [f"{count / total:.1%} ({low:.1%} – {high:.1%})" for count, total, (low, high) in refused]
    rows.append(("**all of these that show no single character**", f"{refused[0][1]:,}", *cells, ""))
    areas = [f"{result['models'][name]['auroc']:.4f}" for name in names]
    rows.append(("AUROC, test digits against all that is none", "", *areas, ""))
    header = ("Refused", "Pictures", *(f"`{name}`" for name in names), "kind not fitted on")
    return markdown_table(header, rows)


def _of_all_that_is_none(groups: dict[str, Any]) -> tuple[int, int, tuple[float, float]]:
    """Return how many drawings and photographs were refused, of how many, and the interval of the share."""
    titles = [*(kind.name for kind in KINDS), PHOTOGRAPHS_TITLE]
    total = sum(groups[title]["pictures"] for title in titles)
    refused = sum(round(groups[title]["rate"] * groups[title]["pictures"]) for title in titles)
    return refused, total, wilson_interval(refused, total)


def _pictures() -> Iterator[tuple[str, str, list[Picture]]]:
    """Return what is measured: title, group and pictures."""
    test = data.load("mnist").test
    yield "test digits, drawn", "read", list(draw_characters(test.images, CHARACTERS, SEED))
    for kind in KINDS:
        yield kind.name, kind.reason, draw_kind(kind, PER_KIND, test.images, SEED)
    photographs = data.load("cifar-10").test.images
    yield PHOTOGRAPHS_TITLE, "not-a-character", list(draw_photographs(photographs, PHOTOGRAPHS, SEED))
    digits = read_manifest("digits")
    for way in sorted({row["kind"] for row in digits}):
        files = [row["file"] for row in digits if row["kind"] == way]
        yield f"real digits, {way}", "read", _real("digits", files)
    letters = [row["file"] for row in read_manifest("letters")][::4]
    yield "real letters", "", _real("letters", letters)
    for part, title in (("objects", "real objects"), ("multidigit", "real rows of digits")):
        with (folder_of(part) / "manifest.csv").open(encoding="utf-8", newline="") as file:
            files = [row["file"] for row in csv.DictReader(file)]
        yield title, "refused", _real(part, files)


def _real(part: str, files: list[str]) -> list[Picture]:
    return [decode((folder_of(part) / file).read_bytes()) for file in files]


def _describe(predictor: Predictor, pictures: list[Picture]) -> Described:
    return describe_pictures(predictor, predictor.card.normalizer, predictor.card.temperature, pictures)


def _rule(predictor: Predictor) -> RefusalRule:
    rule = predictor.card.refusal
    if rule is None:
        raise SystemExit(f"{predictor.card.name} has no rule of refusal; fit it: rabisco models refit")
    return rule


def _measure(rule: RefusalRule, described: dict[str, Described], groups: dict[str, str]) -> dict[str, Any]:
    by_reason = _joined(described, groups)
    titles = {reason: f"**{reason}**, all kinds drawn" for reason in by_reason}
    shown = {titles[reason]: one for reason, one in by_reason.items()} | described
    shown["real digits, all"] = _concatenate([one for title, one in described.items() if "real digits" in title])
    others = [described[title] for title, group in groups.items() if group in by_reason]
    return {
        "groups": {title: refusal_rate(rule, title, one).to_dict() for title, one in shown.items()},
        "auroc": auroc(rule, described["test digits, drawn"], _concatenate(others)),
    }


def _joined(described: dict[str, Described], groups: dict[str, str]) -> dict[str, Described]:
    reasons = dict.fromkeys(kind.reason for kind in KINDS)
    drawn = {kind.name for kind in KINDS}
    return {
        reason: _concatenate([described[title] for title in drawn if groups[title] == reason]) for reason in reasons
    }


def _concatenate(parts: list[Described]) -> Described:
    features, blank, restless = zip(*((part.features, part.blank, part.restless) for part in parts), strict=True)
    return Described(np.concatenate(features), np.concatenate(blank), np.concatenate(restless))


def _held_out(predictor: Predictor, described: dict[str, Described]) -> dict[str, float]:
    """Return how often each kind is refused by the rule that is fitted without it, on the same drawings otherwise."""
    card = predictor.card
    validation = data.load(card.dataset.name, seed=card.dataset.split_seed).validation.images
    further = further_pictures(len(validation), card.class_names)
    shown, others = fit_pictures(predictor, card.normalizer, card.temperature, validation, **further)
    rates = {}
    for kind, rule in held_out(shown, others).items():
        title = PHOTOGRAPHS_TITLE if kind == PHOTOGRAPHS_KIND else kind
        rates[title] = float(described[title].refused(rule).mean())
    return rates


if __name__ == "__main__":
    print(table(run()))
