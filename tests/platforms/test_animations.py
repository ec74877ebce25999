"""X processes an animation after its upload: a post waits for it as long as its deadline allows."""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests
from PIL import Image

from publisher.platforms.base.charges import Cause, Charge
from publisher.platforms.base.protocol import RefusalCode, Refused, TryLater
from publisher.platforms.base.types import Medium
from publisher.platforms.registry import open_platform
from tests.platforms.platform_setups import CREDENTIALS, PlatformSetup, deadline, open_setup
from tests.platforms.stub import Stub, http_response
from tests.platforms.stubbed import NOTICE, open_at


def animation() -> Medium:
    file = io.BytesIO()
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("red", "blue")]
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    content = file.getvalue()
    return Medium(content, "image/gif", "फिरते चित्र", hashlib.sha256(content).hexdigest())


ANIMATED = replace(NOTICE.outgoing, media=(animation(),))


def progress(state: str, **more: object) -> bytes:
    return http_response({"data": {"id": "88", "processing_info": {"state": state, **more}}})


@pytest.fixture
def x_setup(tmp_path: Path) -> Iterator[PlatformSetup]:
    with open_setup("x", tmp_path / "sandbox") as setup:
        yield setup


def test_a_post_is_sent_once_its_animation_is_processed(x_setup: PlatformSetup) -> None:
    began = time.monotonic()
    x_setup.send(ANIMATED)
    assert time.monotonic() - began >= 1
    assert [post["alts"] for post in x_setup.published()] == [["फिरते चित्र"]]


def test_an_animation_that_takes_longer_than_the_deadline_is_tried_later(
    x_setup: PlatformSetup,
) -> None:
    x_setup.set_switches(x_gif_seconds="600")
    with pytest.raises(TryLater, match="animation"):
        x_setup.send(ANIMATED, seconds=2)
    assert x_setup.published() == []
    rows = requests.get(f"{x_setup.url}/requests.json", timeout=10).json()
    assert {row["operation"] for row in rows} == {"media"}


def test_an_animation_that_x_cannot_process_is_refused(stub: Stub) -> None:
    stub.plan(progress("pending", check_after_secs=1), progress("failed", error={"name": "Bad"}))
    with pytest.raises(Refused, match="Bad") as refused:
        open_at("x", stub.url).prepare(ANIMATED, deadline=deadline())
    assert refused.value.reason is RefusalCode.MEDIA_INVALID
    assert stub.requests[1].startswith(b"GET /2/media/upload?command=STATUS&media_id=88 ")


def test_asking_for_an_upload_is_not_charged(x_setup: PlatformSetup) -> None:
    charged: list[tuple[Cause, list[Charge]]] = []
    platform = open_platform(
        "x",
        CREDENTIALS["x"],
        {"x_api_url": x_setup.url},
        monotonic=time.monotonic,
        record=lambda cause, charges: charged.append((cause, list(charges))),
    )
    platform.prepare(ANIMATED, deadline=deadline())
    assert charged == []
