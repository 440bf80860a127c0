"""The command ``rabisco``: parse, call, print.

Nothing heavy is imported before a command needs it, so that ``--help`` answers at once.
"""

import sys

import click

from rabisco import __version__
from rabisco.cli.corrections import corrections
from rabisco.cli.data import data
from rabisco.cli.evaluate import compare, evaluate
from rabisco.cli.models import models
from rabisco.cli.output import example, forgive_encoding
from rabisco.cli.predict import predict
from rabisco.cli.runs import runs
from rabisco.cli.serve import serve, settings, studio
from rabisco.cli.sweep import sweep
from rabisco.cli.train import train
from rabisco.errors import RabiscoError


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="rabisco")
@example("rabisco serve", "rabisco predict digit.png")
def rabisco() -> None:
    """Draw, photograph or upload a character: Rabisco reads it, trains on your data, and compares models."""


for _command in (data, train, sweep, evaluate, compare, predict, models, serve, settings, studio, runs, corrections):
    rabisco.add_command(_command)


def main() -> None:
    """Run the command line; an intended error is one line on standard error and exit status 1."""
    forgive_encoding()
    try:
        rabisco()
    except RabiscoError as error:
        click.secho(f"Error: {error}", fg="red", err=True)
        sys.exit(1)
