"""A run in a terminal: one bar with what its last event said, until it has ended."""

import signal
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rabisco.runs import Run
    from rabisco.store import RunEventRow

LOOK = 0.3  # seconds between two looks at a run


def follow_to_the_end(run_id: str, quietly: bool = False, on_interrupt: Callable[[], None] | None = None) -> "Run":
    """Show the events of a run, unless ``quietly``, until it has ended, and return it; supervise it if nobody does.

    At Ctrl-C ``on_interrupt`` is called; by default the showing ends, and the run goes on.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    from rabisco.runs import ENDED, events, get, tend

    leave = on_interrupt or partial(_leave, run_id)
    interruptions: list[int] = []  # acted upon below: here the database may be in the middle of something
    before = signal.signal(signal.SIGINT, lambda number, _: interruptions.append(number))
    columns = (TextColumn("{task.description}"), BarColumn(24), TextColumn("{task.fields[figures]}"))
    after, state = 0, get(run_id).state
    try:
        with Progress(*columns, console=Console(stderr=True), disable=quietly) as bars:
            bar = bars.add_task(f"{run_id} {state}", total=None, figures="")
            while True:
                tend()
                while interruptions:
                    interruptions.pop()
                    leave()
                found = events(run_id, after)
                for event in found:
                    after = event.number
                    state = event.payload.get("state", state)
                    _draw(event, bars, bar)
                if not found and state in ENDED:
                    break
                if not found:
                    get(run_id)  # a process that died is noticed here, if nobody supervises
                    time.sleep(LOOK)
    finally:
        signal.signal(signal.SIGINT, before)
    return get(run_id)


def _leave(run_id: str) -> None:
    click.echo(f"\nThe run goes on: rabisco runs follow {run_id}. To end it: rabisco runs stop {run_id}", err=True)
    raise SystemExit(130)


def _draw(event: "RunEventRow", bars: Any, bar: Any) -> None:
    told = event.payload
    if event.kind in ("progress", "epoch"):
        figures = f"loss {told['loss']:.3f}, {told['device']}"
        if told["examples_per_second"] is not None:
            minutes, seconds = divmod(round(told["eta_seconds"]), 60)
            figures = f"{figures}, {told['examples_per_second']:.0f} examples/s, {minutes}:{seconds:02d} left"
        if told["validation_accuracy"] is not None:
            figures = f"valid acc {told['validation_accuracy']:.4f}, {figures}"
        done = told["step"] + (told["epoch"] - 1) * told["steps"]
        name = f"epoch {told['epoch']}/{told['epochs']}"
        bars.update(bar, description=name, completed=done, total=told["epochs"] * told["steps"], figures=figures)
    else:
        figures = f"{told['share']:.0%}" if "share" in told else ""
        bars.update(bar, description=told.get("phase") or told.get("state"), figures=figures)
