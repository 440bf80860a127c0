"""Homes of servers: what is saved meanwhile is saved there."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rabisco.settings import get_settings


@contextmanager
def at_home(folder: Path) -> Iterator[None]:
    """Have the settings' home in a folder within the block."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RABISCO_HOME", str(folder))
        get_settings.cache_clear()
        yield
    get_settings.cache_clear()
