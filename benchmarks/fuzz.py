"""Mutated inputs, a million at each door of strangers' bytes: no stray exception, none over 2 s, bounded memory.

Pictures, base64, tables, archives, JSON and forms are changed at random and sent to the code that reads them, each
door in a process that another watches. Seconds are of processor time.
"""

import os
from typing import Any

from tests.fuzz import Work, watched
from tests.fuzz_doors import DOORS

from rabisco.evaluation.tables import markdown_table

INPUTS, SEED = int(os.environ.get("INPUTS", "1000000")), 27


def run() -> dict[str, Any]:
    """Send a million inputs through each door."""
    doors = {}
    for door in DOORS:
        tally = watched(Work(door, INPUTS, seed=SEED))
        doors[door] = {
            "inputs": tally.inputs,
            "seconds": tally.seconds,
            "slowest": tally.slowest,
            "megabytes": tally.megabytes,
            "faults": [reason for _, reason in tally.faults],
        }
        print(door, doors[door], flush=True)
    return {"n": sum(one["inputs"] for one in doors.values()), "doors": doors}


def table(result: dict[str, Any]) -> str:
    """Return what happened at each door as a Markdown table."""
    rows = [
        (
            door,
            f"{one['inputs']:,}",
            f"{one['inputs'] / one['seconds'] * 60:,.0f}",
            f"{one['slowest']:.2f} s",
            f"{one['megabytes']:.0f} MB",
            str(len(one["faults"])),
        )
        for door, one in result["doors"].items()
    ]
    return markdown_table(("Door", "Inputs", "In a minute", "Slowest", "Memory", "Faults"), rows)
