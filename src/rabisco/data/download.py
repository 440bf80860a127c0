"""Where a data set's files are: the data folder first, then the cache, then the network.

What downloads is imported for a download: a server that shows data sets needs nothing of it.
"""

from functools import partial
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

from rabisco.data.entry import DataFile, Entry
from rabisco.errors import N_, DataUnavailableError, Sentence
from rabisco.settings import get_settings

_CHUNK_BYTES = 1 << 16
_TIMEOUT_SECONDS = 30
RETRIES = 1  # of each address, from the beginning


def locate(entry: Entry, file: DataFile) -> Path:
    """Return where ``file`` of ``entry`` lies, after downloading it if need be.

    A file in the data folder is taken as it is, for its reader to check. One from the network is checked against
    the published checksum before it is moved into the cache in one step, and again whenever it is taken from there.

    Raises:
        DataUnavailableError: It is nowhere, and cannot be downloaded; the message says where to put it.
    """
    return locate_file(file, f"data set {entry.name!r}", entry.files)


def locate_file(file: DataFile, needed_by: str, files: tuple[DataFile, ...] = ()) -> Path:
    """Return where ``file`` lies, after downloading it if need be; see ``locate``.

    Args:
        file: What is looked for.
        needed_by: What needs it, for the message.
        files: All that is needed, of which the message names what is missing.
    """
    return _in_data_dir(file) or _download(file, needed_by, files or (file,))


def missing(files: tuple[DataFile, ...]) -> list[DataFile]:
    """Return those of ``files`` that are neither in the data folder nor in the cache."""
    cache = get_settings().cache_dir
    return [file for file in files if not _in_data_dir(file) and not (cache / file.places[0]).exists()]


def _in_data_dir(file: DataFile) -> Path | None:
    folder = get_settings().data_dir
    if folder is None:
        return None
    return next((folder / place for place in file.places if (folder / place).exists()), None)


def _download(file: DataFile, needed_by: str, files: tuple[DataFile, ...]) -> Path:
    from requests.exceptions import RequestException  # what pooch raises

    failures = []
    for url in file.urls:
        try:
            return _fetch(file, url)
        except (RequestException, ValueError) as error:
            failures.append(f"{urlsplit(url).hostname} {_reason(error)}")
        except OSError as error:
            raise DataUnavailableError(
                N_(
                    "%(name)s was to be kept in the cache folder, which cannot be written (%(reason)s); make room "
                    "there, or set RABISCO_CACHE_DIR to another folder"
                ),
                name=file.name,
                reason=str(error.strerror),
            ) from None
    raise _unavailable(file, needed_by, missing(files) or [file], failures)


def _fetch(file: DataFile, url: str) -> Path:
    import pooch
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    pooch.get_logger().setLevel("WARNING")
    place = file.places[0]
    keeper = pooch.create(
        path=get_settings().cache_dir,
        base_url="",
        registry={place: file.checksum},
        urls={place: url},
        retry_if_failed=RETRIES,
    )
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(file.name, total=file.size_bytes)
        bar = SimpleNamespace(
            update=partial(progress.advance, task), reset=partial(progress.reset, task), close=progress.stop
        )
        downloader = pooch.HTTPDownloader(progressbar=bar, chunk_size=_CHUNK_BYTES, timeout=_TIMEOUT_SECONDS)

        def attempt(url: str, output_file: str, keeper: pooch.Pooch) -> None:
            progress.reset(task)
            downloader(url, output_file, keeper)

        return Path(keeper.fetch(place, downloader=attempt))


def _reason(error: Exception) -> str:
    if isinstance(error, ValueError):
        return "sent a file with another checksum"
    response = getattr(error, "response", None)
    if response is not None:
        return f"answered {response.status_code}"
    return "could not be reached or broke off"


def _unavailable(file: DataFile, needed_by: str, missing: list[DataFile], failures: list[str]) -> DataUnavailableError:
    wanted = ", ".join(f"{each.places[0]} (from {each.urls[0]})" if each.urls else each.places[0] for each in missing)
    return DataUnavailableError(
        N_(
            "%(needed_by)s needs %(name)s, which is neither in the data folder nor in the cache%(tried)s; "
            "put into the folder that RABISCO_DATA_DIR names%(unset)s: %(wanted)s"
        ),
        needed_by=needed_by,
        name=file.name,
        tried=Sentence(N_(", and cannot be downloaded (%(reasons)s)"), {"reasons": "; ".join(failures)})
        if failures
        else "",
        unset="" if get_settings().data_dir else Sentence(N_(" (it is not set)")),
        wanted=wanted,
    )
