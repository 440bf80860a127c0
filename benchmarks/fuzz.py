"""Mutated inputs, a million at each door of strangers' bytes: no stray exception, none over 2 s, bounded memory.

Pictures, base64, tables, archives, JSON and forms are changed at random and sent to the code that reads them, each
door in a process that another watches. Seconds are of processor time. Doors take turns, a minute each (``TURN``),
until each has had its million (``INPUTS``) or ``SECONDS`` are over; the next run goes on where this one ended.
"""

import os
import time
from collections.abc import Iterator, Mapping
from typing import Any

from tests.fuzz import Tally, Work, keep, watched
from tests.fuzz_doors import DOORS

from rabisco.evaluation.tables import markdown_table

INPUTS, SEED = int(os.environ.get("INPUTS", "1000000")), 27
SECONDS, TURN = float(os.environ.get("SECONDS", "1e9")), float(os.environ.get("TURN", "60"))


def grow(earlier: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what happened at the doors so far, after each turn."""
    doors = {door: {**_seen(Tally()), **earlier.get("doors", {}).get(door, {})} for door in DOORS}
    until = time.monotonic() + SECONDS
    while waiting := [door for door in DOORS if doors[door]["inputs"] < INPUTS]:
        for door in waiting:
            if (left := until - time.monotonic()) <= 0:
                return
            before = doors[door]
            tally = watched(Work(door, INPUTS, min(TURN, left), SEED), before["inputs"])
            for data, _ in tally.faults:
                keep(door, data)
            seen = _seen(tally)
            doors[door] = {
                "inputs": seen["inputs"],
                "seconds": before["seconds"] + seen["seconds"],
                "slowest": max(before["slowest"], seen["slowest"]),
                "megabytes": max(before["megabytes"], seen["megabytes"]),
                "faults": [*before["faults"], *seen["faults"]],
            }
            print(door, doors[door], flush=True)
            yield {"n": sum(one["inputs"] for one in doors.values()), "doors": doors}


def _seen(tally: Tally) -> dict[str, Any]:
    return {
        "inputs": tally.inputs,
        "seconds": tally.seconds,
        "slowest": tally.slowest,
        "megabytes": tally.megabytes,
        "faults": [reason for _, reason in tally.faults],
    }


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
        if one["inputs"]
    ]
    return markdown_table(("Door", "Inputs", "In a minute", "Slowest", "Memory", "Faults"), rows)
