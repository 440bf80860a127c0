"""Drawing on the page as a person does."""

from playwright.sync_api import Page

SEVEN = [(0.28, 0.24), (0.5, 0.235), (0.72, 0.24), (0.66, 0.4), (0.57, 0.55), (0.5, 0.7), (0.46, 0.8)]
ONE = [(0.5, 0.2), (0.5, 0.5), (0.5, 0.8)]

Points = list[tuple[float, float]]


def on_pad(page: Page, points: Points) -> Points:
    """Return points in fractions of the pad as points of the window."""
    page.locator("drawing-pad:defined").wait_for()
    page.locator("drawing-pad").scroll_into_view_if_needed()
    box = page.locator("drawing-pad canvas").bounding_box()
    assert box
    return [(box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in points]


def draw(page: Page, points: Points) -> None:
    """Draw one stroke with the mouse."""
    first, *rest = on_pad(page, points)
    page.mouse.move(*first)
    page.mouse.down()
    for point in rest:
        page.mouse.move(*point, steps=6)
    page.mouse.up()


def touch(page: Page, points: Points) -> None:
    """Draw one stroke with a finger."""
    session = page.context.new_cdp_session(page)

    def send(kind: str, *points: tuple[float, float]) -> None:
        touched = [{"x": x, "y": y} for x, y in points]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touched})

    first, *rest = on_pad(page, points)
    send("touchStart", first)
    for point in rest:
        send("touchMove", point)
    send("touchEnd")
