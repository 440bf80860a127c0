"""Kinds of characters that a reader may expect, and characters of one shape, which no reader can tell apart alone."""

from collections.abc import Callable, Iterable, Sequence
from typing import Literal, get_args

from rabisco.errors import N_, InvalidRequestError

Among = Literal["any", "digits", "letters", "capitals", "small-letters"]
AMONG: tuple[Among, ...] = get_args(Among)
_KINDS: dict[Among, Callable[[str], bool]] = {
    "digits": str.isdigit,
    "letters": str.isalpha,
    "capitals": str.isupper,
    "small-letters": str.islower,
}

# Capital and small letters as EMNIST's "by merge" joins them, and the digits that look like letters.
# Source: Cohen et al., "EMNIST: an extension of MNIST to handwritten letters", 2017.
LOOKALIKES = ("0Oo", "1Il", "Cc", "Jj", "Kk", "Mm", "Pp", "Ss", "Uu", "Vv", "Ww", "Xx", "Yy", "Zz")


def classes_among(names: Sequence[str], among: Among) -> list[int]:
    """Return the indices of the classes of the given kind, in order; all of them for ``any``.

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
            N_(
                "expected a model that knows such characters (%(among)s), received one that knows %(names)s; "
                "ask another model, or for “any”"
            ),
            among=among,
            names=", ".join(names[:10]) + (" …" if len(names) > 10 else ""),
        )
    return places


def knows(names: Sequence[str], among: Among) -> bool:
    """Return whether some of the classes are characters of a kind; of any kind, always."""
    return among == "any" or any(len(name) == 1 and _KINDS[among](name) for name in names)


def alike(first: str, second: str) -> bool:
    """Return whether two classes are different and no reader could tell them apart."""
    return first != second and any(first in group and second in group for group in LOOKALIKES)


def alike_among(name: str, class_names: Iterable[str]) -> tuple[str, ...]:
    """Return the classes that look the same as ``name``, in their order; mostly none."""
    return tuple(other for other in class_names if alike(name, other))
