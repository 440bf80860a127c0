"""How a model stands among its versions and among the models."""

from dataclasses import dataclass

from rabisco import artifacts
from rabisco.artifacts import Version
from rabisco.web.models.aliases import default_model
from rabisco.web.platform.routing import app_settings


@dataclass(frozen=True)
class Standing:
    """How a model stands among its versions and among the models, as its page shows it.

    Attributes:
        name: Its name.
        versions: Newest first.
        is_default: Whether it answers when a request names no model.
        undo_default: The model that answered by default before it, if it was promoted; else empty.
    """

    name: str
    versions: list[Version]
    is_default: bool
    undo_default: str

    @property
    def previous(self) -> int | None:
        """The version to which a roll-back goes."""
        return next((version.number for version in self.versions if version.previous), None)

    @property
    def can_be_deleted(self) -> bool:
        """Whether there is a version that was trained here."""
        return any(version.number != artifacts.BUNDLED for version in self.versions)


def standing(name: str) -> Standing:
    """Return how the model called ``name`` stands."""
    settings = app_settings()
    is_default = default_model() == name
    before = artifacts.previous_default() if is_default and artifacts.promoted() == name else None
    undo = "" if before is None else before or settings.default_model
    return Standing(name, artifacts.versions(name), is_default, "" if undo == name else undo)
