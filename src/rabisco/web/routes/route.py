"""What is said of one route."""

from dataclasses import dataclass

from flask_babel import LazyString
from pydantic import BaseModel


@dataclass(frozen=True)
class Route:
    """One route as its documentation shows it.

    Attributes:
        method: ``GET`` or ``POST``.
        path: The rule, as Flask writes it.
        summary: What it does, in the reader's language.
        examples: Commands; ``{url}`` stands for the address of this server.
        answer: The shape of its JSON; ``None`` if it answers with a page only.
        page: Whether a browser gets a page.
        plain: Whether it answers with plain text.
        file: Media type of the file that it answers with.
        receives: The pictures it takes: ``any`` accepted form, or only those of a ``form``, or none; or a body of
            ``rabisco.web.training_bodies``.
        query: Parameters after the question mark.
        problems: Statuses that it may answer besides those that every route may.
        guarded: Whether it asks for the access token though it is a ``GET``; others do unless they are ``open``.
        success: Status of the answer when all is well; a browser's form is led on to a page instead (303).
        open: Why anybody may use it though it is no ``GET``.
        large: Whether its body may be as large as training data are (``RABISCO_MAX_TRAINING_BYTES``).
    """

    method: str
    path: str
    summary: LazyString
    examples: tuple[str, ...] = ()
    answer: type[BaseModel] | None = None
    page: bool = False
    plain: bool = False
    file: str = ""
    receives: str = ""
    query: tuple[str, ...] = ()
    problems: tuple[int, ...] = ()
    large: bool = False
    guarded: bool = False
    success: int = 200
    open: str = ""

    @property
    def needs_access(self) -> bool:
        """Whether it asks for the access token."""
        return self.guarded or (self.method != "GET" and not self.open)
