"""The fields of a JSON body: one that nobody knows is refused by name, for whoever wrote it expects it to count."""

from collections.abc import Collection, Mapping
from typing import Any

from flask_babel import gettext

from rabisco.errors import UnknownFieldError

MOST_NAMED = 5  # unknown fields


def only_known(given: Mapping[str, Any], known: Collection[str]) -> None:
    """Refuse a JSON object that holds other fields than those known.

    Raises:
        UnknownFieldError: It does.
    """
    unknown = [f"“{name[:40]}”" for name in given if name not in known]
    if unknown:
        raise UnknownFieldError(
            gettext(
                "expected no other fields than %(known)s. Received: %(unknown)s; leave it out, or write its name as "
                "it stands here",
                known=", ".join(known),
                unknown=", ".join(unknown[:MOST_NAMED]),
            )
        )
