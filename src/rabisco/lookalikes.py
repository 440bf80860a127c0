"""Characters whose shapes are the same in many hands: no reader can tell these apart without context."""

from collections.abc import Iterable

# Capital and small letters as EMNIST's "by merge" joins them, and the digits that look like letters.
# Source: Cohen et al., "EMNIST: an extension of MNIST to handwritten letters", 2017.
LOOKALIKES = ("0Oo", "1Il", "Cc", "Jj", "Kk", "Mm", "Pp", "Ss", "Uu", "Vv", "Ww", "Xx", "Yy", "Zz")


def alike(first: str, second: str) -> bool:
    """Return whether two classes are different and no reader could tell them apart."""
    return first != second and any(first in group and second in group for group in LOOKALIKES)


def alike_among(name: str, class_names: Iterable[str]) -> tuple[str, ...]:
    """Return the classes that look the same as ``name``, in their order; mostly none."""
    return tuple(other for other in class_names if alike(name, other))
