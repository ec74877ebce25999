"""Measure how long the photos of a post take until both platforms may have them, beside pyvips.

Ours are checked, rendered and durably stored, as for a draft that is saved; pyvips only decodes,
scales and encodes them. Both sides take turns in one process, with two threads each.
"""

from __future__ import annotations

import importlib.util
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.figures import Figure, PartResult, at_most, median_ratio, without_target
from bench.setup import say
from publisher.drafting.drafts import Draft, PictureDraft, PreparationContext, VariantDraft
from publisher.drafting.renditions import prepare_pictures
from publisher.media.folder_store import FolderStore
from publisher.models.posts import Language
from publisher.platforms import registry
from tests.support.photos import phone_photo

PHOTOS, SECONDS = 4, 1.2
PLATFORMS = {1: "x", 2: "facebook"}
LANGUAGES = (Language.MARATHI, Language.ENGLISH)
OURS, THEIRS = "four photos of 12 MP, s", "the same by pyvips, s"


def measure(rounds: int) -> PartResult:
    """Make four photos ready so many times, in turns with pyvips if it is installed."""
    photos = [phone_photo() for _ in range(PHOTOS)]
    raw: dict[str, list[float]] = {OURS: [], THEIRS: []}
    has_pyvips = importlib.util.find_spec("pyvips") is not None
    if not has_pyvips:
        say("pictures: pyvips is left out, since it is not installed")
    for _ in range(rounds + 1):
        raw[OURS].append(_by_ourselves(photos))
        if has_pyvips:
            raw[THEIRS].append(_by_pyvips(photos))
        say(", ".join(f"{name} {values[-1]:.2f}" for name, values in raw.items() if values))
    warm = {name: values[1:] for name, values in raw.items()}
    return PartResult(_figures(warm[OURS], warm[THEIRS]), warm)


def _figures(ours: Sequence[float], theirs: Sequence[float]) -> list[Figure]:
    median = sorted(ours)[len(ours) // 2]
    ready = "four photos of 12 MP made ready for both platforms"
    return [
        at_most(f"{ready}, s", median, SECONDS),
        without_target(f"{ready} ÷ the same by pyvips", median_ratio(ours, theirs)),
    ]


def _by_ourselves(photos: Sequence[bytes]) -> float:
    pictures = tuple(PictureDraft("", content=photo, name="photo.jpg") for photo in photos)
    variants = tuple(
        VariantDraft(account_id, language, "text", pictures=pictures)
        for account_id in PLATFORMS
        for language in LANGUAGES
    )
    with tempfile.TemporaryDirectory() as folder:
        store = FolderStore(Path(folder))
        began = time.perf_counter()
        prepared = prepare_pictures(
            store, Draft("title", variants=variants), PreparationContext(PLATFORMS)
        )
        seconds = time.perf_counter() - began
    assert not prepared.problems
    assert all(len(variant.pictures) == len(photos) for variant in prepared.variants)
    return seconds


def _by_pyvips(photos: Sequence[bytes]) -> float:
    began = time.perf_counter()
    with ThreadPoolExecutor(2) as threads:
        renditions = list(threads.map(_renditions, photos))
    seconds = time.perf_counter() - began
    assert all(len(encoded) == len(PLATFORMS) for encoded in renditions)
    return seconds


def _renditions(photo: bytes) -> list[bytes]:
    import pyvips

    picture = pyvips.Image.new_from_buffer(photo, "").copy_memory()
    options = {"Q": 90, "subsample_mode": "on", "keep": "none"}
    encoded = []
    for platform in PLATFORMS.values():
        side = registry.capabilities(platform).fit.side
        scaled = picture.thumbnail_image(side, height=side, size="down")
        encoded.append(scaled.jpegsave_buffer(**options))
    return encoded
