"""What a reader wants to be read, digits, letters, both or photographs, and which models here read it."""

from collections.abc import Sequence
from typing import Literal, get_args

from rabisco.artifacts import Card, card_of, list_names
from rabisco.characters import Among, knows
from rabisco.errors import RabiscoError
from rabisco.images import image_kind
from rabisco.inference import named
from rabisco.web.models.aliases import default_model

Kind = Literal["digits", "letters", "both", "photographs"]
KINDS: tuple[Kind, ...] = get_args(Kind)


def kind_of(card: Card, among: Among = "any") -> Kind | None:
    """Return what a model reads; ``None`` where its classes are neither characters nor photographs."""
    if image_kind(card.normalizer) == "colour":
        return "photographs"
    if not knows(card.class_names, "letters"):
        return "digits" if knows(card.class_names, "digits") else None
    if among in ("letters", "capitals", "small-letters"):
        return "letters"
    return "both" if knows(card.class_names, "digits") else "letters"


def models_of(kind: Kind) -> list[str]:
    """Return the two models to read what is wanted: the best there is, and the best linear one; none if none can.

    The default model reads what it can read.
    """
    fitting = [card for card in all_cards() if _fits(card, kind)]
    ranked = sorted(fitting, key=lambda card: -card.metrics.get("validation_accuracy", 0.0))
    first = [default_model()] if any(card.name == default_model() for card in fitting) else []
    linear = [card.name for card in ranked if card.architecture == "linear"]
    usual = [named("linear")] if named("linear") in linear else []
    rest = [card.name for card in ranked if card.architecture != "linear"]
    return list(dict.fromkeys([*(first or rest[:1]), *usual, *linear, *rest]))[: 1 if kind == "photographs" else 2]


def offered() -> list[Kind]:
    """Return the kinds that some model here reads, in order."""
    cards = all_cards()
    return [kind for kind in KINDS if any(_fits(card, kind) for card in cards)]


def model_of_letters(cards: Sequence[Card]) -> str:
    """Return the model to ask whether a drawing is a letter, where none of those shown knows any; else empty."""
    if any(kind_of(card) != "digits" for card in cards):
        return ""
    return next(iter(models_of("both")), "")


def _fits(card: Card, kind: Kind) -> bool:
    found = kind_of(card)
    return found == kind or (found == "both" and kind == "letters")


def all_cards() -> list[Card]:
    """Return the cards of all models, but for damaged ones."""
    found = []
    for name in list_names():
        try:
            found.append(card_of(name))
        except RabiscoError:
            continue  # damaged, or deleted meanwhile
    return found
