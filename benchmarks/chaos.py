"""Kills, a frozen database, a full disk and clients that stall end no training and leave health answered.

While a training runs and somebody asks for health and predictions all the while, workers, server, trainer and database
are killed and started again, the database is frozen, the disk filled, and 300 clients stall or vanish. A connection
that a killed process had taken breaks off, which counts as failed.
"""

from dataclasses import asdict
from typing import Any

from tests import chaos


def run() -> dict[str, Any]:
    """Make every kind of trouble."""
    rows = []
    for row in chaos.make_all():
        print(row, flush=True)
        rows.append(asdict(row))
    return {"n": sum(row["asked"] for row in rows), "rows": rows}


def table(result: dict[str, Any]) -> str:
    """Return what each trouble did as a Markdown table."""
    return "\n".join(chaos.table(chaos.Row(**row) for row in result["rows"]))
