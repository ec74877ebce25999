"""Starts the machine's own Chromium with Playwright; nothing is downloaded."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tools.system import CHROMIUM

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)
HEIGHTS = {320: 640, 360: 640, 390: 844, 1280: 900}


def find() -> str:
    """Return the path of the machine's Chromium."""
    for name in CHROMIUM:
        if path := shutil.which(name):
            return path
    raise RuntimeError("The browser tests need Chromium: apt-get install chromium")


@contextmanager
def running() -> Iterator[Browser]:
    """Run a headless Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=list(ARGUMENTS))
        yield browser
        browser.close()


def open_window(
    browser: Browser, *, width: int = 390, locale: str = "mr-IN", javascript: bool = True
) -> BrowserContext:
    """Open a window without cookies or animation, in Pune's time zone."""
    return browser.new_context(
        viewport={"width": width, "height": HEIGHTS.get(width, 900)},
        locale=locale,
        timezone_id="Asia/Kolkata",
        java_script_enabled=javascript,
        reduced_motion="reduce",
    )
