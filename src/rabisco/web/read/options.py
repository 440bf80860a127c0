"""What a request asks for besides its pictures: in its address, its form or its JSON."""

from typing import TypeVar

from flask import Request

from rabisco.characters import AMONG, Among
from rabisco.errors import N_, InvalidRequestError

CHARACTERS, CHARACTERS_CHOICES = "characters", ("one", "many")
AMONG_FIELD, MODEL, STEPS, TOP_K = "among", "model", "steps", "top_k"
USUAL_TOP_K, MOST_TOP_K = 3, 1000
NO = ("", "0", "false", "no", "off")
_Choice = TypeVar("_Choice", bound=str)


def given(request: Request, field: str) -> str:
    """Return what a request gives for a field in its address, its form or its JSON; empty if it gives nothing."""
    body = request.get_json(silent=True) if request.is_json else None
    in_json = body.get(field) if isinstance(body, dict) else None
    return request.args.get(field) or request.form.get(field) or ("" if in_json is None else str(in_json))


def wants_steps(request: Request) -> bool:
    """Tell whether a request asks for how each picture was prepared (``steps=1``, ``steps=true``)."""
    return given(request, STEPS).lower() not in NO


def asks_for_many(request: Request) -> bool:
    """Tell whether a request asks for several characters in each picture (``characters=many``).

    Raises:
        InvalidRequestError: It asks for neither one nor many.
    """
    return _choice(request, CHARACTERS, CHARACTERS_CHOICES) == CHARACTERS_CHOICES[1]


def expected(request: Request) -> Among:
    """Return what a request says is written in its pictures (``among=letters``); ``any`` if it does not say.

    Raises:
        InvalidRequestError: It names no such kind.
    """
    return _choice(request, AMONG_FIELD, AMONG)


def top_k(request: Request) -> int:
    """Return how many classes a request asks for, best first (``top_k=10``); three if it does not say.

    Raises:
        InvalidRequestError: It is no whole number of at least 1.
    """
    text = given(request, TOP_K)
    if not text:
        return USUAL_TOP_K
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text[:9]) <= MOST_TOP_K or len(text) > 9:
        raise InvalidRequestError(
            N_("“top_k” must be a whole number from 1 to %(most)s. Received: %(asked)s"),
            most=MOST_TOP_K,
            asked=text[:40],
        )
    return int(text)


def _choice(request: Request, field: str, choices: tuple[_Choice, ...]) -> _Choice:
    asked = given(request, field) or choices[0]
    for choice in choices:
        if asked == choice:
            return choice
    raise InvalidRequestError(
        N_("expected “%(field)s” to be one of %(choices)s, received “%(asked)s”"),
        field=field,
        choices=", ".join(choices),
        asked=asked[:40],
    )
