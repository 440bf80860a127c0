"""Run every benchmark, or those named, and bring the documents' tables up to date."""

import argparse
import pkgutil
import sys

import benchmarks
from benchmarks import tables
from rabisco.errors import RabiscoError

NOT_MEASURED = {"__main__", "lookalikes", "tables"}
# These want images that are built, root, or hours.
BY_NAME_ONLY = {"ablation", "chaos", "experiments", "fuzz", "images", "seeds", "soak"}


def names() -> list[str]:
    """Return the names of all benchmarks, sorted."""
    return sorted({module.name for module in pkgutil.iter_modules(benchmarks.__path__)} - NOT_MEASURED)


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names",
        nargs="*",
        metavar="name",
        help=f"one of: {', '.join(names())}; all but {', '.join(sorted(BY_NAME_ONLY))} if none is given",
    )
    chosen = parser.parse_args().names or [name for name in names() if name not in BY_NAME_ONLY]
    if unknown := set(chosen) - set(names()):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are: {', '.join(names())}")
    try:
        for name in chosen:
            print(f"{name}: {benchmarks.run(name)['claim']}", flush=True)
    except RabiscoError as error:
        sys.exit(f"Error: {error}")
    tables.update()


if __name__ == "__main__":
    main()
