"""An officer approves, returns and rejects by the personal link of a review mail."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from approvals.states import PostState
from publisher.drafting.drafts import PictureDraft
from publisher.models.approvals import ReturnText
from publisher.models.notifications import Notice
from publisher.models.people import Person, SignIn
from publisher.models.posts import DecisionCredential, DecisionKind, Post
from publisher.review import gate_adapter, return_texts
from tests.support.authenticator import Authenticator
from tests.support.city_people import MINUTE
from tests.web.approval_link_steps import (
    Officer,
    code,
    decisions,
    give_mobile,
    is_used,
    link_for,
    officer_of,
    prove,
    with_sms,
)
from tests.web.pictures import jpeg
from tests.web.sign_in.test_factor_needed import require
from tests.web.sign_in.test_late_codes import LATE
from tests.web.sign_in.test_passkey_pages import add, options
from tests.web.site import Site

TEXT, APPROVE = "शनिवारी पाणीपुरवठा बंद (", "मान्यता द्या"
DONE, PROVE = "आपला निर्णय नोंदविला आहे", "आधी आपली ओळख पटवावी"
BY_CODE = "लिंक व संकेतांकाने"


def state(site: Site, post_id: int) -> PostState:
    with site.city.read() as session:
        return session.get_one(Post, post_id).state


def test_an_officer_approves_by_link_and_code_without_a_session(site: Site) -> None:
    officer = officer_of(site)
    first = officer.browser.page(officer.path).text
    assert "शनिवारी पाणीपुरवठा बंद" in first
    assert TEXT not in first
    prove(site, officer.path, officer.browser)
    assert TEXT in officer.browser.page(officer.path).text
    assert not is_used(site)
    assert officer.browser.post(officer.path, {"step": "approve"}).status_code == 302
    assert state(site, officer.post) is PostState.APPROVED
    (decision,) = decisions(site)
    assert decision.kind is DecisionKind.APPROVED
    assert decision.credential is DecisionCredential.LINK_AND_CODE
    assert is_used(site)
    assert DONE in officer.browser.page(officer.path).text
    assert officer.browser.cookie() == ""
    assert TEXT not in officer.browser.get(f"/posts/{officer.post}").text
    with site.city.read() as session:
        assert session.scalar(select(func.count(SignIn.id))) == 0


def test_the_gate_and_the_record_take_the_approval_as_any_other(site: Site) -> None:
    officer = officer_of(site)
    prove(site, officer.path, officer.browser)
    officer.browser.post(officer.path, {"step": "approve"})
    (delivery_id,) = site.city.schedule(officer.post)
    with site.city.read() as session:
        revision = session.get_one(Post, officer.post).revisions[-1]
        case = gate_adapter.load_case(session, revision.id, now=site.city.now)
        (approval,) = case.approvals
        assert approval.in_force
        assert approval.person_id == site.city.people["first"]
    assert delivery_id
    assert BY_CODE in site.browser("clerk").page(f"/posts/{officer.post}").text
    assert BY_CODE in site.browser("first").page("/approvals").text
    assert site.city.notified("approved")


def test_opening_it_uses_nothing_up(site: Site) -> None:
    officer = officer_of(site)
    scanner = site.nobody()
    for browser in (officer.browser, scanner, scanner):
        assert browser.get(officer.path).status_code == 200
        assert browser.client.head(officer.path, base_url=browser.base).status_code == 200
    assert not is_used(site)
    assert decisions(site) == []
    assert site.city.notified("approval_code") == []
    assert scanner.get(f"{officer.path}/return").status_code == 200
    assert PROVE in scanner.page(f"{officer.path}/return").text


def test_it_is_returned_with_the_officer_s_own_text(site: Site) -> None:
    officer = officer_of(site)
    with site.city.write() as session:
        actor = site.city.actor("first")
        text = return_texts.save(
            session, actor=actor, now=site.city.now, return_text="मदत क्रमांक नमूद करावा."
        )
        text_id = text.id
    browser = prove(site, officer.path, officer.browser)
    path = f"{officer.path}/return"
    assert "मदत क्रमांक नमूद करावा." in browser.page(path).text
    empty = browser.post(path, {"reason": " "})
    assert empty.status_code == 422
    added = browser.post(path, {"reason": "तारीख चुकली.", "use": str(text_id)})
    assert "तारीख चुकली.\nमदत क्रमांक नमूद करावा." in added.text
    assert decisions(site) == []
    assert browser.post(path, {"reason": "तारीख चुकली."}).status_code == 302
    (decision,) = decisions(site)
    assert (decision.kind, decision.reason) == (DecisionKind.RETURNED, "तारीख चुकली.")
    assert decision.credential is DecisionCredential.LINK_AND_CODE
    assert DONE in browser.page(officer.path).text


def test_it_is_rejected_with_a_reason(site: Site) -> None:
    officer = officer_of(site)
    browser = prove(site, officer.path, officer.browser)
    assert browser.post(f"{officer.path}/reject", {"reason": "प्रसिद्ध करू नये."}).status_code == 302
    assert decisions(site)[0].kind is DecisionKind.REJECTED
    assert state(site, officer.post) is PostState.REJECTED


def test_nothing_is_decided_or_shown_without_the_proof(site: Site) -> None:
    officer = officer_of(site)
    other = prove(site, link_for(site, site.city.in_review("water", on=["x", "facebook"])))
    for browser in (officer.browser, other):
        assert browser.post(officer.path, {"step": "approve"}).status_code == 409
        refused = browser.post(f"{officer.path}/return", {"reason": "तारीख चुकली."})
        assert refused.status_code == 409
        assert "तारीख चुकली." in refused.text, "what was written can be copied"
        assert TEXT not in refused.text
    assert decisions(site) == []


def test_the_proof_is_over_after_half_an_hour(site: Site) -> None:
    officer = officer_of(site)
    prove(site, officer.path, officer.browser)
    site.city.clock.move(31 * MINUTE)
    assert PROVE in officer.browser.page(officer.path).text
    assert officer.browser.post(officer.path, {"step": "approve"}).status_code == 409
    assert decisions(site) == []


def test_five_wrong_codes_close_the_page_and_the_link_lives_on(site: Site) -> None:
    officer = officer_of(site)
    officer.browser.post(officer.path, {"step": "send"})
    right = code(site)
    wrong = "00000000" if right != "00000000" else "11111111"
    for _time in range(5):
        answer = officer.browser.post(officer.path, {"step": "code", "code": wrong})
        assert answer.status_code == 422
    closed = officer.browser.post(officer.path, {"step": "code", "code": right})
    assert closed.status_code == 422
    site.city.clock.move(16 * MINUTE)
    prove(site, officer.path, officer.browser)
    assert officer.browser.post(officer.path, {"step": "approve"}).status_code == 302


def test_codes_are_not_sent_without_end(site: Site) -> None:
    officer = officer_of(site)
    answers = [officer.browser.post(officer.path, {"step": "send"}) for _time in range(7)]
    assert [answer.status_code for answer in answers] == [302] * 5 + [422] * 2
    assert "आणखी संकेतांक पाठविता येत नाही" in answers[-1].text


def test_the_code_names_its_act_and_counts_for_this_link_alone(site: Site) -> None:
    officer = officer_of(site)
    other = link_for(site, site.city.in_review("water", on=["facebook"]))
    officer.browser.post(officer.path, {"step": "send"})
    with site.city.read() as session:
        notice = session.scalars(select(Notice).where(Notice.kind == "approval_code")).one()
        assert notice.variables["title"] == session.get_one(Post, officer.post).title
        assert notice.variables["revision"] == "१"
    typed = officer.browser.post(other, {"step": "code", "code": code(site)})
    assert typed.status_code == 422


@pytest.mark.parametrize("has_factor_rule", [False, True])
def test_by_the_sign_in_it_says_so(site: Site, *, has_factor_rule: bool) -> None:
    officer = officer_of(site)
    first = site.browser("first")
    if has_factor_rule:
        require(site, has_sms=True)
        page = first.page(officer.path).text
        assert TEXT not in page
        assert first.post(officer.path, {"step": "approve"}).status_code == 409
        review = f"/posts/{officer.post}/review"
        assert first.post(f"/posts/{officer.post}/approve", {"seen": "1"}).status_code == 403
        assert first.get(review).status_code == 200
        assert decisions(site) == []
        return
    assert TEXT in first.page(officer.path).text
    first.post(officer.path, {"step": "approve"})
    assert decisions(site)[0].credential is DecisionCredential.LINK_AND_SIGN_IN


def test_another_s_browser_and_the_cell_s_browser_each_say_why_not(
    site: Site,
) -> None:
    officer = officer_of(site)
    for name, words in (("second", "मेधा सातपुते"), ("clerk", "या ब्राउझरमध्ये निर्णय देता येत नाही")):
        browser = site.browser(name)
        page = browser.get(officer.path)
        assert page.status_code == 403
        assert words in page.text
        assert TEXT not in page.text
        assert browser.post(officer.path, {"step": "approve"}).status_code == 403
    assert decisions(site) == []


def test_a_proof_does_not_outlive_another_s_sign_in(site: Site) -> None:
    officer = officer_of(site)
    prove(site, officer.path, officer.browser)
    site.give_password("clerk")
    officer.browser.sign_in("clerk")
    assert officer.browser.post(officer.path, {"step": "approve"}).status_code == 403
    assert decisions(site) == []


@pytest.mark.parametrize("has_password", [True, False])
def test_without_a_mobile_the_sign_in_or_first_the_invitation_is_the_way(
    site: Site, *, has_password: bool
) -> None:
    officer = officer_of(site)
    give_mobile(site, "first", None)
    if has_password:
        site.give_password("first")
    page = officer.browser.get(officer.path).text
    assert ("/sign-in?next=" in page) is has_password
    assert ("आपले निमंत्रण उघडून" in page) is not has_password
    assert officer.browser.post(officer.path, {"step": "send"}).status_code == 422
    assert site.city.notified("approval_code") == []


def test_a_mobile_that_was_changed_takes_no_code(site: Site) -> None:
    officer = officer_of(site)
    officer.browser.post(officer.path, {"step": "send"})
    sent = code(site)
    with site.city.write() as session:
        person = session.get_one(Person, site.city.people["first"])
        person.mobile, person.mobile_proven_at = "+915550007700", None
    assert 'value="send"' not in officer.browser.get(officer.path).text
    typed = officer.browser.post(officer.path, {"step": "code", "code": sent})
    assert typed.status_code == 422
    assert officer.browser.post(officer.path, {"step": "send"}).status_code == 422


def test_a_code_that_has_not_left_is_said(site: Site) -> None:
    officer = officer_of(site)
    officer.browser.post(officer.path, {"step": "send"})
    assert LATE not in officer.browser.page(officer.path).text
    site.city.clock.move(timedelta(seconds=61))
    assert LATE in officer.browser.page(officer.path).text


def test_an_answer_comes_with_its_comment(site: Site) -> None:
    officer: Officer = officer_of(site)
    (delivery_id,) = site.city.live()
    comment_id = site.city.comment("पाणी कधी येणार?", under=delivery_id)
    reply_id = site.city.answer(comment_id, "उद्या सकाळी.", by="clerk")
    path = link_for(site, reply_id)
    assert "पाणी कधी येणार?" not in officer.browser.page(path).text
    browser = prove(site, path, officer.browser)
    page = browser.page(path).text
    assert "पाणी कधी येणार?" in page
    assert "उद्या सकाळी." in page
    assert browser.post(path, {"step": "approve"}).status_code == 302
    assert state(site, reply_id) is PostState.APPROVED


def test_the_texts_of_the_person_alone_are_added(site: Site) -> None:
    officer = officer_of(site)
    with site.city.write() as session:
        text = return_texts.save(
            session, actor=site.city.actor("second"), now=site.city.now, return_text="दुसऱ्याचा."
        )
        text_id = text.id
    browser = prove(site, officer.path, officer.browser)
    added = browser.post(f"{officer.path}/return", {"reason": "", "use": str(text_id)})
    assert "दुसऱ्याचा." not in added.text
    with site.city.read() as session:
        assert session.scalar(select(func.count(ReturnText.id))) == 1


def test_pictures_are_shown_after_the_proof_alone(site: Site) -> None:
    with_sms(site)
    give_mobile(site, "first")
    post_id = site.city.start(site.city.hand_in())
    picture = PictureDraft("टँकर", content=jpeg(640, 480), name="IMG_1.jpg")
    site.city.save(post_id, on=["x"], pictures=(picture,))
    site.city.send(post_id)
    path, reader = link_for(site, post_id), site.nobody()
    with site.city.read() as session:
        rendition = session.get_one(Post, post_id).revisions[-1].variants[0].renditions[0]
        digests = (rendition.sha256, f"{rendition.source_sha256}?size=small")
    addresses = [f"{path}/pictures/{digest}" for digest in digests]
    assert {reader.get(address).status_code for address in addresses} == {404}
    prove(site, path, reader)
    page = reader.get(path).text
    assert addresses[0] in page
    assert {reader.get(address).status_code for address in addresses} == {200}
    assert reader.get(f"{path}/pictures/{'0' * 64}").status_code == 404
    assert site.nobody().get(addresses[0]).status_code == 404


def test_a_passkey_proves_the_person_and_another_s_does_not(site: Site) -> None:
    officer = officer_of(site)
    give_mobile(site, "first", None)
    device = Authenticator()
    add(site.browser("first"), device)
    passkey = f"{officer.path}/passkey"
    assert "data-passkey-button" in officer.browser.get(officer.path).text
    wrong = Authenticator().use(options(officer.browser, passkey))
    assert officer.browser.post(passkey, {"credential": wrong}).status_code == 302
    assert TEXT not in officer.browser.page(officer.path).text
    used = device.use(options(officer.browser, passkey))
    assert officer.browser.post(passkey, {"credential": used}).status_code == 302
    assert TEXT in officer.browser.page(officer.path).text
    officer.browser.post(officer.path, {"step": "approve"})
    assert decisions(site)[0].credential is DecisionCredential.LINK_AND_PASSKEY
    assert officer.browser.cookie() == ""


def test_challenges_for_passkeys_are_not_made_without_end(site: Site) -> None:
    officer = officer_of(site)
    path = f"{officer.path}/passkey/options"
    codes = [officer.browser.post(path).status_code for _time in range(6)]
    assert codes == [200] * 5 + [429]


def test_the_page_shows_what_changed_since_its_reader_last_saw_it(site: Site) -> None:
    officer = officer_of(site)
    changed = "आपण पाहिलेल्या आवृत्तीनंतर"
    prove(site, officer.path, officer.browser)
    assert changed not in officer.browser.page(officer.path).text
    site.city.save(officer.post, text="मधला मजकूर")
    site.city.save(officer.post, text="शेवटचा मजकूर")
    site.city.send(officer.post)
    path = link_for(site, officer.post)
    page = prove(site, path).page(path)
    assert "आपण पाहिलेल्या आवृत्तीनंतर (क्र.\u00a0१) काय बदलले" in page
    assert "मधला" not in page.text
    # The head was sent no link to an earlier revision.
    other = link_for(site, officer.post, "head")
    assert changed not in site.browser("head").page(other).text
