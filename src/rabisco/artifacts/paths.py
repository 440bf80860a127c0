"""Where artifacts lie: which names there are, which versions of each, and which of them is current.

::

    artifacts/<name>/versions/<number>/   one version: pesos.h5, model.onnx, card.json and, where it has them,
                                          rejection.json, reference.npz, readings.npz, training.npz and
                                          memory.json; never changed
    artifacts/<name>/current.json         the pointer: which version is current, and which were before it
    artifacts/.default.json               which name answers when none is asked for, and which did before

Version 0 of a name is the bundled one. Homes of earlier releases have the three files in ``artifacts/<name>/`` itself:
that is version 1.
"""

import os
import re
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict

from rabisco import objects
from rabisco.artifacts.durable import read_whole, write_whole
from rabisco.errors import N_, InvalidConfigurationError, ModelNotFoundError, NoModelError, VersionNotFoundError
from rabisco.settings import get_settings
from rabisco.text import plain

WEIGHTS_FILE = "pesos.h5"
ONNX_FILE = "model.onnx"
CARD_FILE = "card.json"
REJECTION_FILE = "rejection.json"
REFERENCE_FILE = "reference.npz"
READINGS_FILE = "readings.npz"
TRAINING_FILE = "training.npz"
MEMORY_FILE = "memory.json"
POINTER_FILE = "current.json"
DEFAULT_FILE = ".default.json"
VERSIONS_DIR = "versions"
PLACE = "artifacts"
DEFAULT_KEY = objects.manifest_key(f"{PLACE}/.default")
BUNDLED_DIR = Path(__file__).parent.parent / "bundled"
BUNDLED, FLAT = 0, 1  # numbers of the version in the package, and of that in a home of earlier releases

# Short names and the models that answer to them; a model of one's own called so would be hidden behind them.
ALIASES = {"cnn": ("mnist-cnn",), "linear": ("mnist-linear",), "cifar10": ("cifar10-cnn", "cifar10-resnet18")}

_NAME = re.compile(r"\w[\w.-]{0,59}")
_UNSAFE, _LONGEST = frozenset("/\\\0"), 255  # earlier releases saved under any other name
_MOST_REMEMBERED = 100


class Pointer(BaseModel):
    """Which version of a name is current."""

    model_config = ConfigDict(frozen=True)

    version: int
    before: tuple[int, ...] = ()  # those that were current before it, the latest last: a roll-back goes through them
    last: int = 0  # the greatest number ever given, so that none is given twice, not even after a deletion

    def to(self, version: int) -> "Pointer":
        """Return the pointer that points to ``version`` and remembers this one."""
        before = (*self.before, self.version)[-_MOST_REMEMBERED:]
        return Pointer(version=version, before=before, last=max(self.last, version))


class Default(BaseModel):
    """Which name was chosen as the default, and which were before; an empty one stands for the settings' choice."""

    model_config = ConfigDict(frozen=True)

    name: str = ""
    before: tuple[str, ...] = ()


def check_name(name: str) -> None:
    """Refuse a name that could not be a folder, an address and a word on the command line alike.

    Raises:
        InvalidConfigurationError: It is such a name.
    """
    if not _NAME.fullmatch(name):
        raise InvalidConfigurationError(
            N_(
                "a model's name must be 1 to 60 letters, digits, '-', '_' or '.', the first a letter or digit. "
                "Received: %(name)s; choose another name"
            ),
            name=repr(name[:80]),
        )
    if name.casefold() in ALIASES:
        raise InvalidConfigurationError(
            N_(
                "“%(name)s” is the short name of another model (%(model)s) and would be hidden by it; choose another "
                "name, such as my-%(name)s"
            ),
            name=name,
            model=ALIASES[name.casefold()][0],
        )
    alike = [other for other in list_names() if plain(other) == plain(name)]
    if alike and name not in alike:
        raise InvalidConfigurationError(
            N_(
                "only capitals or accents tell “%(name)s” from the model “%(model)s”; choose another name, or that "
                "one for a new version of it"
            ),
            name=name,
            model=alike[0],
        )


def is_taken(name: str) -> bool:
    """Tell whether a name is a model's, or a short one, or only capitals or accents tell it from such a name."""
    return plain(name) in {plain(other) for other in (*ALIASES, *list_names())}


def list_names() -> list[str]:
    """Return the names of all artifacts, sorted."""
    parents = [parent for parent in (BUNDLED_DIR, get_settings().artifacts_dir) if parent.is_dir()]
    found = {folder.name for parent in parents for folder in parent.iterdir() if not folder.name.startswith(".")}
    return sorted(name for name in found if folders(name))


def exists(name: str) -> bool:
    """Tell whether there is an artifact of that name; cheap enough for every request."""
    return bool(_bundled_stamp(BUNDLED_DIR, name) or folders(name))


@lru_cache
def _bundled_stamp(parent: Path, name: str) -> str:
    """Return the stamp of a bundled model, which stays as it is while anybody asks; empty where there is none."""
    if not _NAME.fullmatch(name) or not (parent / name / CARD_FILE).is_file():
        return ""
    status = (parent / name / CARD_FILE).stat()
    return f"{status.st_ino}:{status.st_mtime_ns}"


def folders(name: str) -> dict[int, Path]:
    """Return the folder of each version of ``name`` by its number, ascending; empty if there is no such name."""
    if not name or name.startswith(".") or not _UNSAFE.isdisjoint(name) or len(name) > _LONGEST:
        return {}
    home = get_settings().artifacts_dir / name
    found = {BUNDLED: BUNDLED_DIR / name, FLAT: home}
    with suppress(OSError):  # none has been saved yet
        found |= {int(folder.name): folder for folder in (home / VERSIONS_DIR).iterdir() if folder.name.isdecimal()}
    return {number: found[number] for number in sorted(found) if (found[number] / CARD_FILE).is_file()}


def pointer_of(name: str) -> Pointer:
    """Return the pointer of a name that exists; where its file is missing, what it would say.

    The newest version of a name that has no pointer yet is current only if there is no earlier one: a save that was
    killed before it moved the pointer has changed nothing.
    """
    there = folders(name)
    pointer = read_whole(get_settings().artifacts_dir / name / POINTER_FILE, Pointer)
    if pointer and pointer.version in there:
        return pointer
    if pointer:  # someone removed the current version's folder
        left = [number for number in pointer.before if number in there] or list(there)
        return Pointer(version=left[-1], before=tuple(left[:-1]), last=max(pointer.last, *there))
    for number in (FLAT, BUNDLED):
        if number in there:
            before = (BUNDLED,) if number == FLAT and BUNDLED in there else ()
            return Pointer(version=number, before=before, last=max(there))
    return Pointer(version=max(there), last=max(there))


def write_pointer(name: str, pointer: Pointer) -> None:
    """Point to another version, in one step, on all servers; call it under the lock of the folder of artifacts."""
    if shared := objects.bucket():
        shared.write(pointer_key(name), pointer.model_dump_json().encode())
    home = get_settings().artifacts_dir / name
    home.mkdir(exist_ok=True)
    write_whole(home / POINTER_FILE, pointer.model_dump_json() + "\n")


def version_key(name: str, number: int) -> str:
    """Return the key of a version's manifest in the object store."""
    return objects.manifest_key(f"{PLACE}/{quote(name)}/{number}")


def pointer_key(name: str) -> str:
    """Return the key of a name's pointer in the object store."""
    return objects.manifest_key(f"{PLACE}/{quote(name)}/current")


def find(name: str, version: int | None = None) -> tuple[int, Path]:
    """Return number and folder of a version of ``name``; of the current one if none is given.

    Raises:
        NoModelError: No artifact is there at all.
        ModelNotFoundError: None has that name.
        VersionNotFoundError: It has no such version.
    """
    there = folders(name)
    if not there:
        raise unknown(name)
    number = pointer_of(name).version if version is None else version
    if number not in there:
        raise VersionNotFoundError(
            N_("the versions of model “%(name)s” are %(versions)s. Received: %(number)s; choose one of them"),
            name=name,
            versions=", ".join(map(str, there)),
            number=number,
        )
    return number, there[number]


def divided(name: str, version: int | None = None) -> tuple[str, int | None]:
    """Return a name and the version that stands behind it, as in ``mnist-cnn@2``; no model's name holds an ``@``."""
    base, at, number = name.rpartition("@")
    if version is None and at and number.isascii() and number.isdecimal() and len(number) < 10:
        return base, int(number)
    return name, version


def stamp(name: str) -> str:
    """Return a text that changes whenever another version of ``name`` becomes current; cheap enough for every request.

    Raises:
        NoModelError: No artifact is there at all.
        ModelNotFoundError: None has that name.
    """
    home = f"{get_settings().artifacts_dir}/{name}"  # as text: paths take longer to join than to be looked at
    try:
        status = os.stat(f"{home}/{POINTER_FILE}")  # noqa: PTH116
    except (OSError, ValueError):
        bundled = _bundled_stamp(BUNDLED_DIR, name)
        if bundled and not os.path.exists(home):  # noqa: PTH110
            return bundled
        status = (find(*divided(name))[1] / CARD_FILE).stat()
    return f"{status.st_ino}:{status.st_mtime_ns}"


def promoted() -> str | None:
    """Return the name of the model that was promoted to answer by default; ``None`` if none was, or it is gone."""
    if not os.path.exists(f"{get_settings().artifacts_dir}/{DEFAULT_FILE}"):  # noqa: PTH110 (asked for by every request)
        return None
    name = read_default().name
    return name if name and exists(name) else None


def read_default() -> Default:
    """Return which model was chosen to answer by default, and which were before."""
    return read_whole(get_settings().artifacts_dir / DEFAULT_FILE, Default) or Default()


def unknown(name: str) -> NoModelError | ModelNotFoundError:
    """Return the error that says that no artifact has that name."""
    names = list_names()
    if not names:
        return NoModelError(N_("no model has been trained yet; train one first: rabisco train mnist-cnn"))
    return ModelNotFoundError(
        N_(
            "a model is one of %(names)s. Received: %(name)s; choose one of them, or train another: rabisco train "
            "--help"
        ),
        names=", ".join(names),
        name=repr(name),
    )
