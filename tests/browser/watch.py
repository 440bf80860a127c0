"""What a reader waits for: from the end of a stroke to the answer on the screen, and the bytes of a page."""

from random import Random
from statistics import median

from playwright.sync_api import Page
from tests.browser.hand import Points, draw

# From the moment at which the pen was lifted, as the browser stamped the event, to the frame that shows every answer.
# The baseline begins as the answers do and ends in the next frame: nothing is asked, nothing is read.
WATCH = """() => {
    const answers = [...document.querySelectorAll("model-answer .latency")];
    const painted = (then) => requestAnimationFrame(() => {
        const channel = new MessageChannel();
        channel.port1.onmessage = () => then(performance.now());
        channel.port2.postMessage(null);
    });
    let lifted = null;
    let left = new Set();
    window.waits = [];
    window.frames_alone = [];
    document.querySelector("drawing-pad canvas").addEventListener("pointerup", ({ timeStamp }) => {
        lifted = timeStamp;
        left = new Set(answers);
        painted((now) => frames_alone.push(now - timeStamp));
    }, true);
    for (const answer of answers) {
        new MutationObserver(() => {
            if (lifted === null || !left.delete(answer) || left.size) return;
            const since = lifted;
            lifted = null;
            painted((now) => waits.push(now - since));
        }).observe(answer, { childList: true });
    }
}"""
FRAME = 1 / 60  # seconds
STROKE: Points = [(0.4, 0.5), (0.6, 0.5)]


def watch(page: Page) -> None:
    """Begin to take down how long each answer takes."""
    page.evaluate(WATCH)


def waits(page: Page, strokes: int) -> list[float]:
    """Draw so many strokes, each after the answer to the one before; return the wait of each, in milliseconds.

    The pen is lifted anywhere between two frames, as by a hand: moved by code it would always be just behind one.
    """
    pauses = Random(0)
    for stroke in range(strokes):
        draw(page, STROKE, steps=6, pause=pauses.uniform(0, FRAME))
        page.wait_for_function("count => waits.length > count", arg=stroke)
        page.get_by_role("button", name="Undo", exact=True).click()
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(100)  # the answer to what is left is on the screen too
    found: list[float] = page.evaluate("waits")
    return found


def frames(page: Page) -> list[float]:
    """Return the baseline of the same strokes."""
    found: list[float] = page.evaluate("frames_alone")
    return found


def bytes_received(page: Page, url: str) -> dict[str, int]:
    """Open an address with an empty cache; return what came over the wire, headers too, for each address."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    names: dict[str, str] = {}
    sizes: dict[str, int] = {}
    session.on("Network.requestWillBeSent", lambda event: names.update({event["requestId"]: event["request"]["url"]}))
    session.on(
        "Network.loadingFinished",
        lambda event: sizes.update({names[event["requestId"]]: int(event["encodedDataLength"])}),
    )
    page.goto(url, wait_until="networkidle")
    session.detach()
    return sizes


def summary(values: list[float]) -> str:
    """Return how many there are, their median and their 95th percentile, for people."""
    ranked = sorted(values)
    high = ranked[min(len(ranked) - 1, round(0.95 * len(ranked)))]
    return f"n = {len(values)}, median {median(values):.0f} ms, p95 {high:.0f} ms"
