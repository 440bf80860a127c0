"""Every error that Rabisco raises on purpose.

Each message has three beats, written for its reader: what was expected, what was received, what to do. A message
never holds a path of the server or a secret, so that the web layer may show it as it is. Which HTTP status each
class gets stands in one table, in ``rabisco.web.platform.problems``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


def N_(message: str) -> str:  # noqa: N802 - the name by which catalogs of translations are extracted
    """Mark a sentence for translation where it stands; it is translated where it is shown."""
    return message


@dataclass(frozen=True)
class Sentence:
    """A sentence apart from the values in it, so that it can be told in another language; ``str`` tells it in English.

    Attributes:
        message: Marked by ``N_``, with ``%(name)s`` where a value stands.
        values: The values; a value may itself be a ``Sentence``. Whole numbers get separators of thousands.
    """

    message: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        return {
            "message": self.message,
            "values": {
                name: value.to_dict() if isinstance(value, Sentence) else value for name, value in self.values.items()
            },
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> "Sentence":
        """Return what ``to_dict`` wrote."""
        values = value["values"].items()
        return cls(
            value["message"], {name: cls.from_dict(one) if isinstance(one, dict) else one for name, one in values}
        )

    def __bool__(self) -> bool:
        return bool(self.message)

    def __str__(self) -> str:
        shown = {name: f"{value:,}" if isinstance(value, int) else value for name, value in self.values.items()}
        return self.message % shown if shown else self.message


class RabiscoError(Exception):
    """Root of all intended errors; ``str(error)`` is fit to be shown to whoever caused it.

    Args:
        message: What ``sentence`` has, see there.
        **values: The values in it.
    """

    def __init__(self, message: str, **values: object) -> None:
        self.sentence = Sentence(message, values)
        super().__init__(str(self.sentence))


class InvalidRequestError(RabiscoError):
    """A request lacks what it needs, or holds it in a form that cannot be read (no file, broken base64)."""


class UnknownFieldError(RabiscoError):
    """A request holds a field that nobody knows, which would otherwise be ignored."""


class InvalidImageError(RabiscoError):
    """Bytes say they are a picture, and are empty, truncated or damaged."""


class UnsupportedImageError(RabiscoError):
    """Bytes are not a picture in any format that Rabisco reads."""


class TooLargeError(RabiscoError):
    """Too many bytes, pixels or files."""


class ModelNotFoundError(RabiscoError):
    """No artifact has the name asked for."""


class VersionNotFoundError(RabiscoError):
    """A model has no version of the number asked for."""


class VersionConflictError(RabiscoError):
    """What was asked of a version contradicts its use: deleting the one that answers, going back from the first."""


class CorrectionNotFoundError(RabiscoError):
    """No correction of this reader has the number asked for."""


class MeasurementNotFoundError(RabiscoError):
    """No measurement of models on the same images has the id asked for."""


class UnsupportedEncodingError(RabiscoError):
    """A request's body is compressed."""


class StorageError(RabiscoError):
    """The disk is full, or a folder cannot be written to; what was there before is still there."""


class LaterDatabaseError(StorageError):
    """The database was made by a later release, which alone can read it."""


class AccessDeniedError(RabiscoError):
    """Something that changes the server was asked for without its access token."""


class CrossSiteError(RabiscoError):
    """A browser sent this because another site made it, not because its reader wanted it."""


class ReadOnlyError(RabiscoError):
    """Something was asked for that the settings switch off."""


class BusyError(RabiscoError):
    """The server does as much as it can; the same request will be answered a little later."""


class NoModelError(RabiscoError):
    """No artifact is there at all: one must be trained first."""


class InvalidArtifactError(RabiscoError):
    """An artifact folder is incomplete, or its files are not those that its card names."""


class UnknownDatasetError(RabiscoError):
    """The catalog has no data set of the name asked for."""


class DataUnavailableError(RabiscoError):
    """A data set's files are neither here nor to be had; the message says which file to put where."""


class InvalidDataError(RabiscoError):
    """A data file is truncated, of the wrong size, of the wrong format, or contradicts itself."""


class UnusableDataError(InvalidDataError):
    """A user's own file, or data in it, cannot be trained on.

    Attributes:
        code: What is wrong, for programs: a key of ``rabisco.intake.MESSAGES``.
        parameters: What the message's places are filled with.
    """

    def __init__(self, message: str, code: str, parameters: Mapping[str, Any]) -> None:
        super().__init__(message, **parameters)
        self.code = code
        self.parameters = parameters


class InvalidConfigurationError(RabiscoError):
    """A setting or a training configuration is out of range or names something that does not exist."""


class MissingExtraError(RabiscoError):
    """A feature was asked for whose optional dependencies are not installed."""


class UploadNotFoundError(RabiscoError):
    """No upload has the id asked for, or its files are gone."""


class RunNotFoundError(RabiscoError):
    """No training run has the id asked for."""


class RunConflictError(RabiscoError):
    """What was asked of a run contradicts its state, as to stop one that has ended."""


class TrainingCancelledError(RabiscoError):
    """A training was stopped by its user before it ended."""


class TrainingPausedError(RabiscoError):
    """A training stands at the end of an epoch; its checkpoint is there to go on from."""


class AssistantFailedError(RabiscoError):
    """The server of the language model could not be asked, or did not answer as it should."""


class AssistantTimeoutError(RabiscoError):
    """The server of the language model did not answer in time."""


class AssistantQuotaError(RabiscoError):
    """More was asked of the language model than its server or our budget allows."""
