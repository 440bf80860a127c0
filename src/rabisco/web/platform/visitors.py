"""Who a browser is: a random token in a cookie that no script can read.

The database holds the token's hash, so that whoever reads the database cannot act for anybody.
"""

import hashlib
import hmac
import secrets

from flask import Response, after_this_request, g, request

from rabisco.web.platform.problems import wants_page
from rabisco.web.platform.routing import app_settings
from rabisco.web.platform.sessions import secret_key

COOKIE = "reader"
SECONDS = 365 * 24 * 3600


def visitor() -> str:
    """Return how the database knows this browser; without a token, a name that nobody has."""
    g.personal = True
    token = request.cookies.get(COOKIE)
    return _hash(token) if token else ""


def new_visitor() -> tuple[str, str]:
    """Return the token of this browser, a new one if it has none, and how the database knows it."""
    g.personal = True
    token = request.cookies.get(COOKIE) or secrets.token_urlsafe(32)
    return token, _hash(token)


def queued_as() -> str:
    """Return by whom what this request orders is queued: its browser, which gets a token here, or its address.

    Of an address only a hash is kept, which nobody can find without this server's key.
    """
    if COOKIE in request.cookies:
        return visitor()
    if wants_page():
        token, known_as = new_visitor()

        @after_this_request
        def give(response: Response) -> Response:
            remember(response, token)
            return response

        return known_as
    key = secret_key(app_settings())
    return hmac.new(key, (request.remote_addr or "").encode(), hashlib.sha256).hexdigest()


def remember(response: Response, token: str) -> None:
    """Give the browser its token."""
    response.set_cookie(COOKIE, token, max_age=SECONDS, httponly=True, samesite="Lax", secure=request.is_secure)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
