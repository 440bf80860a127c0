"""Run every benchmark, or those named, and bring the documents' tables up to date."""

import argparse
import re
import sys
from pathlib import Path

import benchmarks
from benchmarks import tables
from rabisco.errors import RabiscoError

MEASURES = re.compile(r"^def (run|grow)\(", re.MULTILINE)
# These want images that are built, root, or hours.
BY_NAME_ONLY = {"ablation", "chaos", "experiments", "fuzz", "images", "seeds", "soak"}


def names() -> list[str]:
    """Return the names of all benchmarks, sorted: the modules that define ``run`` or ``grow``, except the package."""
    modules = sorted(Path(__file__).parent.glob("[!_]*.py"))
    return [path.stem for path in modules if MEASURES.search(path.read_text(encoding="utf-8"))]


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names",
        nargs="*",
        metavar="name",
        help=f"one of: {', '.join(names())}; all but {', '.join(sorted(BY_NAME_ONLY))} if none is given",
    )
    parser.add_argument("--print", action="store_true", help="print the tables and write nothing")
    asked = parser.parse_args()
    chosen = asked.names or [name for name in names() if name not in BY_NAME_ONLY]
    if unknown := set(chosen) - set(names()):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are: {', '.join(names())}")
    try:
        for name in chosen:
            if asked.print:
                benchmarks.show(name)
            else:
                print(f"{name}: {benchmarks.run(name)['claim']}", flush=True)
    except RabiscoError as error:
        sys.exit(f"Error: {error}")
    if not asked.print:
        tables.update()


if __name__ == "__main__":
    main()
