"""What goes wrong, as an answer: one table, one JSON shape (RFC 9457), one page for browsers.

A core error's message is written for its reader and shown as it is. Anything unforeseen is logged and answered by a
bare 500: no stack trace, path or key ever leaves.
"""

import errno
from collections.abc import Callable
from dataclasses import dataclass, replace

from flask import Flask, Response, jsonify, redirect, render_template, request
from flask_babel import gettext
from pydantic import BaseModel
from werkzeug import Response as WerkzeugResponse
from werkzeug.exceptions import HTTPException, MethodNotAllowed, RequestEntityTooLarge
from werkzeug.routing import RequestRedirect

from rabisco import errors
from rabisco.errors import N_
from rabisco.web.platform.languages import translated
from rabisco.web.platform.limits import no_room, too_large
from rabisco.web.platform.logs import LOGGER, matched_rule
from rabisco.web.platform.refusals import RETRY_AFTER
from rabisco.web.platform.routing import Answered


@dataclass(frozen=True)
class ProblemKind:
    """A kind of problem: its HTTP status, its name in ``type``, its title, and usual detail."""

    status: int
    name: str
    title: str
    detail: str = ""


UNFORESEEN = ProblemKind(
    500, "internal-error", N_("Something went wrong on our side"), N_("the fault has been noted; try again later")
)

# Error class -> answer; a class that is not here is a fault of the server.
PROBLEMS: dict[type[errors.RabiscoError], ProblemKind] = {
    errors.InvalidRequestError: ProblemKind(400, "invalid-request", N_("This request cannot be answered")),
    errors.UnknownFieldError: ProblemKind(422, "unknown-field", N_("This request holds a field nobody knows")),
    errors.InvalidImageError: ProblemKind(400, "invalid-image", N_("This picture is damaged or empty")),
    errors.UnsupportedImageError: ProblemKind(415, "unsupported-image", N_("This file is not a picture we can read")),
    errors.UnsupportedEncodingError: ProblemKind(
        415, "unsupported-encoding", N_("A compressed request is not read here")
    ),
    errors.TooLargeError: ProblemKind(413, "too-large", N_("This is too large")),
    errors.ModelNotFoundError: ProblemKind(404, "model-not-found", N_("There is no such model")),
    errors.VersionNotFoundError: ProblemKind(404, "version-not-found", N_("This model has no such version")),
    errors.VersionConflictError: ProblemKind(409, "version-conflict", N_("This version cannot be changed so")),
    errors.CorrectionNotFoundError: ProblemKind(404, "correction-not-found", N_("There is no such correction")),
    errors.MeasurementNotFoundError: ProblemKind(404, "measurement-not-found", N_("There is no such measurement")),
    errors.UploadNotFoundError: ProblemKind(404, "upload-not-found", N_("There is no such upload")),
    errors.RunNotFoundError: ProblemKind(404, "run-not-found", N_("There is no such training")),
    errors.RunConflictError: ProblemKind(409, "run-conflict", N_("This training cannot be changed so")),
    errors.UnknownDatasetError: ProblemKind(404, "unknown-dataset", N_("There is no such data set")),
    errors.UnusableDataError: ProblemKind(422, "unusable-data", N_("These data cannot be trained on")),
    errors.InvalidConfigurationError: ProblemKind(
        422, "invalid-configuration", N_("This cannot be trained as it was asked for")
    ),
    errors.StorageError: ProblemKind(507, "storage", N_("The server could not store this")),
    errors.LaterDatabaseError: ProblemKind(507, "later-database", N_("The database is of a later release of Rabisco")),
    errors.AccessDeniedError: ProblemKind(401, "access-denied", N_("This needs the access token")),
    errors.CrossSiteError: ProblemKind(403, "cross-site", N_("This did not come from a page of this server")),
    errors.ReadOnlyError: ProblemKind(403, "read-only", N_("This server only reads pictures")),
    errors.BusyError: ProblemKind(503, "busy", N_("The server is busy")),
    errors.NoModelError: ProblemKind(503, "no-model", N_("No model has been trained yet")),
    errors.InvalidArtifactError: ProblemKind(503, "invalid-artifact", N_("This model's files are damaged")),
    errors.AssistantFailedError: ProblemKind(502, "assistant-failed", N_("The assistant could not answer")),
    errors.AssistantTimeoutError: ProblemKind(504, "assistant-timeout", N_("The assistant took too long")),
    errors.AssistantQuotaError: ProblemKind(429, "assistant-quota", N_("The assistant takes no more questions")),
}

# HTTP errors that the framework raises by itself, by status.
HTTP_PROBLEMS = {
    400: ProblemKind(
        400,
        "bad-request",
        N_("This request cannot be understood"),
        N_("the body or the address is malformed; see the API page for the right form"),
    ),
    404: ProblemKind(
        404,
        "not-found",
        N_("There is nothing at this address"),
        N_("check the address, or start again from the drawing page"),
    ),
    405: ProblemKind(
        405,
        "method-not-allowed",
        N_("This address is used in another way"),
        N_("expected %(expected)s at this address, received %(received)s; see the API page for what each does"),
    ),
    415: ProblemKind(
        415,
        "unsupported-media-type",
        N_("This kind of content is not read here"),
        N_("send multipart/form-data, JSON or an image"),
    ),
    429: ProblemKind(429, "too-many-requests", N_("Too many requests"), N_("wait a little and try again")),
}
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)  # wherever a disk says so
_KEPT_HEADERS = ("Allow", "Retry-After")


def init_app(app: Flask) -> None:
    """Answer every error of the application from here."""
    app.register_error_handler(errors.RabiscoError, _answer_rabisco_error)
    app.register_error_handler(HTTPException, _answer_http_error)
    app.register_error_handler(Exception, _answer_unforeseen)


def title_of(error: errors.RabiscoError) -> str:
    """Return the translated title of an error of the core."""
    return str(gettext(PROBLEMS.get(type(error), UNFORESEEN).title))


def as_problem(error: errors.RabiscoError) -> dict[str, object]:
    """Return the body (RFC 9457) that answers an error of the core, in the reader's language."""
    return _body(PROBLEMS.get(type(error), UNFORESEEN), translated(error.sentence))


def wants_page() -> bool:
    """Return whether the client is a browser that shows pages; ``*/*`` (curl, fetch, requests) is not."""
    offered = ["application/json", "application/problem+json", "text/html"]
    return request.accept_mimetypes.best_match(offered) == "text/html"


def redirect_or_answer(address: str, answer: Callable[[], BaseModel], *, located: bool = False) -> Answered:
    """Lead a browser to a page and answer a program, with ``located`` also by the address as header ``Location``."""
    if wants_page():
        return redirect(address, 303)
    return (answer(), {"Location": address}) if located else answer()


def _answer_rabisco_error(error: errors.RabiscoError) -> Response:
    problem = PROBLEMS.get(type(error))
    if problem is None:
        return _answer_unforeseen(error)
    response = _answer(problem, translated(error.sentence))
    if isinstance(error, errors.BusyError):
        response.headers["Retry-After"] = RETRY_AFTER
    if isinstance(error, errors.UnsupportedEncodingError):
        response.headers["Accept-Encoding"] = "identity"
    if isinstance(error, errors.AccessDeniedError):
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _answer_http_error(error: HTTPException) -> WerkzeugResponse:
    if isinstance(error, RequestRedirect):
        return error.get_response()
    if isinstance(error, RequestEntityTooLarge):
        return _answer(PROBLEMS[errors.TooLargeError], too_large())
    status = error.code or UNFORESEEN.status
    unlisted = UNFORESEEN if status >= UNFORESEEN.status else replace(HTTP_PROBLEMS[400], status=status)
    problem = HTTP_PROBLEMS.get(status, unlisted)
    detail = gettext(problem.detail)
    if isinstance(error, MethodNotAllowed):
        expected = sorted({*(error.valid_methods or ())} - {"HEAD", "OPTIONS"})
        detail %= {"expected": ", ".join(expected), "received": request.method[:20]}
    response = _answer(problem, detail)
    for name, value in error.get_headers():
        if name in _KEPT_HEADERS:
            response.headers[name] = value
    return response


def _answer_unforeseen(error: Exception) -> Response:
    if isinstance(error, OSError) and error.errno in FULL:
        return _answer(PROBLEMS[errors.StorageError], translated(no_room().sentence))
    LOGGER.error("unforeseen error in %s %s", request.method, matched_rule(), exc_info=error)
    return _answer(UNFORESEEN, gettext(UNFORESEEN.detail))


def _answer(problem: ProblemKind, detail: str) -> Response:
    body = _body(problem, detail)
    if wants_page():
        page = render_template("platform/problem.html", **body, name=problem.name)
        return Response(page, problem.status, mimetype="text/html")
    response = jsonify(body)
    response.status_code = problem.status
    response.mimetype = "application/problem+json"
    return response


def _body(problem: ProblemKind, detail: str) -> dict[str, object]:
    return {
        "type": f"urn:rabisco:problem:{problem.name}",
        "title": gettext(problem.title),
        "status": problem.status,
        "detail": detail,
    }
