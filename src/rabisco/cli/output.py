"""What several commands share: an argument that names a model, and how they print."""

import inspect
import json
import sys
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from rich.console import Console

Command = TypeVar("Command", bound=Callable[..., Any])
UNCUT = 10_000  # columns


class NameOrCommand(click.Group):
    """A group in which a word that is no command is a name, an argument of the command ``for_names``."""

    def __init__(self, *given: Any, for_names: str, **settings: Any) -> None:
        super().__init__(*given, **settings)
        self.for_names = for_names

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command to run, and its arguments."""
        return super().resolve_command(ctx, args if args[0] in self.commands else [self.for_names, *args])


def example(*commands: str) -> Callable[[Command], Command]:
    """Return a decorator that shows commands at the end of a command's help; it stands next to the function."""

    def shown(command: Command) -> Command:
        lines = "".join(f"    {line}\n" for line in commands)
        command.__doc__ = f"{inspect.cleandoc(command.__doc__ or '')}\n\n\b\nExample:\n{lines}"
        return command

    return shown


def resolved(_: click.Context, __: click.Parameter, name: str | None) -> str | None:
    """Return the name of the model for which an alias stands: the callback of what names a model."""
    from rabisco.inference import named

    return name and named(name)


model_argument = partial(click.argument, "name", callback=resolved)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")


def print_json(value: Any) -> None:
    """Print ``value`` as indented JSON; what JSON cannot hold becomes its text, what the terminal cannot an escape."""
    unicode = (getattr(sys.stdout, "encoding", None) or "utf-8").lower().startswith("utf")
    click.echo(json.dumps(value, indent=2, ensure_ascii=not unicode, default=str))


def wide_console() -> "Console":
    """Return where tables are printed: as wide as the terminal, and uncut into a pipe or a file."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else UNCUT)


def forgive_encoding() -> None:
    """Let characters that the terminal's encoding lacks be printed as question marks."""
    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors="replace")


def local_time(moment: datetime) -> str:
    """Return a moment in the time of this machine, with its zone."""
    return f"{moment.astimezone():%Y-%m-%d %H:%M %Z}"


def percent(fraction: float) -> str:
    """Return a fraction as a percentage with two decimals."""
    return f"{100 * fraction:.2f}%"
