"""``rabisco studio``: the Streamlit application."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

import click

from rabisco.errors import MissingExtraError


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True, help="Port to listen on.")
@click.option("--open", "opened", is_flag=True, help="Open it in a browser.")
def studio(host: str, port: int, opened: bool) -> None:
    """Draw, upload, compare and explore in a Streamlit application; it needs the extra `studio`.

    \b
    Example:
        rabisco studio --open
    """
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
