"""What a training notes on the card of its model: sentences, so that each reader gets them in their language."""

import re

from rabisco.artifacts.card import Card
from rabisco.errors import N_, Sentence

ENDED = {
    "completed": N_("Trained to the end; weights of epoch %(epoch)s."),
    "stopped": N_("Stopped by hand; weights of epoch %(epoch)s."),
    "patience": N_("Ended early, as it no longer got better; weights of epoch %(epoch)s."),
}
SUPPLEMENTS = N_("Trained on %(names)s as well.")
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
