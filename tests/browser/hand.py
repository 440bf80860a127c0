"""Drawing on the page as a person does."""

import time

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


def draw(page: Page, points: Points, steps: int = 2, pause: float = 0) -> None:
    """Draw one stroke with the mouse, which moves from each point to the next in so many steps.

    Before it is lifted it rests for ``pause`` seconds.
    """
    first, *rest = on_pad(page, points)
    page.mouse.move(*first)
    page.mouse.down()
    for point in rest:
        page.mouse.move(*point, steps=steps)
    time.sleep(pause)
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


def press(page: Page, points: Points, force: float) -> None:
    """Draw one stroke with a pen that is pressed with this force, from 0 to 1."""
    session = page.context.new_cdp_session(page)

    def send(kind: str, x: float, y: float) -> None:
        pen = {"pointerType": "pen", "force": force, "button": "left", "buttons": 1, "clickCount": 1}
        session.send("Input.dispatchMouseEvent", {"type": kind, "x": x, "y": y, **pen})

    places = on_pad(page, points)
    send("mousePressed", *places[0])
    for place in places[1:]:
        send("mouseMoved", *place)
    send("mouseReleased", *places[-1])


def ink(page: Page) -> int:
    """Return how many pixels of the pad's canvas are drawn on."""
    count = """canvas => {
        const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
        copy.drawImage(canvas, 0, 0);
        const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
        return data.filter((value, index) => index % 4 === 3 && value > 127).length;
    }"""
    return int(page.locator("drawing-pad canvas").evaluate(count))
