"""Counts of requests that several servers share, as ``limits`` wants them kept."""

import time
from typing import Any

from limits.storage import MemoryStorage, Storage

from rabisco.errors import StorageError
from rabisco.store import rates
from rabisco.web.platform.logs import LOGGER

PAUSE = 10.0  # seconds for which this process counts for itself after the database did not answer
REMEMBERED = 1000


class SharedCounts(Storage):
    """Counts in PostgreSQL; while it does not answer, those of this process."""

    SCHEME = "rabisco"
    STORAGE_SCHEME = [SCHEME]  # noqa: RUF012 - as its base has it

    def __init__(self, uri: str | None = None, wrap_exceptions: bool = False, **_: Any) -> None:
        super().__init__(uri, wrap_exceptions)
        self._own = MemoryStorage()
        self._last: dict[str, tuple[int, float]] = {}
        self._silent_until = 0.0

    @property
    def base_exceptions(self) -> type[Exception]:
        """What the database raises."""
        return StorageError

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count, and return how often it has been."""
        if time.monotonic() < self._silent_until:
            return self._own.incr(key, expiry, amount=amount)
        try:
            count, until = rates.count(key, expiry, amount)
        except StorageError as error:
            LOGGER.warning("%s", error)
            self._silent_until = time.monotonic() + PAUSE
            return self._own.incr(key, expiry, amount=amount)
        if len(self._last) >= REMEMBERED:
            self._last.clear()  # the database still knows them
        self._last[key] = count, until.timestamp()
        return count

    def get(self, key: str) -> int:
        """Return how often it has been, as far as the database says, or said when this process counted last."""
        found = self._seen(key)
        return self._own.get(key) if found is None else found[0]

    def get_expiry(self, key: str) -> float:
        """Return when the count begins anew, in seconds since 1970."""
        found = self._seen(key)
        return self._own.get_expiry(key) if found is None else found[1]

    def check(self) -> bool:
        """Tell that counting works, here or there."""
        return True

    def reset(self) -> int | None:
        """Begin all counts anew."""
        self._last.clear()
        self._own.reset()
        rates.forget()
        return None

    def clear(self, key: str) -> None:
        """Begin a count anew."""
        self._last.pop(key, None)
        self._own.clear(key)
        rates.forget(key)

    def _seen(self, key: str) -> tuple[int, float] | None:
        """Return a count and its end as it was last seen; none while the database does not answer."""
        if time.monotonic() < self._silent_until:
            return None
        found = self._last.get(key)
        if found is not None and found[1] > time.time():
            return found
        try:
            told = rates.counted(key)
        except StorageError as error:
            LOGGER.warning("%s", error)
            self._silent_until = time.monotonic() + PAUSE
            return None
        return (told[0], told[1].timestamp()) if told else (0, time.time())
