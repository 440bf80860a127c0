"""What a reader says is written, so that an O need not be a zero: the classes that a model may answer."""

from collections.abc import Callable, Sequence
from typing import Literal, get_args

from rabisco.errors import InvalidRequestError

Among = Literal["any", "digits", "letters", "capitals", "small-letters"]
AMONG: tuple[Among, ...] = get_args(Among)
_KINDS: dict[Among, Callable[[str], bool]] = {
    "digits": str.isdigit,
    "letters": str.isalpha,
    "capitals": str.isupper,
    "small-letters": str.islower,
}


def classes_among(names: Sequence[str], among: Among) -> list[int]:
    """Return the places of the classes that are characters of a kind, in order; with ``any``, of all classes.

    Args:
        names: A model's classes.
        among: What is expected.

    Raises:
        InvalidRequestError: The model knows none.
    """
    if among == "any":
        return list(range(len(names)))
    places = [place for place, name in enumerate(names) if len(name) == 1 and _KINDS[among](name)]
    if not places:
        raise InvalidRequestError(
            "expected a model that knows such characters (%(among)s), received one that knows %(names)s; "
            "ask another model, or for “any”",
            among=among,
            names=", ".join(names[:10]) + (" …" if len(names) > 10 else ""),
        )
    return places
