"""Who a browser is: a random token in a cookie that no script can read.

The database holds the token's hash, so that whoever reads the database cannot act for anybody.
"""

import hashlib
import secrets

from flask import Response, g, request

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


def remember(response: Response, token: str) -> None:
    """Give the browser its token."""
    response.set_cookie(COOKIE, token, max_age=SECONDS, httponly=True, samesite="Lax", secure=request.is_secure)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
