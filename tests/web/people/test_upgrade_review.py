"""The admin looks through, once, what was in office before appointments were confirmed."""

from __future__ import annotations

from publisher.models.people import Appointment
from tests.web.site import Site

PAGE = "/people/from-before"


def mark(site: Site, *names: str) -> None:
    """Let these appointments be from before the upgrade."""
    with site.city.write() as session:
        for name in names:
            session.get_one(Appointment, site.city.appointments[name]).is_unreviewed = True


def test_what_was_in_office_is_ticked_once_and_then_no_longer_offered(site: Site) -> None:
    mark(site, "first", "head", "admin")
    admin = site.browser("admin")
    for page in ("/", "/people"):
        assert f'href="{PAGE}"' in admin.get(page).text
    assert f'href="{PAGE}"' not in site.browser("lead").get("/").text
    assert admin.post(PAGE, {}).status_code == 422
    first, own = site.city.appointments["first"], site.city.appointments["admin"]
    chosen = [("chosen", str(first)), ("chosen", str(own)), ("chosen", "999999")]
    assert admin.post(PAGE, chosen).status_code == 302
    assert admin.post(PAGE, chosen).status_code == 302  # pressed twice
    assert site.city.verbs("appointments", first).count("look_through") == 1
    assert "look_through" not in site.city.verbs("appointments", own)
    page = admin.get(PAGE).text
    assert "मेधा सातपुते" not in page
    assert "उज्ज्वला चव्हाणके" in page
    for name in ("lead", "head", "first", "auditor"):
        assert site.browser(name).get(PAGE).status_code == 403
        assert site.browser(name).post(PAGE, chosen).status_code == 403
    mark(site)
    site.city.end("head")
    assert "उज्ज्वला चव्हाणके" not in admin.get(PAGE).text.partition("<main")[2]
