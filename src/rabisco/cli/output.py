"""What several commands share in printing."""

import json
from typing import Any

import click

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")


def print_json(value: Any) -> None:
    """Print ``value`` as indented JSON; what JSON cannot hold becomes its text."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def percent(fraction: float) -> str:
    """Return a fraction as a percentage with two decimals."""
    return f"{100 * fraction:.2f}%"
