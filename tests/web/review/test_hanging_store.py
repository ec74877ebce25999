"""Nobody waits long for a bucket that takes a request and never answers it."""

from __future__ import annotations

import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest

from publisher.media.configured_store import open_store
from publisher.media.store import StoreAway
from publisher.media.thumbnails import PAUSE, Thumbnails
from publisher.settings.environment import load
from tests.support.away_store import AwayStore
from tests.support.object_line import FOR_EVER, new_bucket, object_line, silent
from tests.support.object_stores import bucket_variables
from tests.web.core.test_store_away import photo_addresses
from tests.web.html_page import Page
from tests.web.site import Site
from web.core.context import open_thumbnails

ANSWERED_WITHIN = 10


@pytest.mark.proof
def test_approve_is_answered_within_ten_seconds_by_a_hanging_store(
    site: Site, tmp_path: Path
) -> None:
    with object_line() as line:
        variables = bucket_variables(line, new_bucket(), tmp_path)
        variables["DATABASE_URL"] = site.city.database.url
        texts = {f"NAGARVANI_{name}": text for name, text in variables.items()}
        settings = load(texts, folder=tmp_path)
        # As a started web has them; it asks for the identity in a child, which this process, where
        # other tests have used a bucket, cannot have.
        store = open_store(settings)
        store.set_identity(identity := "a" * 32)
        thumbnails = open_thumbnails(settings, store_identity=identity)
        post_id, _addresses = photo_addresses(site)
        officer, path = site.browser("first"), f"/posts/{post_id}/approve"
        sent = officer.page(f"/posts/{post_id}/review").form_to(path)
        house = site.app.extensions["house"]
        site.app.extensions["house"] = replace(house, store=store, thumbnails=thumbnails)
        for digest in site.city.store.digests():
            store.save(site.city.store.open(digest))
        shutil.rmtree(tmp_path / "cache")
        line.plan(silent, times=FOR_EVER)
        for seconds in (ANSWERED_WITHIN, 1):  # the second press is refused at once
            began = time.monotonic()
            answer = officer.post(path, sent)
            assert time.monotonic() - began < seconds
            assert answer.status_code == 409
            assert "सध्या फोटो दाखविता येत नाहीत, म्हणून मान्यता नोंदविलेली नाही." in Page(answer.text)
        line.mend()
        time.sleep(PAUSE)
        assert officer.post(path, sent).status_code == 302


def test_who_comes_after_one_who_waited_in_vain_does_not_wait(tmp_path: Path) -> None:
    store, clock = AwayStore(tmp_path), [0.0]
    thumbnails = Thumbnails(store, seconds=lambda: clock[0])
    digest = store.save(b"photo")
    store.is_away = True
    for at, asked in ((0.0, 1), (PAUSE - 1, 0), (PAUSE + 1, 1), (PAUSE + 2, 0)):
        clock[0] = at
        store.asked.clear()
        with pytest.raises(StoreAway):
            thumbnails.thumbnail(digest, 240, bytes.upper)
        assert len(store.asked) == asked
    store.is_away, clock[0] = False, 3 * PAUSE
    assert thumbnails.thumbnail(digest, 240, bytes.upper) == b"PHOTO"
