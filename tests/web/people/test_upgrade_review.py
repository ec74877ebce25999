"""What was in office by a confirmation that would not be enough today is confirmed again."""

from __future__ import annotations

from approvals.policy import Role
from publisher.models.history import Wrote
from publisher.models.people import Appointment
from tests.support.city_people import note_writer, record_by
from tests.web.people.test_one_hand import tick_of
from tests.web.site import Site

PAGE = "/people/from-before"


def mark(site: Site, *names: str) -> None:
    """Let these appointments be from before the upgrade."""
    with site.city.write() as session:
        for name in names:
            session.get_one(Appointment, site.city.appointments[name]).is_unreviewed = True


def test_what_was_in_office_is_confirmed_and_then_no_longer_offered(site: Site) -> None:
    mark(site, "first", "head", "admin")
    admin = site.browser("admin")
    for name, pages in (("admin", ("/", "/people")), ("lead", ("/people",))):
        for page in pages:
            text = site.browser(name).get(page).text
            assert f'href="{PAGE}"' in text
            assert "पुन्हा पुष्टी करावयाच्या नियुक्त्या: ३" in text
    assert f'href="{PAGE}"' not in site.browser("clerk").get("/").text
    assert admin.post(PAGE, {}).status_code == 422
    first, own = site.city.appointments["first"], site.city.appointments["admin"]
    chosen = [("chosen", tick_of(site, first)), ("chosen", tick_of(site, own))]
    chosen.append(("chosen", "999999-0"))
    assert admin.post(PAGE, chosen).status_code == 302
    assert admin.post(PAGE, chosen).status_code == 302  # pressed twice
    assert site.city.verbs("appointments", first).count("look_through") == 1
    assert "look_through" not in site.city.verbs("appointments", own)
    page = admin.get(PAGE).text
    assert "मेधा सातपुते" not in page
    assert "उज्ज्वला चव्हाणके" in page
    with site.city.read() as session:
        row = session.get_one(Appointment, first)
        assert row.confirmed_by_id == site.city.people["admin"]
        assert (row.confirmed_at, row.told_at) == (site.city.now, None)
    for name in ("clerk", "head", "first", "auditor"):
        assert site.browser(name).get(PAGE).status_code == 403
        assert site.browser(name).post(PAGE, chosen).status_code == 403
    mark(site)
    site.city.end("head")
    assert "उज्ज्वला चव्हाणके" not in admin.get(PAGE).text.partition("<main")[2]


def test_neither_the_recorder_nor_their_hand_confirms_it_again(site: Site) -> None:
    mark(site, "first")
    first = site.city.appointments["first"]
    with site.city.write() as session:
        note_writer(session, first, site.city.people["admin"], Wrote.MAIL)
        record_by(session, site.city.appointments["lead"], site.city.people["admin"])
    site.city.appoint("other_admin", Role.ADMIN, "information-technology")
    for name in ("admin", "lead"):
        browser = site.browser(name)
        page = browser.get(PAGE).text
        assert f'value="{tick_of(site, first)}"' not in page
        assert "याची पुष्टी दुसऱ्या व्यक्तीने करावी" in page
        assert "अरुण टेकवडे" in page  # who wrote the address
        browser.post(PAGE, [("chosen", tick_of(site, first))])
        assert "look_through" not in site.city.verbs("appointments", first)
    chosen = [("chosen", tick_of(site, first))]
    assert site.browser("other_admin").post(PAGE, chosen).status_code == 302
    assert "look_through" in site.city.verbs("appointments", first)
