"""What a stranger, a scanner or an old browser gets from a link that approves."""

from __future__ import annotations

import logging

import pytest
from sqlalchemy import select

from publisher.drafting.drafts import PictureDraft
from publisher.models.people import Appointment, Person
from publisher.models.posts import Post
from publisher.notifications import links
from publisher.states import AppointmentState
from tests.people.test_shared_addresses import share
from tests.web.approval_link_steps import (
    code,
    decisions,
    give_mobile,
    link_for,
    officer_of,
    prove,
    with_sms,
)
from tests.web.pictures import jpeg
from tests.web.site import Browser, Site

TEXT = "शनिवारी पाणीपुरवठा बंद ("
COOKIE = "__Secure-nagarvani-approve"


def proof_of(browser: Browser, path: str) -> str:
    """Return the value of the cookie that proves the person at this link."""
    cookie = browser.client.get_cookie(COOKIE, "nagarvani.example", path)
    assert cookie is not None
    return cookie.value


def with_proof(site: Site, path: str, value: str) -> Browser:
    """Return another browser with this proof at the path."""
    browser = site.nobody()
    host = browser.base.partition("://")[2]
    browser.client.set_cookie(COOKIE, value, domain=host, path=path)
    return browser


def post_with_picture(site: Site) -> tuple[int, list[str]]:
    """Send a post with a picture for review; return it and the digests of the picture."""
    post_id = site.city.start(site.city.hand_in())
    picture = PictureDraft("टँकर", content=jpeg(640, 480), name="IMG_1.jpg")
    site.city.save(post_id, on=["x"], pictures=(picture,))
    site.city.send(post_id)
    with site.city.read() as session:
        rendition = session.get_one(Post, post_id).revisions[-1].variants[0].renditions[0]
        return post_id, [rendition.sha256, rendition.source_sha256]
