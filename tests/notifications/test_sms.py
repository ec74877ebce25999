"""SMS by the city's gateway, whose role the sandbox's letterbox plays."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests
from sqlalchemy import select

from approvals.policy import Actor, ActorKind
from publisher.database.session import Database
from publisher.models.notifications import Channel, Notice
from publisher.models.people import NoticeGroup, Person, Telling
from publisher.notifications import links, preferences
from publisher.notifications.compose import WrongValues, queue
from publisher.notifications.email import MailOrigin, tick_mail
from publisher.notifications.kinds import HAS_SECRET, NoticeKind, sms_variables
from publisher.notifications.sms import (
    BY_SMS_ALONE,
    choose_template,
    find_unknown_templates,
    fit_to_tag,
    missing_codes,
    tick_sms,
)
from publisher.notifications.sms_gateway import fill_template
from publisher.notifications.sms_texts import (
    find_changed_kinds,
    propose_templates,
    templates_as_toml,
)
from publisher.settings.sms import TAG, Sms, SmsTemplate, read_templates
from publisher.states import NoticeState
from sandbox.server import SandboxAddresses, run_sandbox
from tests.notifications.test_compose import VALUES as EXAMPLES
from tests.support.city_people import NOON, add_department, appoint, verbs
from tests.support.mail import MailServer
from tests.support.processes import free_port
from tests.support.runs import REGISTERED_SMS
from tests.support.tables import each

MAIL, MOBILE = "first@pmc.example", "+919822012345"
BASE_URL = "https://nagarvani.example"
VALUES = {"title": "पाणीपुरवठा बंद", "revision": 3, "department_mr": "पाणीपुरवठा विभाग"}
REGISTERED = read_templates(REGISTERED_SMS)
HINDI = SmsTemplate("1107000000000000003", "अनुमोदित {#var#}", ("title",))
APPROVED = SmsTemplate("1107000000000000001", "मान्यता दिली: {#var#} {#var#}", ("title", "link"))


def gateway(url: str, **more: object) -> Sms:
    """Return the settings of a gateway that accepts JSON."""
    sms = Sms(
        sms_url=url,
        sms_method="POST",
        sms_headers={"Content-Type": "application/json", "X-Key": "a-very-secret-key"},
        sms_body='{"to": "{to}", "sender": "{sender}", "template_id": "{template_id}", '
        '"text": "{text}", "entity": "{entity_id}", "first": "{var1}", "id": "{id}"}',
        sms_success='"type": ?"success"',
        sms_sender="PMCNGV",
        sms_entity_id="1101000000000000009",
        sms_templates={"approved": APPROVED},
    )
    return replace(sms, **more)  # type: ignore[arg-type]  # any field of it


@dataclass
class SmsSetup:
    """A database with one person, and the tick that sends SMS."""

    database: Database
    now: datetime = NOON
    person_id: int = 0

    def __post_init__(self) -> None:
        with self.database.transaction() as session:
            appointment = appoint(
                session, add_department(session, "water"), mail=MAIL, mobile=MOBILE
            )
            self.person_id = appointment.person_id

    def choose(self, how: Telling, group: NoticeGroup = NoticeGroup.APPROVALS) -> None:
        with self.database.transaction() as session:
            person = session.get_one(Person, self.person_id)
            actor = Actor(ActorKind.PERSON, person_id=person.id)
            preferences.choose(
                session, actor=actor, person=person, preferences={group: how}, now=NOON
            )

    def choose_all(self, how: Telling) -> None:
        for group in NoticeGroup:
            self.choose(how, group)

    def write(self, kind: NoticeKind = NoticeKind.APPROVED, **more: object) -> None:
        values = VALUES if kind is NoticeKind.APPROVED else more.pop("values")
        with self.database.transaction() as session:
            person = session.get_one(Person, self.person_id)
            queue(session, kind=kind, person=person, values=values, now=self.now, **more)  # type: ignore[arg-type]  # what the kind wants

    def tick(self, sms: Sms) -> int:
        return tick_sms(self.database, sms=sms, base_url=BASE_URL, now=lambda: self.now)

    @property
    def notices(self) -> list[Notice]:
        with self.database.reading() as session:
            return list(session.scalars(select(Notice).order_by(Notice.id)))

    def verbs(self, number: int = 0) -> list[str]:
        with self.database.reading() as session:
            return verbs(session, "notices", self.notices[number].id)


@pytest.fixture
def sms_setup(on_sqlite: Database) -> SmsSetup:
    return SmsSetup(on_sqlite)


@pytest.fixture
def sandbox_server(tmp_path: Path) -> Iterator[SandboxAddresses]:
    with run_sandbox(path=tmp_path / "sandbox") as sandbox:
        yield sandbox


def letterbox(places: SandboxAddresses, to: str = "") -> list[dict[str, object]]:
    messages: list[dict[str, object]] = requests.get(
        f"{places.url}/sms.json", params={"to": to}, timeout=5
    ).json()
    return messages


def add_fault(places: SandboxAddresses, kind: str) -> None:
    body = {"platform": "letterbox", "operation": "*", "kind": kind}
    requests.post(f"{places.url}/faults", json=body, timeout=5).raise_for_status()


def test_an_sms_says_what_its_registered_template_makes_of_the_notice(
    database: Database, sandbox_server: SandboxAddresses
) -> None:
    room = SmsSetup(database)
    room.choose(Telling.SMS)
    room.write(path=links.post(7))
    assert room.tick(gateway(f"{sandbox_server.url}/sms")) == 1
    assert room.tick(gateway(f"{sandbox_server.url}/sms")) == 0
    (sms,) = letterbox(sandbox_server, "98220 12345")
    assert sms["text"] == "मान्यता दिली: पाणीपुरवठा बंद https://nagarvani.example/posts/7"
    assert (sms["recipient"], sms["sender"]) == ("919822012345", "PMCNGV")
    assert (sms["template_id"], sms["dropped"]) == (APPROVED.id, False)
    (notice,) = room.notices
    assert (notice.channel, notice.state) == (Channel.SMS, NoticeState.SENT)
    assert (notice.address, notice.sent_at, notice.tries) == (MOBILE, NOON, 1)
    assert room.verbs() == ["send_sms", "sms_sent"]


def test_a_title_that_looks_like_a_place_takes_no_others(
    database: Database, sandbox_server: SandboxAddresses
) -> None:
    room = SmsSetup(database)
    room.choose(Telling.SMS)
    with room.database.transaction() as session:
        person = session.get_one(Person, room.person_id)
        texts = {**VALUES, "title": "{#var#}"}
        queue(session, kind=NoticeKind.APPROVED, person=person, values=texts, now=NOON)
    assert room.tick(gateway(f"{sandbox_server.url}/sms")) == 1
    (sms,) = letterbox(sandbox_server)
    assert sms["text"] == f"मान्यता दिली: {{#var#}} {BASE_URL}/"


def test_by_mail_is_the_rule_and_each_group_is_chosen_for_itself(sms_setup: SmsSetup) -> None:
    sms_setup.write()
    sms_setup.choose(Telling.SMS, NoticeGroup.COMMENTS)
    sms_setup.write()
    sms_setup.choose(Telling.BOTH)
    sms_setup.write()
    assert [notice.channel for notice in sms_setup.notices] == ["mail", "mail", "mail", "sms"]
    assert [notice.mail_too for notice in sms_setup.notices] == [False, False, False, True]


def test_a_kind_without_a_template_goes_by_mail_alone(
    sms_setup: SmsSetup, sandbox_server: SandboxAddresses, mail_server: MailServer
) -> None:
    sms_setup.choose(Telling.SMS)
    sms_setup.write()
    sms = gateway(f"{sandbox_server.url}/sms", sms_templates={"returned": APPROVED})
    assert sms_setup.tick(sms) == 0
    assert letterbox(sandbox_server) == []
    (notice,) = sms_setup.notices
    assert (notice.channel, notice.address, notice.state) == ("mail", MAIL, "queued")
    assert sms_setup.verbs() == ["send_sms", "by_mail_instead"]
    sent = tick_mail(
        sms_setup.database,
        MailOrigin(smtp_url=mail_server.url, mail_from="cell@pmc.example", base_url=BASE_URL),
        now=lambda: sms_setup.now,
    )
    assert sent == 1
    assert mail_server.mails[0].subject == "मान्यता मिळाली – वेळ निश्चित करावी: पाणीपुरवठा बंद"


def test_without_any_gateway_everything_goes_by_mail(sms_setup: SmsSetup) -> None:
    sms_setup.choose(Telling.SMS)
    sms_setup.write()
    sms_setup.tick(gateway(""))
    assert [notice.channel for notice in sms_setup.notices] == ["mail"]


def test_where_the_mail_says_the_same_already_it_is_not_mailed_twice(sms_setup: SmsSetup) -> None:
    sms_setup.choose(Telling.BOTH)
    sms_setup.write()
    sms_setup.tick(gateway(""))
    assert [(notice.channel, notice.state) for notice in sms_setup.notices] == [
        ("mail", "queued"),
        ("sms", "failed"),
    ]
    assert sms_setup.notices[1].reason == "no template is registered for it"


@pytest.mark.parametrize("kind", [NoticeKind.CONTACT_CODE, NoticeKind.LINK_CODE])
def test_a_code_for_one_number_goes_to_that_number_alone(
    sms_setup: SmsSetup, kind: NoticeKind
) -> None:
    values: dict[str, object] = {"secret": "49172056", "expires_at": NOON + timedelta(minutes=15)}
    if kind is NoticeKind.LINK_CODE:
        values |= {"act": "doubt", "person": "मेधा", "department": "पाणीपुरवठा"}
    sms_setup.write(kind, values=values, to="+919822099999")
    sms_setup.tick(gateway(""))
    (notice,) = sms_setup.notices
    assert (notice.address, notice.state) == ("+919822099999", NoticeState.FAILED)


@each("kind", NoticeKind)
def test_no_kind_with_a_secret_falls_back_to_mail(sms_setup: SmsSetup, kind: NoticeKind) -> None:
    linked = {"invitation", "password_link", "mail_department"}
    path = links.invitation("aB3-_x") if kind in linked else ""
    before = len(sms_setup.notices)
    with sms_setup.database.transaction() as session:
        person = session.get_one(Person, sms_setup.person_id)
        queue(
            session, kind=kind, person=person, values=EXAMPLES[kind], now=NOON, path=path, to=MOBILE
        )
    sms_setup.tick(gateway(""))
    (notice,) = sms_setup.notices[before:]
    has_secret = bool(path) or "secret" in EXAMPLES[kind]
    expected = ("sms", MOBILE, "failed") if has_secret else ("mail", MAIL, "queued")
    assert (notice.channel, notice.address, notice.state) == expected
    assert "aB3-_x" not in notice.body


@each("kind", NoticeKind)
def test_only_kinds_with_a_secret_may_hold_the_link_that_sets_a_password(
    sms_setup: SmsSetup, kind: NoticeKind
) -> None:
    for path in (links.invitation("aB3-_x"), links.password_reset("aB3-_x")):
        with sms_setup.database.transaction() as session:
            person = session.get_one(Person, sms_setup.person_id)
            try:
                queue(session, kind=kind, person=person, values=EXAMPLES[kind], now=NOON, path=path)
            except WrongValues:
                assert kind not in HAS_SECRET
            else:
                assert kind in HAS_SECRET


def test_codes_without_a_registered_template_are_named() -> None:
    assert missing_codes(gateway("http://x.example")) == list(BY_SMS_ALONE)
    every = {kind.value: APPROVED for kind in BY_SMS_ALONE}
    assert missing_codes(gateway("http://x.example", sms_templates=every)) == []
    marathi = {**every, "contact_code_mr": APPROVED}
    del marathi["contact_code"]
    missing = missing_codes(gateway("http://x.example", sms_templates=marathi))
    assert missing == [NoticeKind.CONTACT_CODE], "readers of other languages get none"


def test_no_code_rests_with_a_notice_that_has_gone(
    sms_setup: SmsSetup, sandbox_server: SandboxAddresses
) -> None:
    template = SmsTemplate("1107000000000000002", "Code {#var#}", ("secret",))
    values = {"secret": "49172056", "expires_at": NOON + timedelta(minutes=15)}
    sms_setup.write(NoticeKind.PASSWORD_CODE, values=values, to=MOBILE)
    assert "49172056" in sms_setup.notices[0].body
    sms = gateway(f"{sandbox_server.url}/sms", sms_templates={"password_code": template})
    assert sms_setup.tick(sms) == 1
    assert letterbox(sandbox_server)[0]["text"] == "Code 49172056"
    (notice,) = sms_setup.notices
    assert "49172056" not in notice.body + str(notice.variables)


def test_a_template_of_the_readers_language_goes_before_the_general_one(
    sms_setup: SmsSetup, sandbox_server: SandboxAddresses
) -> None:
    with sms_setup.database.transaction() as session:
        session.get_one(Person, sms_setup.person_id).language = "hi"
    sms_setup.choose(Telling.SMS)
    sms_setup.write()
    templates = {"approved": APPROVED, "approved_hi": HINDI}
    sms_setup.tick(gateway(f"{sandbox_server.url}/sms", sms_templates=templates))
    assert letterbox(sandbox_server)[0]["text"] == "अनुमोदित पाणीपुरवठा बंद"


def test_a_refusal_that_comes_with_a_200_is_one_and_then_it_goes_by_mail(
    sms_setup: SmsSetup, sandbox_server: SandboxAddresses
) -> None:
    add_fault(sandbox_server, "blocked")
    sms_setup.choose(Telling.SMS)
    sms_setup.write()
    assert sms_setup.tick(gateway(f"{sandbox_server.url}/sms")) == 0
    assert [(notice.channel, notice.state) for notice in sms_setup.notices] == [("mail", "queued")]


@pytest.mark.parametrize(("kind", "arrived"), [("error_after", 2), ("error_before", 1)])
def test_an_answer_of_trouble_leaves_it_unknown_and_it_is_sent_once_more(
    sms_setup: SmsSetup, sandbox_server: SandboxAddresses, kind: str, arrived: int
) -> None:
    add_fault(sandbox_server, kind)
    sms_setup.choose(Telling.SMS)
    sms_setup.write()
    sms = gateway(f"{sandbox_server.url}/sms")
    assert sms_setup.tick(sms) == 0
    assert sms_setup.verbs() == ["send_sms", "sms_unconfirmed", "sms_again"]
    sms_setup.now += timedelta(minutes=1)
    assert sms_setup.tick(sms) == 1
    assert len(letterbox(sandbox_server)) == arrived


def test_an_unknown_template_is_kept_and_marked_as_dropped(
    sms_setup: SmsSetup, sandbox_server: SandboxAddresses
) -> None:
    sms_setup.choose(Telling.SMS)
    sms_setup.write()
    short = replace(APPROVED, id="123456")
    sms_setup.tick(gateway(f"{sandbox_server.url}/sms", sms_templates={"approved": short}))
    assert letterbox(sandbox_server)[0]["dropped"] is True
    page = requests.get(f"{sandbox_server.url}/letterbox", timeout=5).text
    assert "मान्यता दिली: पाणीपुरवठा बंद" in page
    assert "पोहोचला नाही: याचा नमुना नोंदणीकृत नाही." in page


def test_a_gateway_that_is_away_delays_one_and_leaves_the_rest_untouched(
    sms_setup: SmsSetup,
) -> None:
    sms_setup.choose(Telling.SMS)
    sms_setup.write()
    sms_setup.write()
    assert sms_setup.tick(gateway(f"http://127.0.0.1:{free_port()}/sms")) == 0
    assert [notice.tries for notice in sms_setup.notices] == [1, 0]
    assert {notice.state for notice in sms_setup.notices} == {NoticeState.QUEUED}
    assert sms_setup.notices[0].reason == "ConnectionError"


@dataclass
class Stub:
    """A gateway that sends prepared responses, and records the requests."""

    code: int = 200
    body: str = "OK"
    heard: list[tuple[str, str, str]] = field(default_factory=list)
    url: str = ""
    before: Callable[[], None] = lambda: None


@pytest.fixture
def stub() -> Iterator[Stub]:
    stub = Stub()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            stub.before()
            stub.heard.append((self.command, self.path, self.rfile.read(length).decode()))
            if stub.code == 0:
                return  # hang up without a word
            self.send_response(stub.code)
            self.end_headers()
            self.wfile.write(stub.body.encode())

        do_GET = do_POST = answer  # noqa: N815  the server's own names

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    stub.url = f"http://127.0.0.1:{server.server_port}"
    yield stub
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_gateway_by_address_alone_gets_everything_escaped(
    sms_setup: SmsSetup, stub: Stub
) -> None:
    sms_setup.choose(Telling.SMS)
    sms_setup.write()
    sms = gateway(
        f"{stub.url}/send?n={{to}}&m={{text}}&k=v",
        sms_method="GET",
        sms_body="",
        sms_headers={},
        sms_success="^OK",
        sms_templates={"approved": SmsTemplate("1107", "a&b={#var#}", ("title",))},
    )
    assert sms_setup.tick(sms) == 1
    ((method, path, body),) = stub.heard
    assert (method, body) == ("GET", "")
    assert path.startswith("/send?n=919822012345&m=a%26b%3D%E0%A4%AA")
    assert path.endswith("&k=v")


@pytest.mark.parametrize(
    ("code", "verb"),
    [
        (401, "sms_later"),
        (302, "sms_later"),
        (429, "sms_later"),
        (400, "by_mail_instead"),
        (500, "sms_unconfirmed"),
        (0, "sms_unconfirmed"),
    ],
)
def test_what_an_answer_means(sms_setup: SmsSetup, stub: Stub, code: int, verb: str) -> None:
    stub.code = code
    sms_setup.choose(Telling.SMS)
    sms_setup.write()
    assert sms_setup.tick(gateway(stub.url)) == 0
    assert sms_setup.verbs()[1] == verb


def test_a_reason_never_repeats_what_the_gateway_was_asked_with(
    sms_setup: SmsSetup, stub: Stub
) -> None:
    stub.code, stub.body = 429, "too many for a-very-secret-key"
    sms_setup.choose(Telling.SMS)
    sms_setup.write()
    sms_setup.tick(gateway(stub.url))
    assert sms_setup.notices[0].reason == "429 too many for …"


def test_no_transaction_is_open_while_the_gateway_is_talked_to(
    sms_setup: SmsSetup, stub: Stub
) -> None:
    written = []

    def write() -> None:
        with sms_setup.database.transaction() as session:  # SQLite: it waits for any other writer
            session.get_one(Person, sms_setup.person_id).designation = "written meanwhile"
        written.append(True)

    sms_setup.choose(Telling.SMS)
    sms_setup.write()
    stub.before, stub.body = write, '{"type": "success"}'
    assert sms_setup.tick(gateway(stub.url)) == 1
    assert written == [True]


def test_values_cannot_break_out_of_a_json_body() -> None:
    body = fill_template(
        '{"a": "{text}", "b": {"c": "{unknown}"}}', {"text": 'x"}'}, lambda x: x[::-1]
    )
    assert body == '{"a": "}"x", "b": {"c": "{unknown}"}}'


def test_templates_that_fit_no_notice_are_found() -> None:
    odd = {
        "approved_mr": APPROVED,
        "aproved": APPROVED,
        "returned": SmsTemplate("1107", "{#var#}", ("nonsense",)),
    }
    assert find_unknown_templates(gateway("http://x.example", sms_templates=odd)) == [
        "aproved",
        "returned",
    ]


def texts_sent(box: SandboxAddresses, room: SmsSetup, sms: Sms, kind: NoticeKind) -> list[str]:
    """Return the texts of a notice of this kind, as it arrives by SMS."""
    before = len(letterbox(box))
    values = EXAMPLES[kind]
    path = links.invitation("aB3-_x") if kind is NoticeKind.INVITATION else links.post(7)
    room.write(kind, values=values, path=path, to=MOBILE)
    room.tick(sms)
    return [str(message["text"]) for message in letterbox(box)[: -before or None]]


@each("kind", REGISTERED)
def test_texts_registered_with_an_older_version_are_sent_as_they_stand(
    sms_setup: SmsSetup, sandbox_server: SandboxAddresses, kind: str
) -> None:
    sms_setup.choose_all(Telling.SMS)
    sms = gateway(f"{sandbox_server.url}/sms", sms_templates=REGISTERED)
    assert find_unknown_templates(sms) == []
    (text,) = texts_sent(sandbox_server, sms_setup, sms, NoticeKind(kind))
    fixed = re.escape(REGISTERED[kind].text).replace(re.escape("{#var#}"), ".{1,80}")
    assert re.fullmatch(fixed, text)


def test_a_template_of_a_former_name_serves_the_present_kind() -> None:
    sms = gateway("http://x.example", sms_templates={"approval": APPROVED, "approval_hi": HINDI})
    former = {"approval": "approved"}
    assert choose_template(sms, "approved", "mr", former) is APPROVED
    assert choose_template(sms, "approved", "hi", former) is HINDI
    assert choose_template(sms, "approved", "mr", {}) is None


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("{#numeric#}", {"secret": "४९१ 720-56"}, "४९१72056"),
        ("{#var#}", {"title": "प" * 31}, "प" * 29 + "…"),
        ("{#alphanumeric#}", {"title": "प" * 40}, "प" * 40),
        ("{#alphanumeric#}", {"title": "प" * 41}, "प" * 39 + "…"),
        ("{#url#}", {"link": "https://nagarvani.example/" + "x" * 90}, None),
        ("{#var#}", {"link": "https://nagarvani.example/" + "x" * 90}, None),
    ],
)
def test_a_value_is_what_its_tag_allows(
    text: str, values: dict[str, str], expected: str | None
) -> None:
    ((name, value),) = values.items()
    assert fit_to_tag(value, TAG.findall(text)[0], name) == (expected or value)


@pytest.mark.parametrize(
    "text",
    ["{#var#}", "{#url#} {#name#}", "{#var#} {#var#} {#var#}", "no variable", "{#VAR#} {#url#}"],
)
def test_a_template_with_an_unknown_tag_or_another_number_is_refused(
    tmp_path: Path, text: str
) -> None:
    path = tmp_path / "sms.toml"
    path.write_text(f'[x]\nid = "1107001"\ntext = "{text}"\nvariables = ["title", "link"]\n')
    with pytest.raises(ValueError, match="1107001"):
        read_templates(path)


def test_every_tag_of_the_operators_is_read(tmp_path: Path) -> None:
    tags = ("var", "numeric", "alphanumeric", "url", "urlott", "cbn", "email")
    path = tmp_path / "sms.toml"
    for tag in tags:
        path.write_text(f'[x]\nid = "1107001"\ntext = "a {{#{tag}#}}"\nvariables = ["title"]\n')
        assert read_templates(path)["x"].text == f"a {{#{tag}#}}"


def test_many_comments_are_told_by_the_text_of_one() -> None:
    own = {"comment_routed": propose_templates("पुणे महानगरपालिका")["comment_routed"]}
    sms = gateway("http://x.example", sms_templates=own)
    assert choose_template(sms, NoticeKind.COMMENTS_WAIT, "mr") == own["comment_routed"]
    assert set(own["comment_routed"].variables) <= sms_variables(NoticeKind.COMMENTS_WAIT)


def test_proposed_texts_are_what_an_operator_takes(tmp_path: Path) -> None:
    proposals = propose_templates("पुणे महानगरपालिका")
    assert set(REGISTERED) == set(proposals)
    for kind, template in proposals.items():
        tags = TAG.findall(template.text)
        assert "var" not in tags, "new templates name the tag of each variable"
        assert len(tags) <= (3 if template.variables[0] == "secret" else 2), kind
        assert all(part.strip(" .:‘’()") for part in TAG.split(template.text)[2:-1:2]), kind
        assert [tag == "url" for tag in tags] == [x == "link" for x in template.variables], kind
        assert [tag == "numeric" for tag in tags] == [x == "secret" for x in template.variables]
    path = tmp_path / "sms.toml"
    path.write_text(templates_as_toml({k: replace(x, id="1107001") for k, x in proposals.items()}))
    assert (
        find_unknown_templates(gateway("http://x.example", sms_templates=read_templates(path)))
        == []
    )
    for kind in ("invitation", "name_officers", "office_waits"):
        assert proposals[kind].text.startswith("पुणे महानगरपालिका, सोशल मिडिया कक्ष")


def test_texts_that_differ_from_the_proposals_are_named() -> None:
    proposals = propose_templates("पुणे महानगरपालिका")
    own = {"approved": APPROVED, "in_office": proposals["in_office"], "invitation": APPROVED}
    assert find_changed_kinds(gateway("http://x.example", sms_templates=own), proposals) == [
        "invitation"
    ]


def test_every_proposed_text_names_the_act() -> None:
    acts = re.compile("(?:द्यावी|द्यावा|द्यावे|द्यावीत|करावी|करावे|करावा|घ्यावी|कळवावे|स्वीकारावा|सांगू नये)")
    proposals = propose_templates("पुणे महानगरपालिका")
    assert [kind for kind, template in proposals.items() if not acts.search(template.text)] == []
