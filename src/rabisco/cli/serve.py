"""``rabisco serve`` and ``rabisco studio``, which serve pages, and ``rabisco settings``."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from rabisco.cli.output import example, json_option, print_json
from rabisco.errors import MissingExtraError


@click.command()
@json_option
@example("rabisco settings")
def settings(as_json: bool) -> None:
    """Show every setting in force and where it comes from."""
    from rabisco.settings import PREFIX, get_settings, unknown_variables

    found = get_settings()
    rows = [
        {
            "variable": f"{PREFIX}{name.upper()}",
            "value": str(getattr(found, name)) if field.repr or not getattr(found, name) else "(hidden)",
            "source": "environment" if name in found.model_fields_set else "default",
        }
        for name, field in type(found).model_fields.items()
    ]
    if as_json:
        print_json(rows)
    else:
        for row in rows:
            click.echo(f"{row['variable']:<30} {row['value'] or '(empty)'}  [{row['source']}]")
    for name, nearest in unknown_variables().items():
        click.echo(f"{name} is no setting" + (f"; did you mean {nearest}?" if nearest else ""), err=True)


@click.command()
@click.option("--host", help="Address to listen on; the setting RABISCO_HOST if not given.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; RABISCO_PORT if not given.")
@click.option("--workers", type=click.IntRange(min=1), help="Server processes; RABISCO_WORKERS if not given.")
@example("rabisco serve", "rabisco serve --host 0.0.0.0 --port 8080 --workers 2")
def serve(**given: Any) -> None:
    """Serve the pages and the API on http://127.0.0.1:3000."""
    from rabisco.settings import get_settings
    from rabisco.web.platform.server import serve as start

    changes = {key: value for key, value in given.items() if value is not None}
    start(get_settings().model_copy(update=changes))


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True, help="Port to listen on.")
@click.option("--open", "opened", is_flag=True, help="Open it in a browser.")
@example("rabisco studio --open")
def studio(host: str, port: int, opened: bool) -> None:
    """Draw, upload, compare and explore in a Streamlit application; it needs the extra `studio`."""
    if find_spec("streamlit") is None:
        raise MissingExtraError("the studio needs Streamlit, which is not installed: pip install 'rabisco[studio]'")
    script = Path(__file__).parent.parent / "studio" / "app.py"
    options = {
        "server.address": host,
        "server.port": str(port),
        "server.headless": "false" if opened else "true",
        "server.showEmailPrompt": "false",
        "browser.gatherUsageStats": "false",
    }
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    # In this process's place: what ends the command ends the studio.
    os.execv(sys.executable, [sys.executable, "-m", "streamlit", "run", str(script), *words])  # noqa: S606
