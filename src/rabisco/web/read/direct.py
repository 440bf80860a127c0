"""The short way of the request that is made most: pictures in, predictions out, past the framework.

Reading a picture takes less time than the hooks, sessions and parsers of a view, so ``POST /predict`` and
``/predict/<model>`` with a picture as the body, or with a form or JSON of nothing but pictures, pass none of them;
the drawing page's requests are such. What is anything but plain is left to the views: fields beside the pictures, what
another site made a browser send, several characters, what cannot be read, and sentences in another language while
there is no application. ``GET /health`` is answered here too, so that asking for it loads no page, and static files as
their view answered them before. Tests hold both ways to the same answers, headers, figures and log lines.
"""

import base64
import binascii
import io
import mmap
import os
import re
import struct
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from itertools import chain
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from pydantic_core import to_json

from rabisco import objects
from rabisco.artifacts import list_names
from rabisco.characters import AMONG, Among
from rabisco.errors import RabiscoError, Sentence
from rabisco.images import decode
from rabisco.images.normalize import CHARACTERS
from rabisco.inference import LOADED_LIGHT, Prediction, Predictor, get_predictor, named
from rabisco.rejection import MESSAGES
from rabisco.settings import Settings
from rabisco.web.models.aliases import default_model
from rabisco.web.platform import logs
from rabisco.web.platform.allowance import Allowance
from rabisco.web.platform.environ import GONE, REFUSAL
from rabisco.web.platform.metrics import Metrics
from rabisco.web.platform.refusals import SAFE, WireAnswer
from rabisco.web.read import FILE_FIELDS, MOST_MODELS, TEXT_FIELDS, USUAL_TOP_K

# A PNG of at most this many bytes and pixels takes a millisecond or two: it is read without a thread of its own.
SMALL_BYTES, SMALL_PIXELS = 64 * 1024, 640 * 640
# At most this many pictures, and hardly more values of pixels, are read together.
TOGETHER, TOGETHER_VALUES = 16, 3 * 2_000_000
FORM_BYTES = 2048  # that stand around a file
# Who read within these seconds is at work still, and has a core.
AT_WORK_SECONDS = 0.02
# Says of a request that it was looked at here and left to the views.
LEFT = "rabisco.left"
PNG_HEADER = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"

HEALTH = ("/health", "/health/ready", "/health/live")
STATIC = "/static/"
STATIC_RULE, VERSIONED_STATIC_RULE = "/static/<path:filename>", "/static/v-<version>/<path:filename>"
_VERSION = re.compile(r"/static/v-[^/]+/")
# What the answer to a request for a static file depends on, beside its path; and the most answers that are kept.
CONDITIONS = ("ACCEPT_ENCODING", "IF_NONE_MATCH", "IF_MODIFIED_SINCE", "IF_RANGE", "RANGE")
MOST_KEPT, MOST_KEPT_BYTES = 512, 64 * 1024
_NAME = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,59}"
_NAMES = rf"{_NAME}(?:,{_NAME}){{0,{MOST_MODELS - 1}}}"
_PATH = re.compile(rf"/predict(?:/({_NAMES}))?")
# What may be asked in the address, and what a plain value is.
_OPTIONS = {
    "steps": re.compile("[01]"),
    "characters": re.compile("one"),
    "among": re.compile("|".join(AMONG)),
    "top_k": re.compile("[1-9][0-9]{0,2}|1000"),
    "model": re.compile(_NAMES),
}
_FORM = re.compile(r"""multipart/form-data; ?boundary=("?)([A-Za-z0-9'+_.-]{1,90})\1""")
_FIELDS = "|".join(map(re.escape, FILE_FIELDS))
_PART = re.compile(
    rb'Content-Disposition: form-data; name="((?:%b)(?:\[\d*\])?)"; filename="[A-Za-z0-9 ()+,_.-]+"'
    rb"(?:\r\nContent-Type: [A-Za-z0-9/+.-]+)?\r\n\r\n" % _FIELDS.encode()
)
_RAW = re.compile(r"image/[a-z0-9.+-]+|application/octet-stream")
_JSON = re.compile(r"application/json(; ?charset=utf-8)?")
_TEXT = rb'"[A-Za-z0-9+/=_:;,.-]+"'  # base64, or a data URL, without escapes
_OBJECT = re.compile(
    rb'\s*\{\s*(?:"(?:%b)"\s*:\s*%b|"images"\s*:\s*\[\s*%b(?:\s*,\s*%b)*\s*\])\s*\}\s*'
    % ("|".join(TEXT_FIELDS).encode(), _TEXT, _TEXT, _TEXT)
)

# When each process began to read last, by the monotonic clock, in memory that is shared by all that are forked.
_began = memoryview(mmap.mmap(-1, mmap.PAGESIZE)).cast("d")[:64]


@dataclass(frozen=True)
class _PlainRequest:
    """A plain request: its environment, rule and files, what models are to read them, and how; when it was begun."""

    environ: dict[str, Any]
    rule: str
    files: Sequence[bytes | str]
    predictors: tuple[Predictor, ...]
    top_k: int
    among: Among
    steps: bool
    started: float

    @property
    def in_english(self) -> bool:
        """Whether sentences of the answer are in English, as they are marked: no other language is asked for."""
        return "HTTP_ACCEPT_LANGUAGE" not in self.environ and "HTTP_COOKIE" not in self.environ

    def read(self, pictures: Iterable[NDArray[np.uint8]], *, beside: bool) -> Iterator[tuple[Prediction, ...]]:
        """Yield for each picture what each model reads in it; few are in memory at once.

        ``beside`` is as for ``Predictor.predict_many``.
        """
        first, *others = self.predictors
        if beside and not others and first.card.normalizer in CHARACTERS:
            for one in first.predict_many(pictures, self.top_k, self.among, beside=True):
                yield (one,)
            return
        batch, values = list[NDArray[np.uint8]](), 0
        for picture in chain(pictures, (None,)):
            if picture is not None:
                batch.append(picture)
                values += picture.size
                if len(batch) < TOGETHER and values < TOGETHER_VALUES:
                    continue
            if batch:
                reads = [list(first.predict_many(batch, self.top_k, self.among, beside=beside))]
                inks = [one.prepared.ink for one in reads[0]]
                reads += [list(other.predict_many(batch, self.top_k, self.among, inks)) for other in others]
                yield from zip(*reads, strict=True)
                batch, values = [], 0


class Direct:
    """Answers plain requests of one application.

    Args:
        settings: Limits that are kept, and which model answers.
        figures: Where requests are counted.

    Attributes:
        has_application: Whether there is an application, and with it what stands in the reader's language.
    """

    has_application = False

    def __init__(self, settings: Settings, figures: Metrics) -> None:
        self._settings = settings
        self.figures = figures
        self._at_work = set[int]()  # requests that are being read
        self._kept: dict[tuple[str, ...], tuple[tuple[int, int], WireAnswer]] = {}

    def __call__(self, environ: dict[str, Any]) -> WireAnswer | None:
        """Return status, headers and body of the answer; ``None`` for what the views are to answer.

        Args:
            environ: The request's environment (PEP 3333); its body is there again for the views.
        """
        if environ["PATH_INFO"] in HEALTH:
            return self.health(environ)
        asked = self._asked(environ, {})
        if asked is None:
            return None
        told, notes = list[Any](), list[Sentence]()
        allowance = None if is_small(asked.files) else Allowance(self._settings, environ)
        self._at_work.add(id(environ))
        try:
            limits, admit = self._settings.picture_limits, allowance.take if allowance else None
            pictures = (decode(data, **limits, notes=notes, admit=admit) for data in asked.files)
            for one in asked.read(pictures, beside=self._is_alone() and len(asked.files) > 1):
                answer = self._told(asked, one)
                if notes or answer is None:
                    break
                told.append(answer)  # and not what was made of the picture, which takes a megabyte
        except (RabiscoError, OSError):
            told.clear()
        finally:
            self._at_work.discard(id(environ))
            if allowance:
                allowance.end()
        if (gone := environ.get(GONE)) is not None and gone.is_set():
            return 503, [], b""  # which nobody waits for
        if len(told) < len(asked.files):  # the answer holds a sentence in the reader's language
            environ[LEFT] = True
            return None
        return self._answer(environ, asked.rule, {"predictions": [*chain(*told)]}, asked.started)

    def together(self, environs: Sequence[dict[str, Any]]) -> list[WireAnswer | None]:
        """Return the answers to requests for one small picture each; ``None`` for all others.

        Each step is done for all pictures before the next one, which takes a fifth to a quarter less.

        Args:
            environs: As for a call.
        """
        answers: list[WireAnswer | None] = [None] * len(environs)
        known: dict[str, Predictor] = {}
        alike: dict[Any, list[tuple[int, _PlainRequest, NDArray[np.uint8]]]] = {}
        for place, environ in enumerate(environs):
            notes: list[Sentence] = []
            try:
                asked = self._asked(environ, known, only_small=True)
                if asked:
                    picture = decode(asked.files[0], **self._settings.picture_limits, notes=notes)
                    if notes:  # which are in the reader's language, as is a refusal
                        environ[LEFT] = True
                    else:
                        same = asked.predictors, asked.top_k, asked.among
                        alike.setdefault(same, []).append((place, asked, picture))
            except Exception:  # the views tell the reader, and others get their answers
                environ[LEFT] = True
        for small in alike.values():
            try:
                alone = self._is_alone() and len(environs) == 1 and not self._at_work
                reads = small[0][1].read([picture for *_, picture in small], beside=alone)
                told = [self._told(asked, one) for (_, asked, _), one in zip(small, reads, strict=True)]
            except Exception:
                told = [None] * len(small)
            for (place, asked, _), predictions in zip(small, told, strict=True):
                if predictions is None:
                    asked.environ[LEFT] = True
                else:
                    facts = {"predictions": predictions}
                    answers[place] = self._answer(asked.environ, asked.rule, facts, asked.started)
        return answers

    def _told(self, asked: "_PlainRequest", reads: Sequence[Prediction]) -> list[dict[str, Any]] | None:
        """Return what each model read in a picture as the answer holds it, ``None`` while only the views know how."""
        told = [read.to_dict() for read in reads]
        if not asked.steps and not any(read.refused and not asked.in_english for read in reads):
            return told
        if not self.has_application:
            return None
        from rabisco.web.platform.languages import locale_of, translated
        from rabisco.web.read.schemas import steps

        locale, drawn = locale_of(asked.environ), dict[tuple[str, int], dict[str, str]]()
        for facts, read in zip(told, reads, strict=True):
            if read.refused:
                facts["refused"]["message"] = translated(Sentence(MESSAGES[read.refused]), locale)
            if asked.steps:
                facts["steps"] = steps(read, drawn, locale)
        return told

    def _is_alone(self) -> bool:
        """Note that this process reads; return whether no other request is read, here or by another process."""
        now, own = time.monotonic(), os.getpid() % len(_began)
        _began[own] = 0
        alone = len(self._at_work) < 2 and max(_began) < now - AT_WORK_SECONDS
        _began[own] = now
        return alone

    def _asked(
        self, environ: dict[str, Any], known: dict[str, Predictor], *, only_small: bool = False
    ) -> "_PlainRequest | None":
        """Return what a plain request asks for; ``None`` for any other, and for one whose model is not to be had.

        Requests that share ``known``, the predictors by what was asked for, are read by the same versions.
        """
        started = time.perf_counter()
        path, query = _PATH.fullmatch(environ["PATH_INFO"]), environ["QUERY_STRING"]
        options = _options(query) if query else dict[str, str]()
        site, length = environ.get("HTTP_SEC_FETCH_SITE"), environ.get("CONTENT_LENGTH", "")
        own = f"{environ['wsgi.url_scheme']}://{environ.get('HTTP_HOST')}"  # without TLS browsers tell no site
        is_plain = (
            path is not None
            and options is not None
            and not (path[1] and "model" in options)
            and environ["REQUEST_METHOD"] == "POST"
            and REFUSAL not in environ
            and LEFT not in environ
            and not self._settings.rate_limit
            and not environ.get("flask._preserve_context")
            and "HTTP_CONTENT_ENCODING" not in environ
            and (site in ("same-origin", "none") if site else environ.get("HTTP_ORIGIN", own) == own)
            and length.isdecimal()
            and int(length) <= (FORM_BYTES + SMALL_BYTES if only_small else self._settings.max_upload_bytes)
        )
        if path is None or options is None or not is_plain:  # there is something that only the views know to judge
            return None
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        environ["wsgi.input"] = io.BytesIO(body)
        files = only_pictures(environ.get("CONTENT_TYPE", ""), body)
        models = (path[1] or options.get("model") or "").split(",")
        most = max(1, self._settings.max_files // len(models))
        if not files or len(files) > most or (only_small and not is_small(files)):
            return None
        try:
            for one in models:
                if one in known:
                    continue
                name = named(one) if one else default_model(self._settings)
                if only_small and name not in LOADED_LIGHT:
                    return None
                known[one] = get_predictor(name)
        except (RabiscoError, OSError):
            environ[LEFT] = True
            return None
        return _PlainRequest(
            environ,
            "/predict/<model>" if path[1] else "/predict",
            files,
            tuple(known[one] for one in models),
            int(options.get("top_k", USUAL_TOP_K)),
            cast("Among", options.get("among", "any")),
            options.get("steps") == "1",
            started,
        )

    def health(self, environ: dict[str, Any]) -> WireAnswer | None:
        """Return that the server is well; ``None`` if it is not, which the view tells."""
        started, path = time.perf_counter(), environ["PATH_INFO"]
        if (
            path not in HEALTH
            or environ["REQUEST_METHOD"] != "GET"
            or environ["QUERY_STRING"]
            or environ.get("CONTENT_LENGTH")
        ):
            return None
        facts: dict[str, Any] = {"status": "live"}
        if path != "/health/live":
            try:
                predictor = get_predictor(default_model(self._settings))
                name, storage = predictor.card.name, objects.state()
                facts = {"status": "ready", "default_model": name, "models": list_names(), "storage": storage}
            except (RabiscoError, OSError):
                return None
        return self._answer(environ, path, facts, started)

    def static(self, environ: dict[str, Any]) -> WireAnswer | None:
        """Return what a view answered to the same request for a static file, if the file is still the same."""
        started = time.perf_counter()
        written, answer = self._kept.get(_static_request(environ), (None, None))
        if answer is None or written != _written(environ["PATH_INFO"]):
            return None
        status, headers, body = answer
        name, seconds = logs.request_id(environ.get("HTTP_X_REQUEST_ID")), time.perf_counter() - started
        rule = VERSIONED_STATIC_RULE if _VERSION.match(environ["PATH_INFO"]) else STATIC_RULE
        self.figures.count("GET", rule, status, seconds)
        logs.note_request("GET", rule, status, seconds, len(body), name)
        return status, [*headers, (_ID, name)], body

    def keep_static(self, environ: dict[str, Any], status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        """Keep what a view answered to a request for a static file, for ``static``."""
        is_plain = environ["REQUEST_METHOD"] == "GET" and not environ["QUERY_STRING"] and not self._settings.rate_limit
        if is_plain and status in (HTTPStatus.OK, HTTPStatus.NOT_MODIFIED) and len(body) <= MOST_KEPT_BYTES:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            lasting = [(name, value) for name, value in headers if name.lower() != _ID]
            self._kept[_static_request(environ)] = _written(environ["PATH_INFO"]), (status, lasting, body)

    def _answer(self, environ: dict[str, Any], rule: str, facts: dict[str, Any], started: float) -> WireAnswer:
        """Return JSON with all headers that views send, counted and logged."""
        if "predictions" in facts:
            for model, count in Counter(one["model"] for one in facts["predictions"]).items():
                self.figures.predictions_of(model).inc(count)
        body = to_json(facts)
        name = logs.request_id(environ.get("HTTP_X_REQUEST_ID"))
        method, seconds = environ["REQUEST_METHOD"], time.perf_counter() - started
        self.figures.count(method, rule, 200, seconds)
        logs.note_request(method, rule, 200, seconds, len(body), name)
        length = str(len(body))
        return 200, [("content-type", "application/json"), ("content-length", length), *SAFE, (_ID, name)], body


def only_pictures(content_type: str, body: bytes) -> Sequence[bytes | str]:
    """Return the file that is the whole body, the parts of a form that is files of one name, or the texts of JSON.

    It is empty for any other body.

    Args:
        content_type: As it was sent.
        body: The same.

    Source: RFC 7578; a part ends where a line begins with the boundary, behind whatever kind of line end.
    """
    if _RAW.fullmatch(content_type):
        return [body]
    if _JSON.fullmatch(content_type):
        return [text[1:-1].decode() for text in re.findall(_TEXT, body)[1:]] if _OBJECT.fullmatch(body) else []
    form = _FORM.fullmatch(content_type)
    if form is None:
        return []
    edge = b"--" + form[2].encode()
    start = 2 if body.startswith(b"\r\n") else 0
    files, names = [], set[bytes]()
    while body.startswith(edge + b"\r\n", start):
        part = _PART.match(body, start + len(edge) + 2)
        end = body.find(edge, part.end()) if part else -1
        if part is None or end - 2 < part.end() or body[end - 2 : end] != b"\r\n":
            return []
        files.append(body[part.end() : end - 2])
        names.add(part[1])
        start = end
    return files if len(names) == 1 and body[start:] in (edge + b"--\r\n", edge + b"--") else []


def _options(query: str) -> dict[str, str] | None:
    """Return what the address asks, if that is plain: known names, each once, with values that need no judging."""
    pairs = [one.partition("=")[::2] for one in query.split("&")]
    found = dict(pairs)
    plain = all(name in _OPTIONS and _OPTIONS[name].fullmatch(value) for name, value in pairs)
    return found if plain and len(found) == len(pairs) else None


def _static_request(environ: dict[str, Any]) -> tuple[str, ...]:
    """Return what the answer to a request for a static file depends on."""
    conditions = (environ.get(f"HTTP_{name}", "") for name in CONDITIONS)
    return environ["REQUEST_METHOD"], environ["PATH_INFO"], environ["QUERY_STRING"], *conditions


def _written(path: str) -> tuple[int, int]:
    """Return when a static file was written, in nanoseconds, and its size; zeros if it is gone."""
    try:
        found = (_WEB / _VERSION.sub(STATIC, path)[1:]).stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size


def is_small(files: Sequence[bytes | str]) -> bool:
    """Return whether one file is all, and is read in a moment, by its header: a PNG of few bytes and pixels."""
    data = files[0]
    if len(files) > 1 or len(data) > SMALL_BYTES:
        return False
    if isinstance(data, str):
        try:
            data = base64.b64decode(data.rpartition(",")[2][:32])
        except binascii.Error:
            return False
    if len(data) < 24 or not data.startswith(PNG_HEADER):
        return False
    width, height = struct.unpack_from(">II", data, 16)
    return bool(width * height <= SMALL_PIXELS)


def send(answer: WireAnswer, start_response: Callable[..., object]) -> list[bytes]:
    """Return an answer's body, its status and headers having been given to a WSGI server."""
    status, headers, body = answer
    start_response(f"{status} {HTTPStatus(status).phrase}", headers)
    return [body]


_ID = logs.HEADER.lower()
_WEB = Path(__file__).parents[1]  # holds ``static``
