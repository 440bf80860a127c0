"""A picture passes few of the project's own modules and functions between its bytes and the answer."""

from benchmarks import hops


def test_one_picture_passes_few_modules_and_functions_of_the_core() -> None:
    ways = hops.run()
    for way in ("application", "server"):
        assert ways[way]["core"]["modules"] <= 8
        assert ways[way]["core"]["functions"] <= 44
        assert ways[way]["all"]["modules"] <= 16
        assert ways[way]["all"]["functions"] <= 60
