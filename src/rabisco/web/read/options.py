"""What a request asks for besides its pictures: in its address, its form or its JSON."""

from typing import TypeVar

from flask import Request
from flask_babel import gettext

from rabisco.characters import AMONG, Among
from rabisco.errors import InvalidRequestError

CHARACTERS, CHARACTERS_CHOICES = "characters", ("one", "many")
AMONG_FIELD = "among"
_Choice = TypeVar("_Choice", bound=str)


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


def _choice(request: Request, field: str, choices: tuple[_Choice, ...]) -> _Choice:
    body = request.get_json(silent=True) if request.is_json else None
    given = body.get(field) if isinstance(body, dict) else None
    asked = request.args.get(field) or request.form.get(field) or given or choices[0]
    for choice in choices:
        if asked == choice:
            return choice
    raise InvalidRequestError(
        gettext(
            "expected “%(field)s” to be one of %(choices)s, received “%(asked)s”",
            field=field,
            choices=", ".join(choices),
            asked=str(asked)[:40],
        )
    )
