"""A browser with OHIF in it, used as a person uses it: by thumbnails, a question, arrow keys; and what its screen shows."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.waiting import wait_for

_CHROMIUM = "/usr/bin/chromium"
_ARGUMENTS = (
    "--no-sandbox",
    "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist",  # WebGL by the CPU
    "--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)  # fmt: skip
_PATIENCE_MS = 120_000
_CORNER = '[data-cy="viewport-overlay-bottom-right"]'
_HAS_STEPPED = "([corner, before]) => !(document.querySelector(corner)?.innerText ?? before).includes(before)"
_DOCUMENT = '[data-cy="study-browser-thumbnail-no-image"]'


@contextmanager
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=_CHROMIUM, args=list(_ARGUMENTS))
        try:
            yield started
        finally:
            started.close()


class OhifPage:
    """One study in the viewer's first viewport. `errors` are what scripts threw or complained of, `hosts` whom they asked."""

    def __init__(self, browser: Browser, address: str, study_instance_uid: str) -> None:
        self.errors: list[str] = []
        self.hosts: set[str] = set()
        self.page: Page = browser.new_page(viewport={"width": 1000, "height": 700})
        self.page.set_default_timeout(_PATIENCE_MS)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        self.page.on("request", lambda request: self.hosts.add(urlsplit(request.url).hostname or ""))
        self.page.goto(f"{address}/viewer?StudyInstanceUIDs={study_instance_uid}")
        self.page.get_by_text("Skip all").click()  # of the introduction
        self.page.locator('[data-cy="cine-player-close"]').click()

    def open_document(self, words: str = "") -> None:
        """As a person does: a double click on its thumbnail, of several the one with these words. The viewer shows the clip
        with it; of a segmentation, it asks.
        """
        self.page.locator(_DOCUMENT).filter(has_text=words).dblclick()

    def keep_segmentation(self) -> None:
        self.page.get_by_role("button", name="Yes").click()
        self.page.get_by_role("button", name="Yes").wait_for(state="detached")

    def leave_measurements(self) -> None:
        """Of a report with a point, which the viewer offers to make a measurement of its own: it stays with the report."""
        self.page.get_by_role("button", name="No", exact=True).click()
        self.page.get_by_role("button", name="No", exact=True).wait_for(state="detached")

    def is_black(self) -> bool:
        """No part of the viewer is left, not even its tool bar: the whole page is of one colour."""
        return bool((np.ptp(_rgb(self.page.screenshot()), axis=(0, 1)) == 0).all())

    @property
    def frame_number(self) -> int:
        """As the viewport's corner states it: "I:1 (3/12)"."""
        text = self.page.locator(_CORNER).inner_text()
        return int(text.split("(")[1].split("/")[0])

    def go_to(self, frame_number: int) -> None:
        """By arrow keys; one that meets a viewport which is being made anew is lost, and pressed again."""
        presses = 0
        while (shown := self.frame_number) != frame_number:
            self.page.keyboard.press("ArrowDown" if shown < frame_number else "ArrowUp")
            presses += 1
            assert presses < 100, "the viewer does not step"
            with suppress(PlaywrightTimeout):
                self.page.wait_for_function(_HAS_STEPPED, arg=[_CORNER, f"({shown}/"], timeout=3_000, polling=50)

    def shown(self) -> NDArray[np.uint8]:
        """The viewport as (rows, columns, 3) uint8 RGB, 0 to 255, once it is the same twice running."""
        pictures = [self._picture()]

        def has_settled() -> bool:
            pictures.append(self._picture())
            return np.array_equal(*pictures[-2:])

        wait_for(has_settled, 60, "the viewport never rests")
        return pictures[-1]

    def _picture(self) -> NDArray[np.uint8]:
        return _rgb(self.page.locator('[data-cy="viewport-pane"]').screenshot())

    def close(self) -> None:
        self.page.close()


def _rgb(png: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(BytesIO(png)).convert("RGB"))
