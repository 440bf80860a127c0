"""Normalizes text from outside: names of classes, files and columns."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

# What Windows, DOS and old Unix tools write in the languages that people here use, the likelier first.
_ENCODINGS = ("cp1252", "cp850", "cp1251", "cp866", "mac-roman")
_LETTERS = frozenset("áàâãäåæçéèêëíìîïñóòôõöøœßúùûüýÿÁÀÂÃÄÅÆÇÉÈÊËÍÌÎÏÑÓÒÔÕÖØŒÚÙÛÜÝŸ¿¡ªº°«»–—’“”…€§")
_LOWER = frozenset("áàâãäåæçéèêëíìîïñóòôõöøœßúùûüýÿабвгдеёжзийклмнопрстуфхцчшщъыьэюя")
_CYRILLIC = frozenset("абвгдеёжзийклмнопрстуфхцчшщъыьэюяАБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ«»–—№")
_NEIGHBORS = frozenset(("çã", "çõ", "ÇÃ", "ÇÕ", "üß", "öß", "äß", "îï"))
_RARE = frozenset("ïÏъЪёЁåÅæÆøØýÝÿŸœŒªº°§¿¡«»–—’“”…€№")


def normalized(text: str) -> str:
    """Return text in composed form (NFC), without control characters, each run of white space one space."""
    if text.isascii() and text.isprintable():  # as most is: much faster
        return " ".join(text.split())
    composed = unicodedata.normalize("NFC", text)
    kept = (" " if character.isspace() else character for character in composed)
    return " ".join("".join(one for one in kept if unicodedata.category(one) not in ("Cc", "Cf")).split())


def plain(text: str) -> str:
    """Return text in lower case without accents: equal for texts that differ only in case or accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return normalized("".join(one for one in decomposed if not unicodedata.combining(one)))


def alike_names(names: Iterable[str]) -> list[str]:
    """Return the names of more than one letter that differ from another only in case or accents."""
    known = list(names)
    times = Counter(map(plain, known))
    return [name for name in known if len(name) > 1 and times[plain(name)] > 1]


def listed(names: Sequence[str]) -> str:
    """Return the first five names, separated by commas, and how many more there are, such as ``(+3)``."""
    return ", ".join(names[:5]) + (f" (+{len(names) - 5})" if len(names) > 5 else "")


def guess_encoding(texts: Iterable[bytes]) -> str:
    """Guess the encoding of byte strings that do not declare one.

    It is UTF-8 if all of them decode, otherwise the likeliest legacy encoding. Candidates score by how many non-ASCII
    letters belong to one alphabet of the five languages; capitals inside words count against them.
    """
    beyond = [text for text in texts if not text.isascii()]
    try:
        for text in beyond:
            text.decode()
    except UnicodeDecodeError:
        return max(_ENCODINGS, key=lambda encoding: _likelihood(beyond, encoding))
    return "utf-8"


def _likelihood(texts: list[bytes], encoding: str) -> float:
    total = 0.0
    for text in texts:
        read = text.decode(encoding, "replace")
        foreign = [(place, one) for place, one in enumerate(read) if ord(one) > 127]
        cyrillic = sum(one in _CYRILLIC for _, one in foreign) > len(foreign) / 2
        known = _CYRILLIC if cyrillic else _LETTERS
        # Cyrillic is written in words of its own; a foreign letter within Latin ones is a Latin letter.
        ascii_letters = sum(one.isascii() and one.isalpha() for one in read)
        mixed = cyrillic and ascii_letters > len(foreign)
        for place, one in foreign:
            score = 1.0 if one in known else -2.0
            if one in _LOWER:
                score += 0.5
            elif place and read[place - 1].islower() and one.isupper():
                score -= 1.0
            pair = read[max(0, place - 1) : place + 1]
            if not cyrillic and len(pair) > 1 and ord(pair[0]) > 127 and pair not in _NEIGHBORS:
                score -= 1.5
            total += score - (0.5 if one in _RARE else 0.0) - (2.0 if mixed else 0.0)
    return total
