"""The recorded video, made by driving the real product in Chromium: ``python -m tests.browser.video``, ``make video``.

It is taken picture by picture: each screenshot is a tenth of a second, however long the machine took for it, so that
a busy one makes the same video. Where the product itself has something to do (a training), the caption says that time
is shortened. Writes ``docs/video/rabisco.webm`` and a poster beside it; needs Chromium and ffmpeg.
"""

import io
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import Locator, Page, sync_playwright
from tests.browser.conftest import ARGUMENTS, CHROMIUM
from tests.browser.hand import SEVEN, Points, on_pad
from tests.web.serving import draw_seven, encoded, serving
from tests.web.training import digits_csv

FOLDER = Path(__file__).parents[2] / "docs" / "video"
RATE = 10  # pictures per second
SIZE = (1280, 720)
BAR = 64  # pixels below the page, for the caption
ARROW = ((0, 0), (0, 20), (5, 15), (9, 24), (12, 22), (8, 14), (15, 14))
CLOSED_FOUR: Points = [(0.62, 0.22), (0.35, 0.3), (0.33, 0.5), (0.6, 0.5), (0.63, 0.24), (0.62, 0.5), (0.6, 0.8)]
LIMIT = 60_000


@dataclass
class Film:
    """A page being filmed.

    Attributes:
        page: What is filmed.
        encoder: ffmpeg, which takes raw pictures.
        caption: What stands below the page now.
        pointer: Where the pointer is.
        count: Pictures so far.
    """

    page: Page
    encoder: "subprocess.Popen[bytes]"
    caption: str = ""
    pointer: tuple[float, float] = (1100.0, 640.0)
    count: int = 0
    last: Image.Image = field(default_factory=lambda: Image.new("RGB", (SIZE[0], SIZE[1] + BAR)))

    def shoot(self, times: int = 1) -> None:
        """Take one picture and show it for so many tenths of a second."""
        taken = Image.open(io.BytesIO(self.page.screenshot(type="jpeg", quality=92)))
        self.last.paste("#12183a", (0, SIZE[1], SIZE[0], SIZE[1] + BAR))
        self.last.paste(taken, (0, 0))
        pen = ImageDraw.Draw(self.last)
        pen.text((SIZE[0] / 2, SIZE[1] + BAR / 2), self.caption, "white", ImageFont.load_default(29), anchor="mm")
        x, y = self.pointer
        pen.polygon([(x + across, y + down) for across, down in ARROW], fill="black", outline="white")
        assert self.encoder.stdin
        for _ in range(times):
            self.encoder.stdin.write(self.last.tobytes())
        self.count += times

    def hold(self, seconds: float) -> None:
        """Show the page for a while, the first half second moving."""
        for _ in range(5):
            self.page.wait_for_timeout(60)
            self.shoot()
        self.shoot(max(1, round(seconds * RATE) - 5))

    def say(self, caption: str) -> None:
        self.caption = caption

    def move(self, x: float, y: float, pictures: int = 6) -> None:
        """Move the pointer there, slower at both ends."""
        left, top = self.pointer
        for number in range(1, pictures + 1):
            part = number / pictures
            part = part * part * (3 - 2 * part)
            self.pointer = (left + (x - left) * part, top + (y - top) * part)
            self.page.mouse.move(*self.pointer)
            self.shoot()

    def point_at(self, target: Locator) -> None:
        """Bring something into view, little by little, and the pointer to its middle."""
        target.wait_for(timeout=LIMIT)
        self.scroll_to(target)
        box = target.bounding_box()
        assert box
        self.move(box["x"] + box["width"] / 2, box["y"] + min(box["height"] / 2, 200))

    def click(self, target: Locator) -> None:
        self.point_at(target)
        target.click()
        self.shoot(2)

    def scroll_to(self, target: Locator, pictures: int = 8) -> None:
        """Scroll until something is in the middle of the window, if it is not well within it."""
        box = target.bounding_box()
        assert box
        if box["y"] > 60 and box["y"] + box["height"] < SIZE[1] - 20:
            return
        way = box["y"] + min(box["height"], SIZE[1] - 120) / 2 - SIZE[1] / 2
        for _ in range(pictures):
            self.page.evaluate("way => scrollBy({ top: way, behavior: 'instant' })", way / pictures)
            self.shoot()

    def draw(self, points: Points) -> None:
        """Draw one stroke on the pad."""
        first, *rest = on_pad(self.page, points)
        self.move(*first)
        self.page.mouse.down()
        for point in rest:
            self.move(*point, pictures=3)
        self.page.mouse.up()

    def wait_for(self, target: Locator, pictures: int = 100) -> None:
        """Film, the more shortened the longer it lasts, until something is there."""
        for number in range(pictures):
            if target.count() and target.first.is_visible():
                return
            self.page.wait_for_timeout(500 + 50 * number)
            self.shoot()
        raise TimeoutError(f"{target} did not come")


def draw_and_read(film: Film) -> None:
    film.page.goto("/")
    film.say("Draw a digit: two models read it with every stroke")
    film.hold(1.5)
    film.draw(SEVEN)
    film.page.locator("model-answer[data-state=read]").first.wait_for()
    film.hold(2.5)
    film.say("Orange speaks for the answer: what mattered, over the drawing")
    film.page.locator("pad-overlay img").wait_for()
    film.hold(2.5)
    film.say("Each step from your drawing to what the model sees")
    film.scroll_to(film.page.get_by_role("heading", name="How your drawing is prepared").locator("xpath=.."))
    film.hold(3)


def upload(film: Film) -> None:
    film.page.goto("/upload")
    film.say("Upload photos and scans, several at once")
    film.hold(1)
    film.point_at(film.page.locator("drop-zone"))
    files = [("seven.png", draw_seven()), ("on-gray.png", draw_seven().point(lambda value: 90 + value // 2))]
    film.page.set_input_files(
        "#file", [{"name": name, "mimeType": "image/png", "buffer": encoded(image)} for name, image in files]
    )
    film.shoot(5)
    results = film.page.locator(".results").first
    results.wait_for(timeout=LIMIT)
    film.scroll_to(results)
    film.hold(3)


def compare(film: Film) -> None:
    film.page.goto("/compare?model=cnn&model=linear")
    film.say("Which model is better? Measured on the same images, with intervals")
    film.hold(2.5)
    for heading in ("#figures", "#sure", "#pairs"):
        film.scroll_to(film.page.locator(heading))
        film.hold(2)


def train(film: Film) -> None:
    film.page.goto("/entrainer-le-modele")
    film.say("Train on your own CSV file")
    film.hold(1.5)
    train_csv, test_csv = (
        {"name": name, "mimeType": "text/csv", "buffer": digits_csv(*part, wide=True)}
        for name, part in (("train.csv", (0, 1400)), ("test.csv", (1400,)))
    )
    field = film.page.get_by_label("Training data")
    film.point_at(field.locator("xpath=ancestor-or-self::*[self::label or self::div][1]"))
    field.set_input_files(train_csv)
    film.shoot(4)
    film.page.get_by_label("Test data (optional)").set_input_files(test_csv)
    film.shoot(5)
    film.click(film.page.get_by_role("button", name="Check the data first"))
    film.say("What was found is shown before anything is trained")
    found = film.page.locator(".classes").first
    found.wait_for(timeout=LIMIT)
    film.scroll_to(found)
    film.hold(2.5)
    film.page.get_by_label("Name of the model").fill("my-digits")
    film.click(film.page.get_by_role("button", name="Just try it, in seconds"))
    film.say("The training, live (time is shortened here)")
    film.wait_for(film.page.get_by_role("heading", name="Training succeeded"))
    film.say("Success, and the accuracy on the test file")
    film.scroll_to(film.page.locator(".outcome .figure"))
    film.hold(2)
    film.say("Is it better than the one that came along? Both read the same images")
    film.click(film.page.locator(".outcome").get_by_role("link", name="Compare"))
    film.click(film.page.get_by_role("button", name="Measure both on the same images"))
    film.wait_for(film.page.locator(".headline"))
    film.page.evaluate("scrollTo({ top: 0, behavior: 'instant' })")
    film.hold(3.5)


def confusions(film: Film) -> None:
    film.page.goto("/models/mnist-linear")
    film.say("Which digits does it confuse? Point at a cell")
    film.hold(1)
    matrix = film.page.locator("confusion-matrix svg")
    film.scroll_to(matrix)
    box = matrix.bounding_box()
    assert box
    cell = box["width"] / 11.8
    for row, column in ((4, 9), (7, 9), (5, 3)):
        film.move(box["x"] + cell * (2.1 + column), box["y"] + cell * (2.1 + row))
        film.page.mouse.click(*film.pointer)
        film.hold(1.3)


def correct(film: Film) -> None:
    film.page.goto("/")
    film.say("A 4, read as a 9? Say so, and it learns at once")
    film.click(film.page.get_by_role("button", name="Clear"))
    film.draw(CLOSED_FOUR)
    film.page.locator("model-answer[data-state=read]").first.wait_for()
    film.shoot(6)
    form = film.page.locator("correction-form")
    film.click(form.locator("summary"))
    film.shoot(4)
    film.click(form.locator("input[name=consent]"))
    film.click(form.get_by_role("button", name="4", exact=True))
    film.page.get_by_text("Learned").wait_for()
    film.hold(3)


def ask(film: Film) -> None:
    film.page.goto("/assistance")
    film.say("Ask the assistant")
    film.hold(1)
    question = film.page.get_by_role("main").get_by_role("textbox").first
    film.click(question)
    for part in ("What is ", "a convolutional ", "network?"):
        question.press_sequentially(part)
        film.shoot(3)
    film.click(film.page.get_by_role("main").get_by_role("button", name="Ask").first)
    film.page.locator(".answer .said").wait_for()
    film.hold(4)


def speak(film: Film) -> None:
    film.say("Five languages, light and dark")
    film.page.goto("/")
    for name in ("Português", "Русский", "Français"):
        film.click(film.page.get_by_role("contentinfo").get_by_role("link", name=name))
        film.page.wait_for_load_state()
        film.page.evaluate("scrollTo({ top: 0, behavior: 'instant' })")
        film.hold(1.2)
    film.click(film.page.locator("header .theme button"))
    film.hold(2)


SCENES = (draw_and_read, upload, compare, train, confusions, correct, ask, speak)


def record(target: Path, home: Path) -> float:
    """Film all scenes into ``target`` and return their length in seconds; the poster is taken of the first."""
    width, height = SIZE[0], SIZE[1] + BAR
    raw = ["-f", "rawvideo", "-pixel_format", "rgb24", "-video_size", f"{width}x{height}", "-framerate", str(RATE)]
    coded = ["-c:v", "libvpx-vp9", "-crf", "37", "-b:v", "0", "-cpu-used", "4", "-row-mt", "1", "-pix_fmt", "yuv420p"]
    command = ["ffmpeg", "-loglevel", "error", "-y", *raw, "-i", "-", *coded, str(target)]
    with serving(home, training_niceness=0) as server, sync_playwright() as playwright:
        encoder = subprocess.Popen(command, stdin=subprocess.PIPE)
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        context = chromium.new_context(
            viewport={"width": SIZE[0], "height": SIZE[1]}, locale="en", color_scheme="light", base_url=server.url
        )
        context.set_default_timeout(LIMIT)
        film = Film(context.new_page(), encoder)
        for number, scene in enumerate(SCENES):
            scene(film)
            print(f"{film.count / RATE:6.1f} s  {scene.__name__}", flush=True)
            if not number:
                film.last.resize((width // 2, height // 2)).save(target.with_name("poster.jpg"), quality=80)
        chromium.close()
        assert encoder.stdin
        encoder.stdin.close()
        assert encoder.wait(timeout=600) == 0
    return film.count / RATE


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        seconds = record(FOLDER / "rabisco.webm", Path(home))
    print(f"{seconds:.0f} s, {(FOLDER / 'rabisco.webm').stat().st_size / 1e6:.1f} MB")
