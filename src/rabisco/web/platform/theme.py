"""Light or dark: as the reader's system says, unless they chose here; the choice lives in a cookie.

The page is sent in the chosen theme, so nothing flashes and it works without JavaScript.
"""

from flask import Flask, Response, request

THEMES = ("light", "dark")
COOKIE = "theme"
SECONDS = 365 * 24 * 3600


def init_app(app: Flask) -> None:
    """Let ``?theme=dark`` choose and remember, and tell the templates what is chosen."""
    app.after_request(_remember)
    app.context_processor(lambda: {"theme": chosen()})


def chosen() -> str:
    """Return ``light`` or ``dark`` if the reader chose one, else an empty string: as the system says."""
    for value in (request.args.get("theme"), request.cookies.get(COOKIE)):
        if value in THEMES:
            return value
    return ""


def _remember(response: Response) -> Response:
    if request.args.get("theme") in THEMES:
        response.set_cookie(COOKIE, request.args["theme"], max_age=SECONDS, samesite="Lax")
    return response
