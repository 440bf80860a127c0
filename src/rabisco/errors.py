"""Every error that Rabisco raises on purpose.

Each message has three beats, written for its reader: what was expected, what was received, what to do. A message
never holds a path of the server or a secret, so that the web layer may show it as it is. Which HTTP status each
class gets stands in one table, in ``rabisco.web.platform.problems``.
"""


def N_(message: str) -> str:  # noqa: N802 - the name by which catalogs of translations are extracted
    """Mark a sentence for translation where it stands; it is translated where it is shown."""
    return message


class RabiscoError(Exception):
    """Root of all intended errors; ``str(error)`` is fit to be shown to whoever caused it.

    Args:
        message: The sentence, with ``%(name)s`` where a value stands: so it can be shown in another language too.
        **values: The values; whole numbers are written with separators of thousands.
    """

    def __init__(self, message: str, **values: object) -> None:
        self.message = message
        self.values = values
        shown = {name: f"{value:,}" if isinstance(value, int) else value for name, value in values.items()}
        super().__init__(message % shown if values else message)


class InvalidRequestError(RabiscoError):
    """A request lacks what it needs, or holds it in a form that cannot be read (no file, broken base64)."""


class UnknownFieldError(RabiscoError):
    """A JSON body holds a field that nobody knows, which would otherwise be ignored."""


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


class StorageError(RabiscoError):
    """The disk is full, or a folder cannot be written to; what was there before is still there."""


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
        code: What is wrong, for translation: a key of ``rabisco.intake.MESSAGES``.
        parameters: What the message's places are filled with.
    """

    def __init__(self, message: str, code: str, parameters: dict[str, str | int | float]) -> None:
        super().__init__(message)
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


class AssistantFailedError(RabiscoError):
    """The server of the language model could not be asked, or did not answer as it should."""


class AssistantTimeoutError(RabiscoError):
    """The server of the language model did not answer in time."""


class AssistantQuotaError(RabiscoError):
    """More was asked of the language model than its server or our budget allows."""
