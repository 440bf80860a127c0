"""What all tests share: settings of their own, the real data where they are, a real server."""

import gc
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests import forking, parallel
from tests.parallel import pytest_addoption, pytest_runtestloop  # noqa: F401 - hooks of pytest
from tests.web import serving as servers
from tests.web.serving import Server, serving

from rabisco.settings import get_settings

ROOT = Path(__file__).parent.parent
SECONDS = {"training": 8, "browser": 3, "slow": 3, "server": 1}  # that a test with this mark takes, about
LONGER = {  # files that take far longer than their marks tell, and how many seconds
    "tests/browser/test_accessibility.py": 110,
    "tests/browser/test_sections.py": 75,
    "tests/browser/test_training.py": 170,
    "tests/bulk/test_reading.py": 40,
    "tests/cli/test_cli.py": 70,
    "tests/cli/test_report_command.py": 40,
    "tests/recipes/test_recipes.py": 50,
    "tests/retraining/test_rejection_rule.py": 90,
    "tests/runs/test_successive_halving.py": 85,
    "tests/runs/test_kills.py": 100,
    "tests/runs/test_upload_worker.py": 50,
    "tests/runs/test_measurements.py": 40,
    "tests/runs/test_queue.py": 50,
    "tests/test_notebooks.py": 80,
    "tests/test_nothing_leaves.py": 60,
    "tests/test_several_servers.py": 120,
    "tests/web/corrections/test_retraining_pages.py": 80,
    "tests/web/platform/test_silent_database.py": 80,
    "tests/web/train/test_label_errors.py": 40,
}
REPEATED = pytest.mark.flaky(reruns=1, reruns_delay=5)

# The real data sets, if they lie beside the code; every test that needs them is skipped where they do not.
if "RABISCO_DATA_DIR" not in os.environ and (ROOT / ".data").is_dir():
    os.environ["RABISCO_DATA_DIR"] = str(ROOT / ".data")

# Bytecode is kept although the environment may forbid it: the tests start Python hundreds of times, and each would
# compile the package, or all of Keras where it was installed without, once more.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# One thread for what computes here, as for the trainings that tests start: more of them wait for each other, and for
# those of the other processes, with the processor in their hands.
for variable in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
    os.environ.setdefault(variable, "1")


def pytest_configure(config: pytest.Config) -> None:
    """Begin what servers and trainings are forked from before several test processes, which share it."""
    for kind in forking.PLACES if parallel.number_of_processes(config) else ():
        forking.place_of(kind)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a running server, and begin with the files that take longest, as their marks or ``LONGER`` tell.

    Files are shared out in this order, and a long one at the end leaves one core idle. What needs a page or a server
    is repeated once where it fails, for a machine may stand still for seconds, and the summary names it.
    """
    weights: Counter[Path] = Counter()
    for item in items:
        module = getattr(item, "module", None)
        if "server" in getattr(item, "fixturenames", ()) or hasattr(module, "serving"):
            item.add_marker("server")
        if item.get_closest_marker("browser") or item.get_closest_marker("server"):
            item.add_marker(REPEATED)
        weights[item.path] += max((SECONDS.get(mark.name, 0) for mark in item.iter_markers()), default=0)
    for name, seconds in LONGER.items():
        weights[ROOT / name] = seconds
    items.sort(key=lambda item: -weights[item.path])


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[object]:
    """Look for no garbage while tests are collected, which takes half the time, nor among them later."""
    gc.disable()
    collected = yield
    gc.freeze()
    gc.enable()
    return collected


@contextmanager
def processor_time_below(limit: float) -> Iterator[None]:
    """Fail if the block takes so many seconds of processor time, on a machine where ``_work`` takes 0.4 of them.

    A slower one, or one that other tests keep busy at the moment, may take longer by as much as its work takes longer.
    """
    started = time.process_time()
    yield
    taken = time.process_time() - started
    if taken >= limit:
        taken /= max(1.0, _work() / 0.4)
    assert taken < limit


def _work() -> float:
    """Return the seconds of processor time that text and lists take, as most of what is bounded makes."""
    started = time.process_time()
    kept = [f"a/{number}.png".encode().decode("cp437").split("/") for number in range(300_000)]
    assert len(kept) == 300_000
    return time.process_time() - started


def shared(factory: pytest.TempPathFactory, name: str) -> Path:
    """Return a folder that all processes of this test run share."""
    own = factory.getbasetemp()
    folder = (own.parent if parallel.VARIABLE in os.environ else own) / name
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session", autouse=True)
def session_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An empty RABISCO_HOME for whatever lives longer than one test; no other setting but the data folder is kept."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("RABISCO_") and name != "RABISCO_DATA_DIR"]:
            patch.delenv(name)
        patch.setenv("RABISCO_HOME", str(folder))
        patch.setenv("RABISCO_TRAINING_NICENESS", "0")  # tests wait for trainings, which would wait for other programs
        patch.setenv("RABISCO_TRAINING_THREADS", "1")  # the others belong to the tests of other processes
        cache = tmp_path_factory.mktemp("cache")
        (cache / "rejection").symlink_to(shared(tmp_path_factory, "drawn"))
        patch.setenv("RABISCO_CACHE_DIR", str(cache))
        patch.setenv("KERAS_HOME", str(tmp_path_factory.mktemp("libraries")))
        patch.setenv("MPLCONFIGDIR", str(shared(tmp_path_factory, "fonts")))  # else each home would have its list made
        if forking.place_of("training"):
            servers.FORKS = True
            forking.fork_children()
        get_settings.cache_clear()
        yield folder
    get_settings.cache_clear()


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty RABISCO_HOME for one test, beside its ``tmp_path``, and settings read anew in it."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("RABISCO_HOME", str(folder))
    get_settings.cache_clear()
    yield folder
    get_settings.cache_clear()


@pytest.fixture(scope="session")
def mnist_folder() -> Path:
    """The folder with MNIST's real files; the test is skipped without them."""
    folder = Path(os.environ.get("RABISCO_DATA_DIR", "nowhere"))
    if not list(folder.rglob("t10k-images-idx3-ubyte*")):
        pytest.skip("RABISCO_DATA_DIR has no MNIST")
    return folder


@pytest.fixture(scope="session")
def server(session_home: Path) -> Iterator[Server]:
    """One real server process with the bundled models, which begins no training: none has to import Keras."""
    with serving(session_home, trainings=0) as running:
        yield running
