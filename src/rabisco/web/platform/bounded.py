"""Requests as the views see them: bounded, whole, and of text that can be kept."""

import re
from typing import IO, Any, cast

from flask import Request, current_app
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge
from werkzeug.formparser import FormDataParser
from werkzeug.utils import cached_property
from werkzeug.wsgi import LimitedStream

from rabisco.errors import N_, InvalidRequestError, TooLargeError
from rabisco.images import begins_as_picture
from rabisco.web.platform.bodies import temporary_file

# Parts of one multipart body, files and fields together; beyond it Werkzeug stops reading.
MOST_PARTS = 1000
# Values of one JSON body: an object of each would cost fifty times its bytes.
MOST_VALUES = 250_000
# How JSON writes what no database keeps and no answer holds: NUL, and halves of pairs of surrogates.
_SUSPICIOUS = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")


class BoundedStream(LimitedStream):
    """A body of unknown length that is refused where it passes the limit; Werkzeug's own cuts it off in silence."""

    def readall(self) -> bytes:
        """Return the whole body.

        Raises:
            RequestEntityTooLarge: It goes on behind the limit.
        """
        body = super().readall()
        if self.is_exhausted and self._stream.read(1):
            raise RequestEntityTooLarge
        return body


class BoundedRequest(Request):
    """A request whose body has a limit, announced in advance or not."""

    @property
    def max_content_length(self) -> int | None:
        """The largest body of this request, in bytes."""
        from rabisco.web.platform.limits import body_limit

        return body_limit(current_app.config["RABISCO"], self.environ)

    @max_content_length.setter
    def max_content_length(self, value: int | None) -> None:
        raise NotImplementedError("the settings say how large a body may be")

    def _get_file_stream(self, *args: Any, **options: Any) -> IO[bytes]:
        """Return where an uploaded file is put; a large one beside the artifacts, where there is room."""
        from rabisco.web.platform.limits import takes_training_data

        if takes_training_data(self.environ):
            return temporary_file(current_app.config["RABISCO"])
        return super()._get_file_stream(*args, **options)

    @property
    def want_form_data_parsed(self) -> bool:
        """Whether there is a form; a picture only says it is one (``curl --data-binary``)."""
        return super().want_form_data_parsed and not (self._says_fields and begins_as_picture(self.get_data()[:16]))

    def make_form_data_parser(self) -> FormDataParser:
        """Return a parser that tells what it cannot read; Werkzeug's own answers an empty form."""
        parser = super().make_form_data_parser()
        parser.silent = False
        return parser

    def _load_form_data(self) -> None:
        """Read a form; its body can be had as it came, too.

        Raises:
            RequestEntityTooLarge: It has too many fields.
            BadRequest: It breaks off, or is no form.
            InvalidRequestError: It holds what is no text.
        """
        if "form" in self.__dict__:
            return
        if self.want_form_data_parsed and self._says_fields and self.get_data().count(b"&") >= MOST_PARTS:
            raise RequestEntityTooLarge
        try:
            super()._load_form_data()
        except ValueError as error:
            raise BadRequest from error
        if None in self.__dict__["form"] or None in self.__dict__["files"]:
            raise BadRequest  # a part without a name
        names = [one.filename or "" for one in self.__dict__["files"].values()]
        check_texts([*self.__dict__["form"].items(multi=True), *names])

    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:
        """Return the body as JSON.

        Raises:
            BadRequest: It is none, or nests deeper than anything that is asked here.
            InvalidRequestError: It holds what is no text.
            TooLargeError: It holds more values than anything that is asked here.
        """
        if self.is_json and sum(map(self.get_data().count, (b",", b"[", b"{"))) > MOST_VALUES:
            raise TooLargeError(
                N_("expected at most %(limit)s values in a JSON body, received more; send them in several requests"),
                limit=MOST_VALUES,
            )
        try:
            value = super().get_json(force, silent, cache)
        except RecursionError as error:
            raise BadRequest from error
        if cache and _SUSPICIOUS.search(self.get_data()):
            check_texts(value)
        return value

    @property
    def _says_fields(self) -> bool:
        return bool(self.mimetype == "application/x-www-form-urlencoded")

    @cached_property
    def stream(self) -> IO[bytes]:
        """The body."""
        if self.content_length is not None or not self.max_content_length:
            return super().stream
        bounded = BoundedStream(self.environ["wsgi.input"], self.max_content_length, is_max=True)
        return cast(IO[bytes], bounded)


def check_texts(value: Any) -> None:
    """Refuse what is no text anywhere in a request's values: no database keeps it.

    Raises:
        InvalidRequestError: A text holds NUL, or half of a pair of surrogates.
    """
    values = [value]
    while values:
        one = values.pop()
        if isinstance(one, str):
            if "\0" in one or not _is_whole(one):
                raise InvalidRequestError(
                    N_("a text holds a sign that is none (NUL, or half of a pair of surrogates); leave it out")
                )
        elif isinstance(one, dict):
            values += [*one.keys(), *one.values()]
        elif isinstance(one, (list, tuple)):
            values += one


def _is_whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
