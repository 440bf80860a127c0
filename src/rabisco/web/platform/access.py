"""Who may change something here: whoever holds the token, and only from this server's own pages or a program.

Every request that is no mere reading is guarded unless its route says why anybody may send it. Three rules:
the token (``RABISCO_ACCESS_TOKEN``), no request that another site made a browser send, and a form's own proof that it
came from one of our pages.
"""

import re
from collections.abc import Mapping, MutableMapping
from ipaddress import ip_address
from typing import Any, ClassVar
from urllib.parse import urlsplit

from flask import Flask, current_app, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.exceptions import TooManyRequests
from werkzeug.http import parse_cookie

from rabisco.artifacts import Artifact
from rabisco.artifacts.paths import BUNDLED
from rabisco.errors import N_, AccessDeniedError, CrossSiteError, ReadOnlyError
from rabisco.settings import Settings
from rabisco.web.platform import sessions, token_attempts
from rabisco.web.platform.fields import FORM, Fields, Requests, given
from rabisco.web.platform.origins import FORWARDED, is_allowed
from rabisco.web.platform.routing import DocumentedBlueprint, app_settings, route_of
from rabisco.web.platform.sessions import secret_key

blueprint = DocumentedBlueprint("access", __name__)

COOKIE = "access"
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
# What proxies say of the client they ask for, while Host may name this machine.
FORWARDING = re.compile(
    "HTTP_(FORWARDED|VIA|X_FORWARDED|X_ORIGINAL_|X_REAL_IP|X_CLIENT_IP|X_CLUSTER_CLIENT_IP|CLIENT_IP|TRUE_CLIENT_IP"
    "|CF_CONNECTING_IP)"
)
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain")

_csrf = CSRFProtect()


def init_app(app: Flask) -> None:
    """Guard every request; comes after the limits, so that guessing is limited too."""
    settings: Settings = app.config["RABISCO"]
    app.config.update(
        SECRET_KEY=secret_key(settings),
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
    )
    _csrf.init_app(app)
    app.before_request(_protect)
    app.context_processor(
        lambda: {
            "read_only": settings.read_only,
            "must_sign_in": bool(settings.access_token) and not admits(settings, request.environ),
            "signed_in": bool(settings.access_token) and admits(settings, request.environ),
        }
    )


def admits(settings: Settings, environ: MutableMapping[str, Any]) -> bool:
    """Return whether a request may change something: by token, by cookie, or because it comes from this machine."""
    if not settings.access_token:
        return settings.read_only or (_is_local(environ.get("HTTP_HOST", "")) and not _is_forwarded(environ))
    scheme, _, given = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() == "bearer":
        return token_attempts.is_token(settings, given.strip(), environ)
    return sessions.is_open(settings, parse_cookie(dict(environ)).get(COOKIE, ""))


def may_change() -> bool:
    """Return whether whoever sends this request may change models."""
    settings = app_settings()
    return not settings.read_only and admits(settings, request.environ)


def may_see_images_of(*artifacts: Artifact) -> bool:
    """Return whether images that these models keep may be shown; those of models trained here need access."""
    return all(one.version == BUNDLED for one in artifacts) or may_change()


class SigningIn(Fields):
    """The access token, and where to go then."""

    media: ClassVar = (FORM,)
    requests: ClassVar[Requests] = ({"token": "rainy-tuesday-in-lisbon-42", "next": "/train"},)

    token: str
    next: str = ""


class SigningInPage(Fields):
    """Where to go once signed in."""

    requests: ClassVar[Requests] = ({"next": "/train"},)

    next: str = ""


@blueprint.get(
    "/sign-in",
    operation="sign_in_page",
    summary=lazy_gettext("The page that asks for the access token and remembers it in a cookie."),
    page=True,
    receives=SigningInPage,
)
def form() -> ResponseReturnValue:
    """Show the form that asks for the token."""
    return render_template("platform/sign_in.html", next=_safe(given(SigningInPage).next))


@blueprint.post(
    "/sign-in",
    summary=lazy_gettext("What its form sends; programs send “Authorization: Bearer …” with each request instead."),
    examples=("curl -c cookies.txt -d token=$RABISCO_ACCESS_TOKEN {url}/sign-in",),
    page=True,
    receives=SigningIn,
    problems=(400, 401, 403, 429, 507),
    open="it is how one gets access",
)
def sign_in() -> ResponseReturnValue:
    """Remember in a cookie that the reader knows the token."""
    settings = app_settings()
    asked = given(SigningIn)
    to = _safe(asked.next)
    _refuse_if_locked_out()
    if settings.access_token and not token_attempts.is_token(settings, asked.token.strip(), request.environ):
        return render_template("platform/sign_in.html", next=to, wrong=True), 401
    response = redirect(to, 303)
    if settings.access_token:
        cookie, seconds = sessions.begin(settings), sessions.SECONDS
        response.set_cookie(
            COOKIE, cookie, max_age=seconds, httponly=True, samesite="Strict", secure=request.is_secure
        )
    return response


@blueprint.post(
    "/sign-out",
    summary=lazy_gettext("Forgets the access token."),
    examples=("curl -b cookies.txt -X POST {url}/sign-out",),
    page=True,
    problems=(403,),
    open="it gives access up",
)
def sign_out() -> ResponseReturnValue:
    """End the session that the reader's cookie is of, in every process at once."""
    sessions.end(app_settings(), request.cookies.get(COOKIE, ""))
    response = redirect(url_for("pages.draw_page"), 303)
    response.delete_cookie(COOKIE, httponly=True, samesite="Strict")
    session.clear()
    return response


def _protect() -> None:
    if request.url_rule is None:
        return
    unsafe = request.method not in SAFE_METHODS
    declared = route_of(request)
    guarded = declared.needs_access if declared else unsafe
    if (unsafe or guarded) and is_foreign():
        raise CrossSiteError(
            N_("another site made your browser send this, so it was not done; do it from a page of this server")
        )
    if guarded:
        _check_access()
    if unsafe and (guarded or request.blueprint == blueprint.name):
        _check_form()


def _check_access() -> None:
    settings = app_settings()
    if settings.read_only:
        raise ReadOnlyError(
            N_("this server only reads pictures: training, changing models and the assistant are switched off")
        )
    if admits(settings, request.environ):
        return
    if "Authorization" in request.headers:
        _refuse_if_locked_out()
    raise AccessDeniedError(
        N_("expected the access token of this server; sign in, or send it as “Authorization: Bearer …”")
        if settings.access_token
        else N_("this server has no access token, so this works on its own machine alone, at 127.0.0.1")
    )


def _refuse_if_locked_out() -> None:
    if token_attempts.is_locked_out(request.environ):
        raise TooManyRequests(retry_after=60)


def _check_form() -> None:
    """Refuse a form of a reader who has been on our pages that does not prove to come from one."""
    has_session = current_app.config["SESSION_COOKIE_NAME"] in request.cookies or COOKIE in request.cookies
    if request.mimetype not in FORMS or not has_session or "Authorization" in request.headers:
        return
    try:
        _csrf.protect()
    except CSRFError as error:
        raise CrossSiteError(N_("this form is too old or not from here; load its page again")) from error


def is_foreign() -> bool:
    """Return whether another site made a browser send this request; programs that are no browser say nothing."""
    if is_allowed(request.headers.get("Origin"), app_settings()):
        return False
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = request.headers.get("Origin")
    return origin is not None and _netloc(origin) != request.host


def _netloc(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:  # "http://["
        return ""


def _is_local(host: str) -> bool:
    """Return whether a Host header names this machine; a name that a stranger let point here does not."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False


def _is_forwarded(environ: Mapping[str, Any]) -> bool:
    """Return whether a request came through a proxy, so that its client may be anywhere."""
    return FORWARDED in environ or any(map(FORWARDING.match, environ))


def _safe(asked: str) -> str:
    """Return where to go after signing in: an address of this server."""
    safe = asked.startswith("/") and not asked.startswith(("//", "/\\")) and asked.isprintable()
    return asked if safe else url_for("pages.draw_page")
