"""One look at everything: a server, the commands, a training and the studio, each system call and audit event kept.

What runs here is apart from the network where the system allows that (``unshare``), is traced where ``strace`` is
installed, and tells its audit events in any case.
"""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
CALLS = (
    "trace=connect,sendto,sendmsg,sendmmsg,open,openat,creat,rename,renameat,renameat2,link,linkat,symlink,symlinkat"
)

# Each Python process that is started writes down what its audit hook hears of the network and of files written.
HOOK = """
import os, sys
_out = os.open(os.environ["AUDIT_FILE"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
_network = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.sendto")
_writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT

def _hear(event, arguments):
    if event in _network:
        address = arguments[1] if event in ("socket.connect", "socket.sendto") else arguments[0]
        host = address[0] if isinstance(address, tuple) else address
        os.write(_out, f"network {host!s}\\n".encode())
    elif event == "open" and arguments[2] & _writing and isinstance(arguments[0], (str, bytes)):
        os.write(_out, f"file {os.path.abspath(os.fsdecode(arguments[0]))}\\n".encode())
    elif event == "os.rename":
        os.write(_out, f"file {os.path.abspath(os.fsdecode(arguments[1]))}\\n".encode())

sys.addaudithook(_hear)
"""

# Brings up the loopback interface of a network of its own, if it is in one, and then does what people do.
SCENARIO = """
import fcntl, socket, struct, subprocess, sys, time
from importlib.util import find_spec
from pathlib import Path
import requests
from tests.web.serving import Server, free_port, seven_png, wait_until_live
from tests.web.training import wait_for

if "--apart" in sys.argv:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        fcntl.ioctl(probe, 0x8914, struct.pack("16sh14x", b"lo", 1))
port, other = free_port(), free_port()
rabisco = [sys.executable, "-m", "rabisco"]
server = Server(port, subprocess.Popen([*rabisco, "serve", "--port", str(port), "--workers", "1"]))
studio = None
if find_spec("streamlit"):
    studio = subprocess.Popen([*rabisco, "studio", "--open", "--port", str(other)], stdin=subprocess.DEVNULL)
try:
    wait_until_live(server)
    asked = {"dataset": "digits", "model": "linear", "epochs": "1", "name": "watched"}
    run = server.post("/training", data=asked).json()
    for path in "/ /upload /train /models /models/mnist-tiny /compare /docs /about /assistant".split():
        assert server.get(path, headers={"Accept": "text/html"}).status_code == 200, path
    assert server.post("/predict", files={"file": seven_png()}).json()["predictions"][0]["category"] == "7"
    Path("seven.png").write_bytes(seven_png())
    subprocess.run([*rabisco, "predict", "seven.png"], check=True)
    subprocess.run([*rabisco, "models"], check=True)
    ended = wait_for(lambda: server.get("/runs/" + run["id"]).json(), "succeeded", "unlearned", "failed", seconds=150)
    assert ended["state"] != "failed", ended
    if studio:
        assert wait_for(lambda: {"state": reached(other)}, "ok", seconds=60)
finally:
    for process in filter(None, (studio, server.process)):
        process.terminate()
        process.wait(timeout=30)
"""
REACHED = """
def reached(port):
    try:
        return requests.get(f"http://127.0.0.1:{port}/_stcore/health", timeout=5).text
    except requests.ConnectionError:
        return ""
"""


@dataclass(frozen=True)
class Seen:
    """What one run of the scenario did.

    Attributes:
        apart: Whether it had a network of its own.
        traced: Whether its system calls were kept.
        contacts: Whom it asked or connected to beyond this machine.
        written: Files that it wrote outside the settings' folder and the one for temporary files.
        left: What it left in the home folder and in the one for temporary files.
        output: What its programs printed.
        status: Its exit status.
    """

    apart: bool
    traced: bool
    contacts: list[str]
    written: list[str]
    left: list[str]
    output: str
    status: int


def look(folder: Path, drawn: Path) -> Seen:
    """Run the scenario with its folders within this one, and return what it did.

    Args:
        folder: An empty one.
        drawn: Holds what other trainings have drawn of characters; it is not drawn again.
    """
    places = {name: folder / name for name in ("user", "rabisco", "temporary", "hook", "work")}
    for place in places.values():
        place.mkdir()
    kept = places["rabisco"] / "cache" / "rejection"
    kept.mkdir(parents=True)
    for file in drawn.glob("[!.]*.npz"):
        shutil.copy(file, kept)
    (places["hook"] / "sitecustomize.py").write_text(HOOK)
    audit, calls = folder / "audit.txt", folder / "calls.txt"
    apart = _runs("unshare", "-rn", "true")
    traced = _runs("strace", "-f", "--seccomp-bpf", "-o", os.devnull, "true")
    words = [
        *(("unshare", "-rn") if apart else ()),
        *(("strace", "-f", "--seccomp-bpf", "-qq", "-y", "-e", CALLS, "-o", str(calls)) if traced else ()),
        *(sys.executable, "-c", REACHED + SCENARIO, *(["--apart"] if apart else [])),
    ]
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(map(str, (places["hook"], ROOT / "src", ROOT))),
        "HOME": str(places["user"]),
        "TMPDIR": str(places["temporary"]),
        "RABISCO_HOME": str(places["rabisco"]),
        "RABISCO_CACHE_DIR": str(places["rabisco"] / "cache"),
        "RABISCO_TRAINING_NICENESS": "0",
        "AUDIT_FILE": str(audit),
        "BROWSER": "true",
    }
    done = subprocess.run(
        words, cwd=places["work"], env=environment, capture_output=True, text=True, timeout=240, check=False
    )
    heard = audit.read_text(encoding="utf-8").splitlines()
    contacts = [line[8:] for line in heard if line.startswith("network ")]
    files = [line[5:] for line in heard if line.startswith("file ")]
    if traced:
        text = calls.read_text(encoding="utf-8", errors="replace")
        contacts += _connected(text)
        files += _opened(text)
    own = tuple(f"{place}/" for place in places.values())
    files = [one for one in files if not f"{one}/".startswith((*own, f"{audit}/"))]
    return Seen(
        apart,
        traced,
        sorted({one for one in contacts if not _is_here(one)}),
        sorted({one for one in files if not _is_harmless(one)}),
        [str(path) for name in ("user", "temporary") for path in places[name].rglob("*")],
        done.stdout + done.stderr,
        done.returncode,
    )


def _runs(*words: str) -> bool:
    return (
        shutil.which(words[0]) is not None and subprocess.run(words, check=False, capture_output=True).returncode == 0
    )


def _connected(calls: str) -> list[str]:
    found = re.findall(r'inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)"', calls.replace("\\\\", ""))
    return [four or six for four, six in found]


def _opened(calls: str) -> list[str]:
    """Return the files that were opened for writing, or got a new name, in calls that did not fail."""
    written = []
    for line in calls.splitlines():
        if " = -1 " in line:
            continue
        if re.search(r"\bopen(at)?\(.*O_(WRONLY|RDWR|CREAT)|\bcreat\(", line):
            written += re.findall(r'"(/[^"]*)"', line)[:1]
        elif re.search(r"\b(rename|link|symlink)(at2?)?\(", line):
            written += re.findall(r'"(/[^"]*)"', line)[-1:]
    return written


def _is_here(contact: str) -> bool:
    return contact.startswith(("127.", "/")) or contact in ("::1", "localhost", "0.0.0.0", "::", "None", "")


def _is_harmless(file: str) -> bool:
    """Tell whether a file is of the system, or what Python compiled of a source and keeps beside it."""
    return file.startswith(("/dev/", "/proc/")) or (
        "/__pycache__/" in file and file.startswith((str(ROOT), sys.prefix, sys.base_prefix))
    )
