"""Measuring a page, once it is there with its styles: a page that a button leads to can be read before them."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

AXE = Axe().axe_script
RULES: dict[str, Any] = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "iframes": False,  # no page has any
}
OF_COLORS = {**RULES, "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
OF_ALIKE = ".route:nth-of-type(n + 3)"  # of a hundred routes in the docs, all made alike, all but two of each group


def faults_in_light_and_dark(page: Page, beside: str = "") -> list[str]:
    """Return what axe finds in both themes, of which the page has the styles; it need not be opened for each.

    They differ in colors alone: in the second one only the rules of these are asked.
    """
    page.emulate_media(color_scheme="light")
    found = faults(page, beside=beside)
    page.emulate_media(color_scheme="dark")
    return found + faults(page, OF_COLORS, beside)


def faults(page: Page, rules: dict[str, Any] = RULES, beside: str = "") -> list[str]:
    """Return what axe finds wrong with the page as it stands, but not in what the selector ``beside`` finds."""
    page.wait_for_load_state()
    page.evaluate("Promise.all(document.getAnimations().map((animation) => animation.finished))")
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    context = {"exclude": [beside] if beside else []}
    found = page.evaluate(
        "([context, rules]) => axe.run(context, rules).then(({ violations }) => violations)", [context, rules]
    )
    return [f"{fault['id']}: {node['html']} {node['failureSummary']}" for fault in found for node in fault["nodes"]]


def overflow(page: Page) -> int:
    """Return how many CSS pixels the page is wider than its window."""
    page.wait_for_load_state()
    return page.evaluate("document.documentElement.scrollWidth - innerWidth")
