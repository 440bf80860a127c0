"""The command ``rabisco``."""


def main() -> None:
    """Run the command line."""
