"""Wrong access tokens, counted for each address wherever a token is looked at, by all workers together."""

import fcntl
import hashlib
import hmac
import mmap
import os
import sys
import tempfile
import threading
import time
from collections.abc import MutableMapping
from ipaddress import IPv6Address, ip_address
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabisco.settings import Settings

# Of one address in SECONDS; then no token of it is looked at until they are over.
MOST, SECONDS = 10, 60
_LOOKED_AT = "rabisco.token"

# One slot: whom it counts, when that began by the monotonic clock, how many there were.
_SLOT = np.dtype([("tag", "u8"), ("since", "f8"), ("count", "u8")])
# Slots, and how many an address may have; where all are taken, the one that began first gives way.
_SLOTS, _PROBED = 4096, 16


class SharedCounter:
    """Counts in memory that all processes share that are forked after it was made.

    An address cannot choose whose slot it gets: that is decided by a key.
    """

    def __init__(self) -> None:
        size = (_SLOTS + _PROBED) * _SLOT.itemsize
        self._file = os.memfd_create("attempts") if sys.platform == "linux" else tempfile.mkstemp()[0]
        os.ftruncate(self._file, size)
        self._slots = np.frombuffer(mmap.mmap(self._file, size), _SLOT)
        self._key = os.urandom(32)
        self._lock = threading.Lock()  # between threads; between processes the file's, which ends with its holder

    def add(self, name: str) -> None:
        """Count one more of a name."""
        with self._lock:
            fcntl.lockf(self._file, fcntl.LOCK_EX)
            try:
                tag, slots, own = self._find(name)
                if own.any():
                    slots["count"][own] += 1
                else:
                    slots[slots["since"].argmin()] = tag, time.monotonic(), 1
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN)

    def count(self, name: str) -> int:
        """Return how many of a name were counted; 0 once the seconds are over."""
        _, slots, own = self._find(name)
        return int(slots["count"][own].sum())

    def _find(self, name: str) -> tuple[int, NDArray[Any], NDArray[np.bool_]]:
        """Return the tag of a name, the slots that it may have, and which of these is its own."""
        said = hashlib.blake2b(name.encode(errors="replace"), key=self._key, digest_size=16).digest()
        tag, first = int.from_bytes(said[:8]), int.from_bytes(said[8:]) % _SLOTS
        slots = self._slots[first : first + _PROBED]
        return tag, slots, (slots["tag"] == tag) & (time.monotonic() - slots["since"] < SECONDS)


_wrong = SharedCounter()


def is_token(settings: Settings, given: str, environ: MutableMapping[str, Any]) -> bool:
    """Return whether what a client sent is the access token; a wrong one is counted, once in a request."""
    known = environ.get(_LOOKED_AT)
    if known is None or known[0] != given:
        locked_out = is_locked_out(environ)
        right = not locked_out and hmac.compare_digest(given.encode(), settings.access_token.encode())
        if not right and not locked_out:
            _wrong.add(_network(environ))
        known = environ[_LOOKED_AT] = given, right
    return bool(known[1])


def is_locked_out(environ: MutableMapping[str, Any]) -> bool:
    """Return whether too many wrong tokens came from the address of a request."""
    return _wrong.count(_network(environ)) >= MOST


def _network(environ: MutableMapping[str, Any]) -> str:
    """Return the address that counts: of IPv6 the half that a provider gives to one customer."""
    text = str(environ.get("REMOTE_ADDR", "")).partition("%")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return text
    return str(int(address) >> 64) if isinstance(address, IPv6Address) else text
