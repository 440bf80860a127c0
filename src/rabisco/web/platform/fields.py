"""The fields of a request: one that nobody knows is refused by name, for whoever wrote it expects it to count."""

from collections.abc import Collection, Iterable
from difflib import get_close_matches

from rabisco.errors import N_, Sentence, UnknownFieldError

MOST_NAMED = 5  # unknown fields
_UNKNOWN = N_(
    "expected no other fields than %(known)s. Received: %(unknown)s; leave it out, or write its name as it stands here"
)


def only_known(given: Iterable[str], known: Collection[str]) -> None:
    """Refuse fields other than those known, and name the known one that is spelled most alike.

    Raises:
        UnknownFieldError: It does.
    """
    unknown = [name[:40] for name in given if name not in known]
    if unknown:
        nearest = next((near for name in unknown for near in get_close_matches(name, known, 1)), None)
        values = {"known": ", ".join(known), "unknown": ", ".join(f"“{name}”" for name in unknown[:MOST_NAMED])}
        if nearest is None:
            raise UnknownFieldError(_UNKNOWN, **values)
        refusal = Sentence(_UNKNOWN, values)
        raise UnknownFieldError(N_("%(refusal)s Did you mean “%(name)s”?"), refusal=refusal, name=nearest)
