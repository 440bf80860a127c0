"""Freed memory is kept for what comes next, where the C library is glibc, or given back at once.

It goes back to the system otherwise, which clears every page again: a thousand for a picture of a megapixel, and half
of the time of a training step.
"""

import ctypes
from contextlib import suppress

# Options of mallopt(3), by their numbers in malloc.h.
_ARENA_MAX, _MMAP_MAX, _MMAP_THRESHOLD, _TOP_PAD, _TRIM_THRESHOLD = -8, -4, -3, -2, -1


def keep_for_pictures() -> None:
    """Keep what a picture took, up to blocks of 8 MB and 16 MB in all; the rest is given back.

    Threads share two heaps: one for each would keep what its largest request needed.
    """
    _set({_ARENA_MAX: 2, _MMAP_THRESHOLD: 8 << 20, _TRIM_THRESHOLD: 16 << 20})


def keep_for_training() -> None:
    """Keep all that a training step took."""
    _set({_MMAP_MAX: 0, _TRIM_THRESHOLD: 2**31 - 1, _TOP_PAD: 64 << 20})


def give_back() -> None:
    """Give back what is free, as before a process forks others that live long."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def _set(options: dict[int, int]) -> None:
    with suppress(OSError, AttributeError, TypeError):  # another library has none
        for option, value in options.items():
            ctypes.CDLL(None).mallopt(option, value)
