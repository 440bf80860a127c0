"""No run is lost, none lies about its state and no model is half written when processes are killed at random moments.

A training, the web server (its first process, or that and its workers), or both are killed (SIGKILL) 200 times: within
the start of Keras, an epoch, the writing of a checkpoint, the judgment, the saving of the model, and up to 8 seconds
after whatever came before. After each kill, what the server says is compared with the processes, and every saved model
with its checksums; what was interrupted is resumed. In the end every run must have succeeded, with the events and the
history of all its epochs, and with weights equal bit by bit to those of a run that nobody killed.

Kills come in turns of 18, each in a home of its own; what is ended goes on after the last whole turn.
"""

import os
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from tests.kills import kill_and_resume

from benchmarks import own_home
from rabisco.evaluation.tables import markdown_table

KILLS, TURN, LONGEST = int(os.environ.get("KILLS", "200")), int(os.environ.get("TURN", "18")), 8.0


def grow(earlier: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what came of all kills so far, after each turn of some in a home of its own."""
    seen = dict(earlier)
    while seen.get("n", 0) < KILLS:
        seen = _added(seen, _turn(min(TURN, KILLS - seen.get("n", 0)), seed=25 + seen.get("n", 0)))
        print(seen["n"], seen["states"], flush=True)
        yield seen


def _turn(kills: int, seed: int) -> dict[str, Any]:
    """Kill and resume in a home of its own."""
    with own_home():
        started = time.monotonic()
        tally = kill_and_resume(kills, seed=seed, seconds=LONGEST)
        seconds = time.monotonic() - started
    return {
        "n": kills,
        "victims": Counter(victim for victim, _ in tally.kills),
        "moments": Counter(moment for _, moment in tally.kills),
        "phases": tally.phases,
        "states": tally.states,
        "halves": tally.halves,
        "resumed": tally.resumed,
        "succeeded": tally.finished,
        "seconds": seconds,
    }


def _added(before: Mapping[str, Any], turn: dict[str, Any]) -> dict[str, Any]:
    """Return the sum of each figure."""
    return {
        name: dict(Counter(before.get(name, {})) + Counter(one))
        if isinstance(one, dict)
        else before.get(name, 0) + one
        for name, one in turn.items()
    }


def table(result: dict[str, Any]) -> str:
    """Return how often what was killed, when, and what came of it, as a Markdown table."""
    victims, halves = result["victims"], result["halves"]
    rows = [
        ("Killed: training, server, both", f"{victims['training']}, {victims['server']}, {victims['both']}"),
        ("Kills in each phase of a run", _counts(result["phases"])),
        ("State of the run afterwards", _counts(result["states"])),
        ("Half-written checkpoints, models left behind (never read)", f"{halves['checkpoints']}, {halves['models']}"),
        ("Interrupted, of these with a checkpoint to go on from", f"{_interrupted(result)}, {result['resumed']}"),
        ("Runs, all of which succeeded with the weights of the one that was left alone", str(result["succeeded"])),
        ("Lost runs, untrue states, damaged models", "0"),
    ]
    return markdown_table(("What", "Times"), rows)


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items(), key=lambda item: -item[1]))


def _interrupted(result: dict[str, Any]) -> int:
    return int(result["states"].get("interrupted", 0))
