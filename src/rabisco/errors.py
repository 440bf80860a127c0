"""Every error that Rabisco raises on purpose.

Each message has three beats, written for its reader: what was expected, what was received, what to do. A message
never holds a path of the server or a secret, so that the web layer may show it as it is. Which HTTP status each
class gets stands in one table, in ``rabisco.web.problems``.
"""


class RabiscoError(Exception):
    """Root of all intended errors; ``str(error)`` is fit to be shown to whoever caused it."""


class InvalidRequestError(RabiscoError):
    """A request lacks what it needs, or holds it in a form that cannot be read (no file, broken base64)."""


class InvalidImageError(RabiscoError):
    """Bytes say they are a picture, and are empty, truncated or damaged."""


class UnsupportedImageError(RabiscoError):
    """Bytes are not a picture in any format that Rabisco reads."""


class TooLargeError(RabiscoError):
    """Too many bytes, pixels or files."""


class ModelNotFoundError(RabiscoError):
    """No artifact has the name asked for."""


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


class InvalidConfigurationError(RabiscoError):
    """A setting or a training configuration is out of range or names something that does not exist."""


class MissingExtraError(RabiscoError):
    """A feature was asked for whose optional dependencies are not installed."""


class TrainingCancelledError(RabiscoError):
    """A training was stopped by its user before it ended."""
