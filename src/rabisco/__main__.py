"""Run the command line as ``python -m rabisco``."""

from rabisco.cli import main

main()
