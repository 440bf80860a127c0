"""Looking on this server whether a criterion is met: at cards, at files of models, at the routes."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import current_app
from flask_babel import gettext

from rabisco import artifacts
from rabisco.artifacts import Card
from rabisco.artifacts.card import PRETRAINED
from rabisco.errors import RabiscoError
from rabisco.web.platform.formats import percent


@dataclass(frozen=True)
class Outcome:
    """Whether a criterion is met here and now, and the figure that says so, if there is one."""

    met: bool
    figure: str = ""


Check = Callable[[], Outcome]


def always() -> Outcome:
    """Say that it is met: what tests of the repository hold it to cannot be looked up on a server."""
    return Outcome(True)


def accuracy(name: str, least: float) -> Check:
    """Return a check that a model reads at least a fraction of its test images."""
    return lambda: _at_least(_card(name), least)


def best_accuracy(dataset: str, least: float) -> Check:
    """Return a check that the best model of a data set reads at least a fraction of its test images."""

    def check() -> Outcome:
        cards = [one.card for one in artifacts.list_artifacts() if one.card.dataset.name == dataset]
        return _at_least(max(cards, key=lambda card: card.metrics.get("test_accuracy", 0), default=None), least)

    return check


def weights(*names: str) -> Check:
    """Return a check that the weights of models lie on this server as ``pesos.h5``."""

    def check() -> Outcome:
        found = [artifacts.load_artifact(name).weights_path for name in names if _card(name)]
        return Outcome(len(found) == len(names) and all(path.is_file() for path in found))

    return check


def compared(*names: str) -> Check:
    """Return a check that models have a training time and an accuracy; times are measured by ``rabisco compare``."""

    def check() -> Outcome:
        cards = [card for name in names if (card := _card(name))]
        figures = [f"{card.name} {percent(card.metrics.get('test_accuracy', 0), 2)}" for card in cards]
        return Outcome(len(cards) == len(names) and all(card.training_seconds for card in cards), ", ".join(figures))

    return check


def logistic_regression(name: str, seed: int) -> Check:
    """Return a check that scikit-learn's logistic regression found a model's weights, with a seed."""

    def check() -> Outcome:
        card = _card(name)
        told = card.configuration if card else {}
        return Outcome((told.get("solver"), told.get("seed")) == ("logistic-regression", seed), f"random_state={seed}")

    return check


def trained(architecture: str, *, pretrained: bool = False) -> Check:
    """Return a check that a model of an architecture was trained, from published weights or any; with its accuracy."""

    def check() -> Outcome:
        cards = [
            card
            for card in (artifact.card for artifact in artifacts.list_artifacts())
            if card.architecture == architecture
            and (not pretrained or any(one.message == PRETRAINED for one in artifacts.said_of(card)))
        ]
        if not cards:
            return Outcome(False, gettext("There is no such model"))
        return Outcome(True, f"{cards[0].name} {percent(cards[0].metrics.get('test_accuracy', 0), 2)}")

    return check


def judged(name: str) -> Check:
    """Return a check that a model has a ROC AUC and a confusion matrix."""

    def check() -> Outcome:
        card = _card(name)
        area = card.metrics.get("test_roc_auc") if card else None
        return Outcome(bool(card and area and card.confusions), f"ROC AUC {area:.5f}" if area else "")

    return check


def routes(*rules: str) -> Check:
    """Return a check that the server has routes, written as ``POST /predict``."""

    def check() -> Outcome:
        known = {f"{method} {rule.rule}" for rule in current_app.url_map.iter_rules() for method in rule.methods or ()}
        return Outcome(set(rules) <= known)

    return check


def _card(name: str) -> Card | None:
    try:
        return artifacts.load_artifact(name).card
    except RabiscoError:
        return None


def _at_least(card: Card | None, least: float) -> Outcome:
    if card is None:
        return Outcome(False, gettext("There is no such model"))
    reached = card.metrics.get("test_accuracy", 0)
    return Outcome(reached >= least, percent(reached, 2))
