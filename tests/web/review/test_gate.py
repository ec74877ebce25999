"""Approvals against attackers, double clicks and people with two appointments."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from approvals.policy import Role
from approvals.states import PostState
from publisher.models.people import Person
from publisher.models.posts import Decision, Post
from publisher.people import appointments
from publisher.people.permissions import COMMAND
from tests.support.city import statements
from tests.web.html_page import Page
from tests.web.site import Browser, Site

Sent = list[tuple[str, str]]


def state(site: Site, post: int) -> PostState:
    with site.city.read() as session:
        return session.get_one(Post, post).state


def decisions(site: Site) -> list[tuple[str, int]]:
    """Return kind and appointment of every decision."""
    with site.city.read() as session:
        decisions = session.scalars(select(Decision).order_by(Decision.id))
        return [(decision.kind.value, decision.appointment_id) for decision in decisions]


def second_appointment(site: Site, name: str, role: Role, department: str) -> int:
    """Give a person of the city another appointment."""
    city = site.city
    with city.write() as session:
        appointment_id = appointments.record_person(
            session,
            actor=COMMAND,
            now=city.now - timedelta(days=1),
            name_mr=session.get_one(Person, city.people[name]).name_mr,
            mail=f"{name.replace('_', '-')}@pmc.example",
            role=role,
            department_id=city.departments[department],
        )
        session.flush()
        return appointment_id.id


def approve_form(browser: Browser, post: int) -> tuple[str, Sent]:
    path = f"/posts/{post}/approve"
    return path, browser.page(f"/posts/{post}/review").form_to(path)


def joint(site: Site) -> int:
    """Send a post of the water department for review that also needs the road department."""
    post = site.city.start(site.city.hand_in())
    site.city.save(post, on=["x"], asked_departments=("water", "road"))
    site.city.send(post)
    return post


def test_the_review_page_names_the_department_that_lacks_an_approver(
    site: Site,
) -> None:
    post = site.city.start(site.city.hand_in())
    site.city.save(post, on=["x"], asked_departments=("water", "garden"))
    site.city.send(post)
    for who in ("clerk", "first"):
        page = site.browser(who).page(f"/posts/{post}/review")
        (notice,) = [notice for notice in page.notices() if "नोंद नाही" in notice]
        assert "उद्यान" in notice
        assert "पाणीपुरवठा" not in notice
    board = site.browser("lead").page("/decisions")
    assert "उद्यान विभाग: मान्यता देण्यास कोणी उपलब्ध नाही." in board


def test_a_post_links_to_approval_in_person_while_somebody_can_decide(site: Site) -> None:
    own, blocked = site.city.in_review(), site.city.in_review("garden")
    clerk = site.browser("clerk")
    assert f"/posts/{own}/on-the-spot" in clerk.page(f"/posts/{own}").html
    assert "on-the-spot" not in clerk.page(f"/posts/{blocked}").html
    assert "on-the-spot" not in site.browser("first").page(f"/posts/{own}").html
    site.city.approve(own)
    assert "on-the-spot" not in clerk.page(f"/posts/{own}").html


def test_the_history_says_in_spite_of_what_it_was_sent(site: Site) -> None:
    post = site.city.start(site.city.hand_in())
    site.city.save(post, on=["x"], text="दि. २० नोव्हेंबर २०२६ पर्यंत अर्ज करावेत.")
    site.city.send(post)
    sentence = "तपासण्याचे मुद्दे असतानाही पाठविले: उलटून गेलेली तारीख."
    for who in ("clerk", "first", "auditor"):
        assert sentence in site.browser(who).page(f"/posts/{post}")


def test_the_page_names_the_appointment_it_acts_under(site: Site) -> None:
    post = site.city.in_review()
    officer = site.browser("first")
    for path in (f"/posts/{post}/review", f"/posts/{post}/return", f"/posts/{post}/reject"):
        acting = [tag.text for tag in officer.page(path).all if tag.get("class") == "acting-as"]
        assert len(acting) == 1, path
        assert "पाणीपुरवठा" in acting[0]


def test_a_tab_of_another_appointment_decides_nothing_and_names_the_new(
    site: Site,
) -> None:
    """Both departments have to approve: without the check the other one would have approved."""
    other = second_appointment(site, "first", Role.OFFICER, "road")
    post = joint(site)
    officer = site.browser("first")
    water = site.city.appointments["first"]
    officer.post("/appointments", {"appointment": str(water)})
    path, sent = approve_form(officer, post)
    officer.post("/appointments", {"appointment": str(other)})
    response = officer.post(path, sent)
    page = Page(response.text)
    assert (response.status_code, decisions(site)) == (409, [])
    assert "नियुक्ती" in page.notices()[0]
    acting = next(tag.text for tag in page.all if tag.get("class") == "acting-as")
    assert "पथ" in acting
    assert officer.post(path, page.form_to(path)).status_code == 302
    assert decisions(site) == [("approved", other)]


@pytest.mark.parametrize("act", ["return", "reject", "withdraw-approval", "withdraw"])
def test_a_reason_sent_under_another_appointment_decides_nothing_and_stays(
    site: Site, act: str
) -> None:
    other = second_appointment(site, "first", Role.OFFICER, "road")
    post = joint(site)
    officer = site.browser("first")
    officer.post("/appointments", {"appointment": str(site.city.appointments["first"])})
    if act == "withdraw-approval":
        officer.post(*approve_form(officer, post))
    before, path = decisions(site), f"/posts/{post}/{act}"
    form = {"withdraw": "withdraw_post", "withdraw-approval": "withdraw_approval"}.get(act, act)
    sent = dict(officer.page(path).form(form)) | {"reason": "वेळ चुकीची आहे."}
    officer.post("/appointments", {"appointment": str(other)})
    response = officer.post(path, sent)
    page = Page(response.text)
    assert (response.status_code, decisions(site)) == (409, before)
    assert dict(page.form(form))["reason"] == "वेळ चुकीची आहे."
    assert dict(page.form(form))["under"] == str(other)


def test_an_approval_without_its_appointment_decides_nothing(site: Site) -> None:
    post = site.city.in_review()
    officer = site.browser("first")
    for under in ({}, {"under": ""}, {"under": "abc"}, {"under": "999999"}):
        response = officer.post(f"/posts/{post}/approve", {"seen": "1", **under})
        assert (response.status_code, decisions(site)) == (409, [])


def test_an_appointment_that_ended_decides_nothing_in_an_open_page(
    site: Site,
) -> None:
    post = site.city.in_review()
    second_appointment(site, "first", Role.MEMBER, "road")
    officer = site.browser("first")
    officer.post("/appointments", {"appointment": str(site.city.appointments["first"])})
    path, sent = approve_form(officer, post)
    site.city.end("first")
    assert officer.post(path, sent).status_code in (403, 404)
    assert (state(site, post), decisions(site)) == (PostState.IN_REVIEW, [])


def test_four_eyes_see_the_person_whatever_the_appointment(site: Site) -> None:
    """The clerk who wrote the post is an officer of the department too."""
    own = second_appointment(site, "clerk", Role.OFFICER, "garden")
    post = site.city.in_review("garden")
    clerk = site.browser("clerk")
    clerk.post("/appointments", {"appointment": str(own)})
    sent = {"seen": "1", "under": str(own)}
    response = clerk.post(f"/posts/{post}/approve", sent)
    assert (response.status_code, decisions(site)) == (409, [])
    assert not [tag for tag in Page(response.text).all if tag.get("name") == "under"]


def test_a_second_press_of_approve_is_no_error_and_approves_once(site: Site) -> None:
    post = site.city.in_review()
    officer = site.browser("first")
    path, sent = approve_form(officer, post)
    assert officer.post(path, sent).status_code == 302
    again = officer.post(path, sent)
    assert (again.status_code, again.headers["Location"]) == (302, f"/posts/{post}")
    assert "आधीच मान्यता" in officer.page(f"/posts/{post}").text
    assert decisions(site) == [("approved", site.city.appointments["first"])]


def test_the_second_approver_reads_who_decided_and_when(site: Site) -> None:
    post = site.city.in_review()
    second = site.browser("second")
    path = f"/posts/{post}/approve"
    fields = second.page(f"/posts/{post}/review").form_to(path)
    first = site.browser("first")
    own = first.page(f"/posts/{post}/review").form_to(path)
    assert first.post(path, own).status_code == 302
    refused = second.post(path, fields)
    assert refused.status_code == 409
    assert "मेधा सातपुते यांनी निर्णय दिला आहे, आज" in Page(refused.text)


@pytest.mark.parametrize("act", ["return", "reject"])
def test_a_reason_sent_twice_counts_once(site: Site, act: str) -> None:
    post = site.city.in_review()
    officer, path = site.browser("first"), f"/posts/{post}/{act}"
    sent = dict(officer.page(path).form(act)) | {"reason": "वेळ चुकीची आहे."}
    assert [officer.post(path, sent).status_code for _twice in range(2)] == [302, 302]
    assert len(decisions(site)) == 1


def test_a_return_after_ones_own_approval_is_refused_and_keeps_the_reason(site: Site) -> None:
    """This is no double click but a change of mind, for which there is the page of withdrawal."""
    post = site.city.in_review()
    officer, path = site.browser("first"), f"/posts/{post}/return"
    sent = dict(officer.page(path).form("return")) | {"reason": "वेळ चुकीची आहे."}
    officer.post(*approve_form(officer, post))
    response = officer.post(path, sent)
    assert response.status_code == 409
    assert dict(Page(response.text).form("return"))["reason"] == "वेळ चुकीची आहे."


def test_a_stale_revision_is_reported_before_any_other_refusal(site: Site) -> None:
    """Only the older revision also needed the road department; the newer one is a draft."""
    post = joint(site)
    officer = site.browser("road_officer")
    path, sent = approve_form(officer, post)
    site.city.save(post, on=["x"], text="नवा मजकूर", asked_departments=("water",))
    response = officer.post(path, sent)
    page = Page(response.text)
    assert response.status_code == 409
    assert "नोंद झालेली नाही" in page.notices()[0]
    assert "आवृत्ती क्र. २ त्यानंतरची आहे" in page.notices()[0].replace("\xa0", " ")
    assert not [form for form in page.all if form.get("action") == path]


def test_after_the_window_nothing_can_be_published_and_the_page_says_so(site: Site) -> None:
    post = site.city.start(site.city.hand_in())
    site.city.save(post, on=["x"], not_after=site.city.now + timedelta(hours=2))
    site.city.send(post)
    officer = site.browser("first")
    assert "कालावधी संपला" not in officer.page(f"/posts/{post}/review")
    site.city.clock.move(timedelta(hours=2))
    assert "कालावधी संपला" in officer.page(f"/posts/{post}/review")


def test_a_saved_text_is_appended_to_the_typed_reason_without_javascript(
    site: Site,
) -> None:
    post = site.city.in_review()
    officer, path = site.browser("first"), f"/posts/{post}/return"
    officer.post("/return-texts", {"words": "मदत क्रमांक नमूद करावा."})
    page = officer.page(path)
    (use,) = page.named("use")
    sent = dict(page.form("return")) | {"reason": "वेळ बदलावी."}
    filled = Page(officer.post(path, {**sent, "use": use.get("value")}).text)
    reason = dict(filled.form("return"))["reason"]
    assert reason.splitlines() == ["वेळ बदलावी.", "मदत क्रमांक नमूद करावा."]
    assert (state(site, post), decisions(site)) == (PostState.IN_REVIEW, [])
    response = officer.post(path, {**sent, "keep": "1"})
    assert (response.status_code, len(Page(response.text).named("use"))) == (200, 2)
    empty = Page(officer.post(path, {**sent, "reason": " ", "keep": "1"}).text)
    assert empty.error_at("reason")
    assert officer.post(path, dict(filled.form("return"))).status_code == 302
    assert state(site, post) is PostState.DRAFT


def test_a_text_of_somebody_else_is_neither_shown_nor_put_in(site: Site) -> None:
    post = site.city.in_review()
    site.browser("second").post("/return-texts", {"words": "दुसऱ्याचे शब्द"})
    officer, path = site.browser("first"), f"/posts/{post}/return"
    page = officer.page(path)
    assert page.named("use") == []
    response = officer.post(path, {**dict(page.form("return")), "use": "1"})
    assert "दुसऱ्याचे शब्द" not in response.text


def test_saved_texts_are_added_and_removed_on_their_page(site: Site) -> None:
    officer = site.browser("first")
    wrong = officer.post("/return-texts", {"words": "ळ" * 501})
    assert Page(wrong.text).error_at("words")
    assert dict(Page(wrong.text).form("return-text"))["words"] == "ळ" * 501
    officer.post("/return-texts", {"words": "वेळ दुरुस्त करावी."})
    page = officer.page("/return-texts")
    assert "वेळ दुरुस्त करावी." in page
    officer.post("/return-texts/remove", page.form_to("/return-texts/remove"))
    assert "वेळ दुरुस्त करावी." not in officer.page("/return-texts").by_id("main").text.replace(
        "मजकूर काढून टाकला.", ""
    )


def test_my_decisions_show_what_became_of_each_with_its_live_link(site: Site) -> None:
    site.city.live()
    waiting = site.city.approved()
    returned = site.city.in_review()
    site.city.return_post(returned)
    page = site.browser("first").page("/approvals")
    rows = [row.text for row in page.all if row.tag == "tr"][1:]
    assert len(rows) == 3
    assert "दुरुस्तीसाठी परत" in rows[0]
    assert "कक्षाने वेळ निश्चित करणे बाकी" in rows[1]
    assert "प्रसिद्ध झाले" in rows[2]
    links = [link.get("href") for link in page.all if link.tag == "a"]
    assert f"/posts/{waiting}" in links
    assert [link for link in links if "external" in link or "platform" in link or "memory" in link]


def test_my_decisions_name_the_author_whose_comment_was_answered(site: Site) -> None:
    (delivery_id,) = site.city.live()
    post_id = site.city.answer(site.city.comment(under=delivery_id, author="sunita_k"))
    with site.city.write() as session:
        session.get_one(Post, post_id).title = "@कोणीतरी"
    page = site.browser("first").page("/approvals")
    assert "@sunita_k यांची टिप्पणी" in page
    assert "कोणीतरी" not in page


def test_my_decisions_are_paged_narrowed_by_month_and_shown_whole_to_print(site: Site) -> None:
    for _ in range(27):
        site.city.approved()
    officer = site.browser("first")
    first = officer.page("/approvals")
    assert shown_rows(first) == 25
    onward = [link.get("href") for link in first.all if "before=" in link.get("href")]
    assert shown_rows(officer.page(onward[0])) == 2
    month = site.city.now.strftime("%Y-%m")
    assert shown_rows(officer.page(f"/approvals?month={month}")) == 25
    assert shown_rows(officer.page(f"/approvals?month={month}&whole=1")) == 27
    for odd in ("2026-13", "0001-01", "9999-12", "abc", "२०२६-११", "2026-11-11", "²-1"):
        assert officer.get(f"/approvals?month={odd}").status_code == 200


def shown_rows(page: Page) -> int:
    return sum(row.tag == "tr" for row in page.all) - 1


def test_my_decisions_run_as_many_queries_for_many_rows_as_for_few(site: Site) -> None:
    officer = site.browser("first")
    counts = []
    for more in (3, 15):
        for at in range(more):
            post = site.city.approved(on=["x", "facebook"])
            if at % 2:
                site.city.schedule(post, timedelta(hours=at + 1))
        officer.page("/approvals")
        with statements(site.city.database) as executed:
            officer.page("/approvals")
        counts.append(len(executed))
    assert counts[0] == counts[1]
