"""``rabisco predict --bulk``: how far the reading is, and what came of it."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rabisco.bulk import BulkTally

SAY_SECONDS = 10.0  # between two lines where there is no terminal to draw a bar on


def read_in_bulk(source: Path, out: Path, model: str, **options: Any) -> None:
    """Read all pictures of ``source`` into ``out`` and show how far it is; see ``rabisco.bulk.read_bulk``."""
    from rabisco.bulk import errors_of, read_bulk

    with _Shown() as shown:
        try:
            tally = read_bulk(source, out, model, on_progress=shown.tell, **options)
        except KeyboardInterrupt:
            done = f" after {shown.done:,} pictures" if shown.done else ""
            click.echo(f"\nInterrupted{done}. The same command goes on from there.", err=True)
            raise SystemExit(130) from None
    click.echo(f"{tally.done - tally.bad:,} pictures were read into {out}")
    if tally.bad:
        click.secho(f"{tally.bad:,} could not be read; {errors_of(out)} says why", fg="red", err=True)
        raise click.exceptions.Exit(1)


class _Shown:
    """A bar with pictures per second and the time left; where there is no terminal, now and then a line."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        self._console = Console(stderr=True)
        columns = (BarColumn(24), TextColumn("{task.description}"))
        self._bars = Progress(*columns, console=self._console, disable=not self._console.is_terminal)
        self._bar = self._bars.add_task("beginning", total=None)
        self._begun: tuple[float, int] | None = None
        self._said = time.monotonic()
        self.done = 0

    def __enter__(self) -> "_Shown":
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def tell(self, tally: "BulkTally", expected: int | None) -> None:
        """Show how far it is."""
        now, self.done = time.monotonic(), tally.done
        if self._begun is None:
            self._begun = now, tally.done
        begun, before = self._begun
        rate = (tally.done - before) / (now - begun) if tally.done > before else 0.0
        words = f"{tally.done:,}" + (f" of {expected:,}" if expected else "")
        if rate:
            words += f", {rate:,.0f} pictures/s"
            words += f", {_clock((expected - tally.done) / rate)} left" if expected else ""
        words += f", {tally.bad:,} unreadable" if tally.bad else ""
        self._bars.update(self._bar, completed=tally.done, total=expected, description=words)
        if self._bars.disable and now - self._said > SAY_SECONDS:
            self._said = now
            click.echo(words, err=True)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
