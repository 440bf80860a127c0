"""Long service at 80% of capacity beside trainings: no error, flat memory, p99 told beside an idle answer.

Capacity is that of the slowest ten seconds of a minute beside a training; then clients come at moments fixed
beforehand, however long the answers take, and less often while the machine is slower.
"""

import os
from typing import Any

from tests import soak

SECONDS = float(os.environ.get("SECONDS", "1800"))


def run() -> dict[str, Any]:
    """Serve for half an hour."""
    return soak.figures(soak.soak(SECONDS), SECONDS)


def table(result: dict[str, Any]) -> str:
    """Return what happened as a Markdown table."""
    return soak.table(result)
