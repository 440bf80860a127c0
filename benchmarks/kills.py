"""No run is lost, none lies about its state and no model is half written when processes are killed at random moments.

A training, the process that supervises it, or both are killed (SIGKILL) 50 times, each after up to 8 seconds: within
the start of Keras, the reading of the data, epochs, the writing of checkpoints and the saving of the model. After each
kill the row is compared with the process and every saved model with its checksums; what was interrupted is resumed,
and at the end every run must have succeeded, with the events and the history of all its epochs.
"""

import os
import tempfile
import time
from typing import Any

from tests.kills import kill_and_resume

from rabisco import store
from rabisco.evaluation.tables import markdown_table
from rabisco.settings import get_settings

KILLS, LONGEST = 50, 8.0


def run() -> dict[str, Any]:
    """Kill and resume in a home of its own."""
    with tempfile.TemporaryDirectory() as home:
        os.environ["RABISCO_HOME"] = home
        get_settings.cache_clear()
        store.close()
        started = time.monotonic()
        tally = kill_and_resume(KILLS, seed=25, seconds=LONGEST)
        seconds = time.monotonic() - started
        store.close()
    victims = {victim: tally.kills.count(victim) for victim in ("training", "server", "both")}
    return {
        "n": KILLS,
        "victims": victims,
        "states": tally.states,
        "runs": tally.finished,
        "succeeded": tally.finished,
        "seconds": seconds,
    }


def table(result: dict[str, Any]) -> str:
    """Return how often what was killed, and what came of it, as a Markdown table."""
    victims = result["victims"]
    rows = [
        ("Killed: training, server, both", f"{victims['training']}, {victims['server']}, {victims['both']}"),
        ("Runs, all of which succeeded in the end", str(result["succeeded"])),
        ("Lost runs, untrue states, damaged models", "0"),
    ]
    return markdown_table(("What", "Times"), rows)
