"""An example of everything that pages show, written into a city by the product's use cases."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, update

from approvals.policy import Role
from demo import notices
from demo.notices import DemoNotice
from publisher.auth import sign_in
from publisher.auth.known_devices import Visitor
from publisher.auth.passwords import Proof
from publisher.auth.throttling import MOST_PER_IDENTIFIER
from publisher.delivery.controls import freeze
from publisher.delivery.monitoring import poll
from publisher.delivery.rate_limits import response_limits
from publisher.drafting import renditions
from publisher.drafting.drafts import Draft, PictureDraft, VariantDraft
from publisher.drafting.save import save
from publisher.emergency import alerts, ratification
from publisher.inbox import routing
from publisher.intake import close, questions, submit
from publisher.intake.form import HandIn
from publisher.intake.merge import merge
from publisher.intake.persistence import store_form
from publisher.intake.uploads import UploadedFile
from publisher.mail.mailbox.quarantine import take_in_waiting_mail
from publisher.models.comments import AnswerKind
from publisher.models.deliveries import Account, ReceiptRow
from publisher.models.desk import TextPart
from publisher.models.mailbox import Quarantine
from publisher.models.monitoring import Watch
from publisher.models.notifications import Notice as Mail
from publisher.models.people import Person
from publisher.models.posts import Language, Post
from publisher.models.submissions import Submission
from publisher.people import appointments, invitations
from publisher.people.permissions import COMMAND
from publisher.platforms.base.protocol import (
    CredentialsExpired,
    OutcomeUnknown,
    RefusalCode,
    Refused,
)
from publisher.platforms.base.types import Allowance
from publisher.review import return_texts, withdraw
from publisher.scheduling import schedule
from tests.browser import example_corrections, example_departments
from tests.support import city_controls, emergency_steps
from tests.support.city import City
from tests.support.city_people import DAY, HOUR, MINUTE, NOON
from tests.support.mailed import (
    add_waiting,
    ask_department,
    intake_of,
    message,
    prepared,
    reply_to_comment,
)

ATTACKED = "attacked@pmc.example"
MARATHI, ENGLISH = Language.MARATHI, Language.ENGLISH


@dataclass(frozen=True)
class ExamplePaths:
    """The ids and tokens of the examples, by the names that paths use for them."""

    paths: dict[str, str]

    def path(self, pattern: str) -> str:
        """Return a path with its names replaced: `/posts/{reviewed}/review`."""
        return pattern.format_map(self.paths)


def _notice(key: str) -> DemoNotice:
    return notices.notices_by_key(NOON)[key]


def hand_in(town: City, notice: DemoNotice, *, by: str, wished: timedelta = DAY) -> int:
    """Hand in a notice with its photos, and return the submission's id."""
    files = tuple(
        UploadedFile(f"IMG_22{number}.jpg", spec.read(), spec.alt_mr, spec.alt_en)
        for number, spec in enumerate(notice.photos)
    )
    _role, department = town.roles[by]
    form = HandIn(
        department_id=town.departments[department],
        kind=notice.kind,
        title=notice.mr.title,
        text_mr=notice.mr.body,
        text_en=notice.en.body,
        link=notice.link or "",
        outward_number=notice.outward,
        wished_at=town.now + wished,
        files=files,
    )
    with town.write() as session:
        return submit.create_submission(
            session,
            actor=town.actor(by),
            now=town.now,
            city_code="PMC",
            stored_form=store_form(town.store, form),
        ).id


def save_revision(
    town: City, post_id: int, notice: DemoNotice, *, note: str = "", other: str = ""
) -> None:
    """Save a revision with the notice's four texts and its photos; `other` is appended on X."""
    with town.read() as session:
        post = session.get_one(Post, post_id)
        newest = post.newest
        context = renditions.preparation_context(session, post_id=post_id)
        sources = [file.sha256 for submission in post.submissions for file in submission.files]
    draft = Draft(
        title=notice.mr.title,
        note=note,
        not_before=town.now + HOUR,
        variants=tuple(
            VariantDraft(
                town.accounts[account],
                language,
                _text_for(notice, account, language) + (other if account == "x" else ""),
                link=notice.link or "",
                pictures=tuple(
                    PictureDraft(
                        spec.alt_mr if language is MARATHI else spec.alt_en, source_sha256=source
                    )
                    for spec, source in zip(notice.photos, sources, strict=True)
                ),
            )
            for account in ("x", "facebook")
            for language in (MARATHI, ENGLISH)
        ),
    )
    prepared = renditions.prepare_pictures(town.store, draft, context)
    with town.write() as session:
        save(
            session,
            actor=town.actor("clerk"),
            now=town.now,
            post_id=post_id,
            seen_revision=newest,
            prepared=prepared,
        )


def _text_for(notice: DemoNotice, account: str, language: Language) -> str:
    wording = notice.mr if language is MARATHI else notice.en
    return wording.text_on(account)


def add_examples(town: City) -> ExamplePaths:
    """Write the examples, which take three days of the city, and return their paths."""
    paths: dict[str, int | str] = {}
    example_corrections.add_examples(town, paths)
    _add_emergency_uses(town, paths)
    _add_live_posts(town, paths)
    _add_failures(town, paths)
    _add_comments(town, paths)
    _add_submissions_and_posts(town, paths)
    _add_drafts(town, paths)
    _add_people(town, paths)
    city_controls.set_slot_and_quiet_time(town)
    _add_freezes(town)
    city_controls.fail_mail(town)
    _add_return_texts(town)
    _add_account_conditions(town, paths)
    paths |= add_waiting(town, "water")
    _ask_for_departments(town, paths)
    return ExamplePaths({name: str(value) for name, value in paths.items()})


def _ask_for_departments(town: City, paths: dict[str, int | str]) -> None:
    """Let a member of two departments and the lead be asked for which one their mails are."""
    words = {"subject": "रस्ता बंद", "text": "सोमवारी रस्ता बंद राहील."}
    with town.write() as session:
        paths["mail_token"], _mail = ask_department(session, town, "health_member")
        paths["lead_mail_token"], _mail = ask_department(session, town, "lead", also="")
        token, mail = ask_department(session, town, "lead", also="", **words)
        paths["chosen_mail_token"] = token
        take_in_waiting_mail(
            session,
            prepared(town.store, message(mail.sender, **words)),
            actor=town.actor("clerk"),
            intake=intake_of(town.store),
            now=town.now,
            quarantine_id=session.scalars(
                select(Quarantine.id).where(Quarantine.mail_id == mail.id)
            ).one(),
            department_id=town.departments["road"],
        )


def _add_emergency_uses(town: City, paths: dict[str, int | str]) -> None:
    """Add an emergency post that failed on X and waits for ratification, and a refused one."""
    emergency_steps.add_duty(town, "clerk", hours=24 * 30)
    emergency_steps.add_duty(town, "road_member", has_signed_in=False)  # waits for a second person
    paths["template"] = template = emergency_steps.add_template(town)
    emergency_steps.approve_template(town, template)
    paths["waiting_template"] = emergency_steps.add_template(town)
    town.platform("x").fail_next(Refused(RefusalCode.PERMISSION))
    paths["used"] = emergency_steps.publish(town, template)
    town.tick_dispatch()
    alerts.tick_alerts(town.database, sms=emergency_steps.NO_SMS, now=town.clock)
    paths["refused"] = refused = emergency_steps.publish(
        town, template, form=emergency_steps.use_form(town, template, token="two")
    )
    town.tick_dispatch()
    with town.write() as session:
        ratification.refuse(
            session,
            actor=town.actor("second"),
            now=town.now,
            use_id=refused,
            reason="ठिकाण चुकीचे आहे: कात्रज नव्हे, कोंढवा.",
        )


def _add_live_posts(town: City, paths: dict[str, int | str]) -> None:
    """Add a post that is live on both platforms."""
    post_id = town.start(hand_in(town, _notice("circular"), by="member"))
    save_revision(town, post_id, _notice("circular"))
    town.send(post_id)
    town.approve(post_id)
    town.clock.move(HOUR)
    paths["live_delivery"], *more = town.schedule(post_id, MINUTE)
    paths["live_facebook"] = more[1]
    town.tick_dispatch(2 * MINUTE)
    paths["live_post"] = post_id
    paths["live_submission"] = _submission_of(town, post_id)


def _submission_of(town: City, post_id: int) -> int:
    with town.read() as session:
        return session.get_one(Post, post_id).submissions[0].id


def _add_failures(town: City, paths: dict[str, int | str]) -> None:
    paths["held"] = town.hold()
    town.platform("x").fail_next(Refused(RefusalCode.DUPLICATE))
    (paths["failed"],) = town.live()
    (paths["missed"],) = town.due("road")
    town.tick_dispatch(2 * HOUR)
    (paths["cancelled"],) = town.schedule(town.approved())
    with town.write() as session:
        schedule.cancel(
            session,
            actor=town.actor("clerk"),
            now=town.now,
            delivery_id=int(paths["cancelled"]),
        )
    town.platform("facebook").fail_next(CredentialsExpired("190"))
    (paths["paused"],) = town.live(on=["facebook"])
    for key, act in (("returned", town.return_post), ("rejected", town.reject)):
        paths[key] = post_id = town.in_review()
        act(post_id)
    paths["withdrawn"] = _withdraw_new_post(town)


def _withdraw_new_post(town: City) -> int:
    post_id = town.approved()
    with town.write() as session:
        withdraw.withdraw_post(
            session,
            actor=town.actor("first"),
            now=town.now,
            post_id=post_id,
            reason="काम पुढे ढकलले आहे; नवी तारीख नंतर कळवू.",
        )
    return post_id


def _add_comments(town: City, paths: dict[str, int | str]) -> None:
    """Add citizens' comments in each state, the overdue one first."""
    live = int(paths["live_delivery"])
    paths["overdue"] = town.comment(
        "kadhi yenar pani? 3 divas zale, tanker pan nahi. phone koni uchlat nahi 😡",
        under=live,
        author="udaharan_rk",
    )
    town.clock.at = NOON + 2 * DAY - 3 * HOUR
    (live,) = town.live()
    paths["answered"] = town.comment("टँकरसाठी कुणाला फोन करायचा?", under=live, author="namuna_p")
    town.answer(int(paths["answered"]), "०२०-५५५०-०१२३ वर सकाळी ७ ते रात्री ९. – पाणीपुरवठा विभाग")
    town.tick_dispatch()
    town.note_answers()
    paths["closed"] = town.comment("धन्यवाद 🙏", under=live, author="udaharan_sk")
    _close_comment(town, int(paths["closed"]))
    paths["answer_failed"] = town.comment("पुण्यात नळ कधी सुरू?", under=live, author="namuna_v")
    town.answer(int(paths["answer_failed"]))
    town.platform("x").fail_next(Refused(RefusalCode.DUPLICATE))
    town.tick_dispatch()
    paths["interim"] = town.comment("Which areas of Kharadi?", under=live, author="udaharan_fern")
    town.answer(int(paths["interim"]), "माहिती घेत आहोत.", kind=AnswerKind.INTERIM)
    town.tick_dispatch()
    town.note_answers()
    paths["mailed"] = town.comment("सोमवारचे काय?", under=live, author="namuna_s")
    reply_to_comment(town, int(paths["mailed"]), "सोमवारी सकाळी सहा वाजता. " * 15)
    paths["waiting_answer"] = town.comment("रविवारी तरी येईल का?", under=live, author="namuna_j")
    paths["reply"] = town.answer(int(paths["waiting_answer"]), "होय, उशिरा.", by="clerk")
    paths["routed"] = town.comment("आमच्या सोसायटीला टँकर हवा आहे.", under=live, author="namuna_ts")
    paths["queued"] = town.comment(
        "Comprehensive plan for the lake at Pashan? Nobody answers the phone there.",
        author="udaharan_lake",
    )


def _close_comment(town: City, comment_id: int) -> None:
    with town.write() as session:
        routing.close(
            session,
            actor=town.actor("first"),
            now=town.now,
            comment_id=comment_id,
            reason="उत्तराची आवश्यकता नाही.",
        )


def _add_submissions_and_posts(town: City, paths: dict[str, int | str]) -> None:
    """Add submissions and posts in each state of today's work."""
    paths["received"] = hand_in(town, _notice("road-closed"), by="road_member", wished=5 * HOUR)
    paths["declined"] = town.hand_in("आंतरविभागीय बैठक", department="health")
    _decline(town, int(paths["declined"]))
    paths["asked"] = town.hand_in("पदपथांची दुरुस्ती", department="road")
    _return_with_question(town, int(paths["asked"]))
    paths["merged"] = town.hand_in("रस्ता बंद, पुन्हा तेच", department="road")
    _merge(town, int(paths["merged"]), into=int(paths["received"]))
    paths["begun"] = town.start(hand_in(town, _notice("ward-hours"), by="health_member"))
    for key, wished in (("drafted", 2 * DAY), ("reviewed", 4 * HOUR)):
        notice = _notice("water-cut" if key == "reviewed" else "road-closed")
        paths[key] = post_id = town.start(hand_in(town, notice, by="member", wished=wished))
        save_revision(town, post_id, notice, other=" #टँकर")
        town.clock.move(5 * MINUTE)
        paths[f"{key}_submission"] = _submission_of(town, post_id)
    town.send(int(paths["reviewed"]))
    town.return_post(int(paths["reviewed"]), "शेवटचा हॅशटॅग काढावा.")
    save_revision(town, int(paths["reviewed"]), _notice("water-cut"), note="हॅशटॅग काढला.")
    town.send(int(paths["reviewed"]))
    paths["reviewed_x"] = town.variants(int(paths["reviewed"]))[0]
    paths["blocked"] = town.in_review("garden")
    paths["heads"] = town.in_review("health")
    paths["approved"] = town.approved(on=["x", "facebook"])
    paths["scheduled_post"] = town.approved()
    (paths["scheduled"],) = town.schedule(int(paths["scheduled_post"]), 3 * HOUR)
    paths["clash"] = town.approved()
    paths["clash_x"] = town.variants(int(paths["clash"]))[0]
    town.platform("x").fail_next(OutcomeUnknown("no answer"))
    (paths["unconfirmed"],) = town.live()


def _return_with_question(town: City, submission_id: int) -> None:
    with town.write() as session:
        questions.return_submission(
            session,
            actor=town.actor("clerk"),
            now=town.now,
            submission_id=submission_id,
            question="दुरुस्ती कोणत्या दिवशी पूर्ण होईल?",
        )


def _merge(town: City, submission_id: int, *, into: int) -> None:
    with town.write() as session:
        merge(
            session,
            actor=town.actor("clerk"),
            now=town.now,
            submission_id=submission_id,
            number=session.get_one(Submission, into).number,
            reason="दोन्हींचा आशय एकच आहे.",
        )


def _decline(town: City, submission_id: int) -> None:
    with town.write() as session:
        close.decline(
            session,
            actor=town.actor("clerk"),
            now=town.now,
            submission_id=submission_id,
            reason="हे नागरिकांसाठी नाही; कर्मचाऱ्यांना परिपत्रकाने कळवावे.",
        )


def _add_drafts(town: City, paths: dict[str, int | str]) -> None:
    """Add a joint post that one of two departments has approved, a draft with blanks, and texts."""
    paths["text"] = town.snippet(text_en="No water in {ward} on {date}. Ask {helpline}.")
    signature, hashtags = TextPart.SIGNATURE, TextPart.HASHTAGS
    town.snippet("सही", part=signature, department="water", text_mr="– पाणीपुरवठा विभाग")
    town.snippet("हॅशटॅग", part=hashtags, text_mr="#पुणे #पाणी", text_en="#Pune")
    paths["joint"] = post_id = town.start(town.hand_in("पाइपलाइनसाठी रस्ता बंद"))
    town.join(post_id, town.hand_in("वळण रस्ता", department="road"))
    town.save(
        post_id, asked_departments=["road"], text="पाइपलाइनच्या कामासाठी रस्ता शनिवारी बंद राहील."
    )
    town.save(
        post_id, asked_departments=["road"], text="पाइपलाइनच्या कामामुळे रस्ता शनिवारी बंद राहणार आहे."
    )
    town.note(post_id, "पथ विभागाशी दूरध्वनीवर बोलले; वळण रस्ता त्यांनीच सुचविला.")
    town.send(post_id)
    town.approve(post_id)
    mentions = "गुरुवार दि. ३/१२/२०२६ रोजी हडपसर व मुंढवा भागात पाणी नाही. संपर्क ०२०-५५५०-०१४५"
    paths["blank"] = post_id = town.start(town.hand_in("पाणीपुरवठा बंद", text_mr=mentions))
    town.save(post_id, text="{date} रोजी {ward} प्रभागात पाणी येणार नाही. चौकशी: {helpline}")
    town.open_draft(post_id, by="other_clerk")


def _add_people(town: City, paths: dict[str, int | str]) -> None:
    town.appoint("left", Role.OFFICER, "garden", "सुहास पेंढारे")
    town.disable("left")
    town.appoint("new", Role.MEMBER, "garden", "नेहा वर्तक")
    with town.write() as session:
        person = session.get_one(Person, town.people["new"])
        invitations.invite(session, actor=COMMAND, person=person, now=town.now)
    with town.read() as session:
        mail = session.scalars(select(Mail).order_by(Mail.id.desc())).first()
        assert mail is not None
        paths["token"] = mail.body.split("/invitation/")[1].split()[0]
    paths["person_left"], paths["person_new"] = town.people["left"], town.people["new"]
    paths["person_first"], paths["person_clerk"] = town.people["first"], town.people["clerk"]
    paths["person_garden"] = town.people["garden_member"]
    paths["appointment_first"] = town.appointments["first"]
    _fail_to_sign_in(town)
    _add_second_appointment(town, paths)
    example_departments.add_examples(town, paths)


def _fail_to_sign_in(town: City) -> None:
    """Fail so often to sign in as somebody that an unknown device is asked for a code."""
    visitor, proof = Visitor("192.0.2.1", "Firefox"), Proof(None, is_right=False)
    with town.write() as session:
        for _ in range(MOST_PER_IDENTIFIER):
            sign_in.sign_in(
                session, identifier=ATTACKED, proof=proof, visitor=visitor, now=town.now
            )


def _add_second_appointment(town: City, paths: dict[str, int | str]) -> None:
    """Appoint the head of water as a member of garden too."""
    with town.write() as session:
        appointment_id = appointments.record_person(
            session,
            actor=COMMAND,
            now=town.now,
            name_mr=session.get_one(Person, town.people["head"]).name_mr,
            mail="head@pmc.example",
            role=Role.MEMBER,
            department_id=town.departments["garden"],
        )
        session.flush()
        paths["second_appointment"] = appointment_id.id


def _add_freezes(town: City) -> None:
    """Add a freeze that was lifted, a freeze that holds a post back, and a later freeze."""
    lifted = city_controls.add_freeze(town, department="health")
    with town.write() as session:
        freeze.lift(session, actor=town.actor("admin"), now=town.now, freeze_id=lifted)
    city_controls.add_freeze(town, department="garden", ahead=0, days=3, on="facebook")
    city_controls.add_freeze(town)


def _add_account_conditions(town: City, paths: dict[str, int | str]) -> None:
    """Give X a purpose, a token that ends soon, a used-up rate limit and overdue watches."""
    paths["account_x"], paths["account_facebook"] = town.accounts["x"], town.accounts["facebook"]
    paths["walk"] = city_controls.start_oauth_elsewhere(town, "begun elsewhere")
    allowances = (
        Allowance("publish.15min", 100, 0, town.now + HOUR),
        Allowance("publish.user_day", 2_400, 2_120, town.now + 9 * HOUR),
    )
    with town.write() as session:
        account = session.get_one(Account, town.accounts["x"])
        account.purpose = "शहरातील सर्व नागरिकांसाठी विभागांच्या सूचना व कार्यक्रम"
        account.token_until = town.now + 6 * DAY
        account.missing = ["pages_manage_engagement"]
        response_limits.learn(session, account.id, allowances, town.now)
        # No post of X has been read back for days.
        poll.open_watches(session, now=town.now)
        receipts = select(ReceiptRow.id).where(ReceiptRow.account_id == account.id)
        late = {"looked_at": town.now - 3 * DAY}
        session.execute(update(Watch).where(Watch.receipt_id.in_(receipts)).values(late))


def _add_return_texts(town: City) -> None:
    """Save sentences with which the water department's officer returns posts."""
    with town.write() as session:
        for sentence in ("मदत क्रमांक नमूद करावा.", "तारखेसोबत वार लिहावा."):
            return_texts.save(
                session, actor=town.actor("first"), now=town.now, return_text=sentence
            )
