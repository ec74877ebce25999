"""The pages of stops and freezes, the banner, and the messages afterwards."""

from __future__ import annotations

import pytest

from publisher.delivery.accounts import manage
from publisher.delivery.controls import stop
from publisher.models.deliveries import Delivery
from publisher.models.emergency import Duty
from publisher.operations.backup import restore
from publisher.people.permissions import COMMAND
from publisher.states import DeliveryState
from publisher.working_time import local
from tests.support import city_controls
from tests.support.city import City
from tests.support.city_people import DAY, HOUR, MINUTE
from tests.web.html_page import Page
from tests.web.schedule_form import time_fields
from tests.web.site import Site

WHY = "चुकीची पोस्ट प्रसिद्ध झाली."
STOP, RELEASE = "सर्व प्रसिद्धी तातडीने थांबवा", "प्रसिद्धी पुन्हा सुरू करा"
STOPPED = "सर्व प्रसिद्धी आज, दुपारी १२:०० पासून थांबविली आहे."


@pytest.fixture
def site(any_site: Site) -> Site:
    """The site on both databases."""
    return any_site


def links(page: Page, path: str) -> list[str]:
    """Return the texts of the links to this path."""
    links = [
        link for link in page.all if link.tag == "a" and link.get("href").split("#")[0] == path
    ]
    return [tag.text for tag in links]


def banner(page: Page) -> str:
    return " ".join(tag.text for tag in page.all if "banner" in tag.get("class").split())


def state_of(city: City, delivery_id: int) -> DeliveryState:
    return city.delivery(delivery_id).state


def start_sending(city: City, delivery_id: int) -> None:
    """Set the delivery's state to `sending`."""
    with city.write() as session:
        delivery = session.get_one(Delivery, delivery_id)
        delivery.state, delivery.sending_at = DeliveryState.SENDING, city.now


def test_two_clicks_with_a_reason_stop_everything_and_name_what_is_sending(site: Site) -> None:
    (gone,), (waiting,) = site.city.due("water"), site.city.due("road")
    start_sending(site.city, gone)
    lead = site.browser("lead")
    assert links(lead.page("/calendar"), "/stop") == [STOP] * 2  # tabs on a desk, menu on a phone
    assert RELEASE not in lead.page("/stop")
    response = lead.post("/stop", {"reason": WHY})
    assert response.headers["Location"] == "/stop"
    page = lead.page("/stop")
    assert f"/deliveries/{gone}" in page.html
    assert f"/deliveries/{waiting}" not in page.html
    assert "हे आता थांबविता येत नाही" in page
    assert "१ प्रसिद्धीची वेळ झाली आहे; ती थांबली आहे." in page
    assert site.city.tick_dispatch() == 0
    assert state_of(site.city, waiting) is DeliveryState.SCHEDULED


@pytest.mark.parametrize("name", ["admin", "lead", "clerk", "first", "head", "member", "auditor"])
def test_during_a_stop_every_page_shows_who_stopped_and_why(site: Site, name: str) -> None:
    city_controls.stop_all(site.city, reason=WHY)
    browser = site.browser(name)
    for path in ("/", "/profile", "/calendar"):
        text = banner(browser.page(path))
        assert WHY in text
        assert "प्रसाद केंजळे, कक्षप्रमुख" in text
        assert (RELEASE in text) is (name in ("admin", "lead"))


def test_pages_without_a_session_do_not_mention_a_stop(site: Site) -> None:
    city_controls.stop_all(site.city, reason=WHY)
    assert WHY not in site.nobody().page("/sign-in")


def test_the_404_page_mentions_a_stop(site: Site) -> None:
    city_controls.stop_all(site.city, reason=WHY)
    assert WHY in banner(Page(site.browser("member").get("/posts/9999").text))


def test_without_a_reason_nothing_is_stopped_or_released(site: Site) -> None:
    lead = site.browser("lead")
    response = lead.post("/stop", {"reason": " "})
    assert (response.status_code, Page(response.text).error_at("reason")) == (422, "कारण लिहावे.")
    assert not banner(lead.page("/"))
    stopped = city_controls.stop_all(site.city)
    response = lead.post("/stop/release", {"seen": str(stopped), "release-reason": ""})
    assert response.status_code == 422
    assert Page(response.text).error_at("release-reason") == "कारण लिहावे."


def test_a_release_ends_the_stop_and_a_second_release_is_no_error(site: Site) -> None:
    (delivery,) = site.city.due()
    lead, admin = site.browser("lead"), site.browser("admin")
    city_controls.stop_all(site.city, reason=WHY)
    form = dict(lead.page("/stop").form("release-form")) | {"release-reason": "पोस्ट हटविली."}
    assert lead.post("/stop/release", form).status_code == 302
    page = lead.page("/stop")
    assert not banner(page)
    assert "पोस्ट हटविली." in page
    assert site.city.tick_dispatch() == 1
    assert admin.post("/stop/release", form).status_code == 302
    assert "प्रसिद्धी आधीच पुन्हा सुरू केलेली आहे." in admin.page("/stop")
    assert state_of(site.city, delivery) is DeliveryState.PUBLISHED


def test_a_release_does_not_end_a_stop_that_was_made_meanwhile(site: Site) -> None:
    lead = site.browser("lead")
    city_controls.stop_all(site.city, reason=WHY)
    form = dict(lead.page("/stop").form("release-form")) | {"release-reason": "पोस्ट हटविली."}
    city_controls.stop_all(site.city, by="admin", reason="दुसरे कारण")
    lead.post("/stop/release", form)
    page = lead.page("/")
    assert "दुसरे कारण" in banner(page)
    assert any("आणखी एका कारणासाठी" in notice for notice in page.notices())


def test_officers_see_the_button_while_they_are_on_duty(site: Site) -> None:
    first = site.browser("first")
    assert links(first.page("/"), "/stop") == []
    refused = first.post("/stop", {"reason": WHY})
    assert refused.status_code == 403
    assert WHY in refused.text
    with site.city.write() as session:
        session.add(
            Duty(
                person_id=site.city.people["first"],
                from_at=site.city.now - HOUR,
                until_at=site.city.now + HOUR,
                recorded_at=site.city.now - HOUR,
                approved_at=site.city.now - HOUR,
                recorded_by_id=site.city.people["admin"],
                recorded_under_id=site.city.appointments["admin"],
            )
        )
    assert STOP in links(first.page("/"), "/stop")
    assert first.post("/stop", {"reason": WHY}).status_code == 302
    assert WHY in banner(first.page("/"))


def test_a_release_after_a_restore_confirms_how_many_are_in_doubt(
    site: Site,
) -> None:
    city, lead = site.city, site.browser("lead")
    city.schedule(city.approved(), 5 * HOUR)
    with city.write() as session:
        restore.stop_everything(
            session, now=city.now, reason="पुनर्स्थापित", backup_at=city.now - HOUR
        )
    form = dict(lead.page("/stop").form("release-form")) | {"release-reason": "पाहिले."}
    assert "release-in_doubt" not in form  # a box that is not ticked is not sent
    city.schedule(city.approved(), 6 * HOUR)  # another stop was made after the page was opened
    ticked = form | {"release-in_doubt": "y"}
    fresh = dict(lead.page("/stop").form("release-form")) | {"release-reason": "पाहिले."}
    for fields in (form, ticked, fresh):
        response = lead.post("/stop/release", fields)
        assert response.status_code == 422
        page = Page(response.text)
        assert "बॅकअपमधून परत आणलेल्या २ पोस्ट" in page.error_at("release-in_doubt")
        assert "खात्री नसलेल्या २ पोस्टची मला माहिती आहे" in page
        assert "पाहिले." in page
    assert banner(lead.page("/"))
    again = dict(lead.page("/stop").form("release-form"))
    again |= {"release-reason": "पाहिले.", "release-in_doubt": "y"}
    assert lead.post("/stop/release", again).status_code == 302
    assert not banner(lead.page("/"))


def test_a_stop_by_command_is_named_so_on_every_page_and_with_its_release(site: Site) -> None:
    city, lead = site.city, site.browser("lead")
    with city.write() as session:
        stop_row = stop.stop_all(session, actor=COMMAND, now=city.now, reason=WHY)
        session.flush()
    who = "सर्व्हरची देखभाल करणारे (आज्ञेद्वारे)"
    assert who in banner(lead.page("/"))
    assert who in lead.page("/stop")
    with city.write() as session:
        stop.release(session, actor=COMMAND, now=city.now, stop_ids=[stop_row.id], reason="पाहिले.")
    assert f"प्रसिद्धी पुन्हा सुरू करणारे: {who} – पाहिले." in lead.page("/stop")


def test_a_release_after_a_restore_without_doubtful_deliveries_is_ordinary(site: Site) -> None:
    city, lead = site.city, site.browser("lead")
    with city.write() as session:
        restore.stop_everything(
            session, now=city.now, reason="पुनर्स्थापित", backup_at=city.now - HOUR
        )
    page = lead.page("/stop")
    assert "release-in_doubt" not in page.html
    form = dict(page.form("release-form")) | {"release-reason": "पाहिले."}
    assert lead.post("/stop/release", form).status_code == 302
    assert not banner(lead.page("/"))


# Freezes


def freeze_fields(at: object, until: object, **more: str) -> list[tuple[str, str]]:
    """Return the form of a freeze between these moments."""
    fields = [("reason", "आचारसंहिता"), *more.items()]
    for name, moment in (("from", at), ("until", until)):
        here = local(moment)  # type: ignore[arg-type]  # a datetime
        fields.append((f"{name}_at", f"{here:%d/%m/%Y %H:%M}"))
    return fields


def test_a_freeze_is_created_shown_on_the_schedule_and_lifted(site: Site) -> None:
    city, lead, clerk = site.city, site.browser("lead"), site.browser("clerk")
    post = city.approved()
    (delivery,) = city.schedule(post, DAY)
    response = lead.post(
        "/freezes", freeze_fields(city.now, city.now + 3 * DAY, account="", department="")
    )
    assert response.status_code == 302
    page = lead.page("/freezes")
    assert "वेळ निश्चित केलेली १ प्रसिद्धी या स्थगितीत येते" in page
    assert "त्यांपैकी १ प्रसिद्धी वेळ बदलल्याशिवाय होणार नाही." in page
    warning = "वेळ बदलल्याशिवाय"
    for path in (
        f"/deliveries/{delivery}",
        "/calendar?view=list",
        "/decisions",
    ):
        assert warning in clerk.page(path), path
    assert "तात्पुरते थांबविले" in clerk.page(f"/deliveries/{delivery}")
    form = next(form for form in lead.page("/freezes").all if form.get("action").endswith("/lift"))
    assert lead.post(form.get("action")).status_code == 302
    assert warning not in clerk.page(f"/deliveries/{delivery}")
    assert lead.post(form.get("action")).status_code == 302
    assert "ही स्थगिती संपली आहे" in lead.page("/freezes")


def test_scheduling_into_a_freeze_takes_a_tick(site: Site) -> None:
    city, clerk = site.city, site.browser("clerk")
    city_controls.add_freeze(city, department="water", ahead=0, days=3)
    post = city.approved()
    at = local(city.now + DAY)
    text, path = city.variants(post)[0], f"/posts/{post}/schedule"
    fields = [*time_fields(text, f"{at:%d/%m/%Y}", f"{at:%H:%M}"), ("late_limit", "60")]
    refused = clerk.post(path, fields)
    assert refused.status_code == 422
    assert "स्थगित" in Page(refused.text).error_at(f"text-{text}-due_at")
    assert clerk.post(path, [*fields, ("despite_warnings", "y")]).status_code == 302
    form = {"way": "hours", "amount": "2", "chosen": str(text), "step": "show"}
    assert "स्थगितीत येते" in Page(clerk.post("/calendar/move", form).text)


def test_suggested_times_do_not_lie_in_a_freeze(site: Site) -> None:
    city, clerk = site.city, site.browser("clerk")
    city_controls.set_slot_and_quiet_time(city)  # Mondays at nine
    post = city.approved()
    path = f"/posts/{post}/schedule"
    field = f"text-{city.variants(post)[0]}-due_at"
    before = [field.get("value") for field in clerk.page(path).named("fill")]
    assert clerk.page(path).by_id(field).get("value").startswith("३० नोव्हेंबर")
    city_controls.add_freeze(city, department="water", ahead=0, days=8)
    after = [field.get("value") for field in clerk.page(path).named("fill")]
    assert before[0] not in after
    assert before[1] == after[0]
    assert clerk.page(path).by_id(field).get("value").startswith("७ डिसेंबर")


def test_an_invalid_freeze_shows_its_errors_and_keeps_the_input(site: Site) -> None:
    city, lead = site.city, site.browser("lead")
    water = str(city.departments["water"])
    fields = {"from_at": "30/2/2027", "until_at": "6", "department": water, "reason": ""}
    response = lead.post("/freezes", fields)
    page = Page(response.text)
    assert response.status_code == 422
    assert page.by_id("from_at").get("value") == "30/2/2027"
    assert page.by_id("until_at").get("value") == "6"
    assert len([tag for tag in page.all if "field-error" in tag.get("class")]) == 3
    assert page.error_at("reason") == "कारण लिहावे."
    chosen = [
        option for option in page.all if option.tag == "option" and "selected" in option.attributes
    ]
    assert water in [option.get("value") for option in chosen]


def test_without_a_time_a_freeze_lasts_whole_days(site: Site) -> None:
    city, lead = site.city, site.browser("lead")
    fields = {"until_at": "27/11/2026", "reason": "आचारसंहिता"}
    assert lead.post("/freezes", fields).status_code == 302
    assert "दि. २८ नोव्हेंबर" in lead.page("/freezes") or "मध्यरात्री" in lead.page("/freezes")
    (inside,) = city.schedule(city.approved(), DAY)
    assert "स्थगितीत येते" in lead.page(f"/deliveries/{inside}")


# Too late: honest words


def test_withdrawing_an_approval_names_the_deliveries_that_are_being_sent(site: Site) -> None:
    city, first = site.city, site.browser("first")
    post = city.approved(on=["x", "facebook"])
    gone, waiting = city.schedule(post, MINUTE)
    start_sending(city, gone)
    form = dict(first.page(f"/posts/{post}/withdraw-approval").form("withdraw_approval"))
    assert first.post(f"/posts/{post}/withdraw-approval", form).status_code == 302
    notices = " ".join(first.page(f"/posts/{post}").notices())
    assert "हे आधीच पाठविले गेले आहे, आता थांबविता येत नाही" in notices
    assert state_of(city, waiting) is DeliveryState.CANCELLED


@pytest.mark.twin
def test_ending_an_approver_s_appointment_names_deliveries_being_sent(site: Site) -> None:
    city, admin = site.city, site.browser("admin")
    (gone,) = city.due()
    start_sending(city, gone)
    person, appointment_id = city.people["first"], city.appointments["first"]
    admin.post(f"/people/{person}/appointments/{appointment_id}/end")
    notices = " ".join(admin.page(f"/people/{person}").notices())
    assert "आधीच पाठविले गेले" in notices


@pytest.mark.parametrize("then", ["save", "send"])
def test_saving_a_draft_names_the_post_s_deliveries_that_are_being_sent(
    site: Site, then: str
) -> None:
    city, clerk = site.city, site.browser("clerk")
    post = city.approved(on=["x", "facebook"])
    gone, waiting = city.schedule(post, MINUTE)
    start_sending(city, gone)
    path = f"/posts/{post}/draft"
    form = [
        (name, f"{value} रविवारी." if name.startswith("text_") and value else value)
        for name, value in clerk.page(path).form("draft")
    ]
    response = clerk.post(path, [*form, ("then", then)])
    assert response.status_code == 302
    notices = " ".join(clerk.page(response.headers["Location"]).notices())
    assert notices.count("हे आधीच पाठविले गेले आहे, आता थांबविता येत नाही") == 1
    assert notices.count("शनिवारी पाणीपुरवठा बंद") == 1  # the cancelled delivery is not listed
    assert state_of(city, waiting) is DeliveryState.CANCELLED


@pytest.mark.parametrize(
    ("department", "ahead", "is_named"), [("", 0, True), ("road", 0, False), ("", 1, False)]
)
def test_creating_a_freeze_names_the_deliveries_that_are_being_sent(
    site: Site, department: str, ahead: int, is_named: bool
) -> None:
    city, lead = site.city, site.browser("lead")
    (gone,), _waits = city.due(), city.due()
    start_sending(city, gone)
    begins, whose = city.now + ahead * DAY, str(city.departments.get(department, ""))
    fields = freeze_fields(begins, begins + DAY, account="", department=whose)
    assert lead.post("/freezes", fields).status_code == 302
    notices = " ".join(lead.page("/freezes").notices())
    assert "प्रसिद्धीस स्थगिती दिली आहे" in notices
    assert notices.count("आधीच पाठविले गेले") == is_named
    assert notices.count("शनिवारी पाणीपुरवठा बंद") == is_named  # the waiting delivery is not listed


def test_a_delivery_that_is_being_sent_says_so_and_cannot_be_cancelled(site: Site) -> None:
    city, clerk = site.city, site.browser("clerk")
    (gone,) = city.due()
    start_sending(city, gone)
    assert "हे आधीच पाठविले गेले आहे" in clerk.page(f"/deliveries/{gone}")
    response = clerk.post(f"/deliveries/{gone}/cancel")
    assert response.status_code == 409


def test_a_delivery_that_is_due_during_a_stop_is_shown_as_paused(site: Site) -> None:
    city, clerk = site.city, site.browser("clerk")
    (delivery,) = city.due()
    city_controls.stop_all(city)
    page = clerk.page(f"/deliveries/{delivery}")
    assert "तात्पुरते थांबविले" in page
    assert "तात्पुरते थांबविले" in clerk.page("/calendar?view=list")


@pytest.mark.parametrize(
    ("leave", "waits", "missed"),
    [
        ("pause", "प्रवेश परवानगीचे नूतनीकरण केल्यावर", "तात्पुरते बंद असताना निश्चित वेळ उलटली"),
        ("disconnect", "प्रशासकाने खाते पुन्हा जोडल्यावर", "जोडणी काढलेली असताना निश्चित वेळ उलटली"),
    ],
)
def test_a_delivery_whose_account_does_not_publish_says_so(
    site: Site, leave: str, waits: str, missed: str
) -> None:
    city, clerk = site.city, site.browser("clerk")
    (delivery,) = city.due()
    account_id, admin = city.accounts["x"], city.actor("admin")
    with city.write() as session:
        if leave == "pause":
            manage.pause(
                session, actor=admin, now=city.now, account_id=account_id, reason="credentials"
            )
        else:
            manage.disconnect(session, actor=admin, now=city.now, account_id=account_id)
    assert waits in clerk.page(f"/deliveries/{delivery}")
    city.tick_dispatch(3 * HOUR)
    assert city.delivery(delivery).state is DeliveryState.MISSED
    page = clerk.page(f"/deliveries/{delivery}")
    assert missed in page
    assert waits not in page
