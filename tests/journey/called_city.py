"""A city without people but an admin and a lead, whose heads are called to name officers."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import requests
from sqlalchemy import select, update

from publisher.auth.one_time_links import LinkPurpose
from publisher.models.nominations import NominationCall
from publisher.models.people import Department, Link, SignInAttempt
from publisher.now import now
from tests.cli.command_line import Workspace
from tests.journey.called_heads import Head, day
from tests.journey.http_browser import LoadedPage, Values, Visitor
from tests.journey.installation import Installation, wait_for
from tests.journey.sandbox_letters import Letterbox
from tests.support.processes import free_port
from tests.support.runs import REGISTERED_SMS

#: The forms of the present officers have no name by which a test could ask for them.
_PRESENT_FORM = '<form id="present"><input name="csrf_token" value="{token}"></form>'
PASSWORD = "पावसाळी-सकाळ-टेकडी"
ADMIN, LEAD = "admin", "cell_lead"


@dataclass
class CalledCity(Installation):
    """Sandbox with SMS gateway, web and clock; everything else happens through the pages.

    `forms_sent` counts what the heads sent, by step and by the status of the response.
    """

    forms_sent: Counter[tuple[str, int]] = field(default_factory=Counter)
    codes_asked: Counter[str] = field(default_factory=Counter)

    def set_up(self) -> None:
        """Start all processes; the admin and the lead, recorded by command, take their places."""
        self._start_sandbox()
        self.letterbox = Letterbox(self.sandbox)
        port = free_port()
        self.web = f"http://127.0.0.1:{port}"
        self.environment |= {"NAGARVANI_BASE_URL": self.web, **self._gateway()}
        settings = {key.removeprefix("NAGARVANI_"): text for key, text in self.environment.items()}
        self.workspace = Workspace(self.folder, settings)
        assert self.workspace.run_in_process("init").code == 0
        invitations = {
            ADMIN: self._record_by_command("अरुण टेकवडे", ADMIN),
            LEAD: self._record_by_command("प्रसाद केंजळे", LEAD),
        }
        call = ("web", "--port", str(port), "--workers", "1")
        self.start.nagarvani(*call, environment=self.environment)
        self.start.nagarvani("clock", environment=self.environment)
        wait_for(self._web_responds, what="the pages")
        for role, path in invitations.items():
            self.visitors[role] = self.take_up(f"{role}@pmc.example", path)

    def _gateway(self) -> dict[str, str]:
        """Return the settings of the sandbox as SMS gateway, with the demo's templates."""
        body = {name: f"{{{name}}}" for name in ("to", "text", "template_id", "sender")}
        return {
            "NAGARVANI_SMS_URL": f"{self.sandbox}/sms",
            "NAGARVANI_SMS_HEADERS": json.dumps({"Content-Type": "application/json"}),
            "NAGARVANI_SMS_BODY": json.dumps(body),
            "NAGARVANI_SMS_SUCCESS": '"type": ?"success"',
            "NAGARVANI_SMS_SENDER": "PMCNGV",
            "NAGARVANI_SMS_TEMPLATES": str(REGISTERED_SMS),
        }

    def _record_by_command(self, name: str, role: str) -> str:
        """Record somebody, and return the path of the invitation."""
        options = ("--name", name, "--mail", f"{role}@pmc.example", "--role", role)
        where = ("--department", "information-technology", "--show-link")
        output = self.workspace.run_in_process("people", "add", *options, *where)
        match = re.search(r"/invitation/[\w-]+", output.out)
        assert match, output.err
        return match[0]

    def take_up(self, login: str, invitation: str) -> Visitor:
        """Set a password by the invitation, and sign in with it."""
        visitor = self.new_visitor()
        page = visitor.send(visitor.get(invitation), "#invitation", {"new_password": PASSWORD})
        visitor.send(page, "#sign-in", {"identifier": login, "password": PASSWORD})
        return visitor

    def new_visitor(self) -> Visitor:
        """Return a new browser; it opens a connection for each request, as people think long."""
        visitor = Visitor(self.web)
        visitor.browser.headers["Connection"] = "close"
        return visitor

    # The Cell, and the second person

    def import_heads(self, heads: Sequence[Head]) -> None:
        """Let the lead read a list of heads from a file."""
        headings = "विभाग,विभागप्रमुखाचे नाव,पदनाम,मोबाईल,ई-मेल"
        lines = [f"{h.department},{h.name},विभागप्रमुख,{h.mobile},{h.mail}" for h in heads]
        lead = self.visitors[LEAD]
        file = {"file": ("heads.csv", "\n".join([headings, *lines]).encode())}
        page = lead.send(lead.get("/register/import"), "#upload", {"kind": "heads"}, files=file)
        if page.html.count('action="') and "/columns" in page.html:
            page = lead.send(page, "/columns")
        assert lead.send(page, "#plan").path == "/people/waiting"

    def confirm(self, names: Sequence[str]) -> LoadedPage:
        """Let the admin tick these people on the list of those who wait; return the page after."""
        admin = self.visitors[ADMIN]
        page = admin.get("/people/waiting")
        ticks = [row for row in page.html.split("<tr")[1:] if any(name in row for name in names)]
        chosen = [re.findall(r'name="chosen"[^>]* value="([^"]+)"', row)[0] for row in ticks]
        assert len(chosen) == len(names), (len(chosen), names)
        return admin.send(page, "#waiting", {"chosen": chosen})

    def open_call(self, order: str, nominate_by: str, heads: Sequence[Head]) -> str:
        """Let the lead open a call to the departments of these heads; return its path."""
        lead = self.visitors[LEAD]
        page = lead.get("/calls/new")
        ids = re.findall(r'name="departments"[^>]* value="(\d+)"', page.html)
        assert len(ids) == 67
        codes = [head.department for head in heads]
        with self.database.transaction() as session:
            chosen = session.scalars(select(Department.id).where(Department.code.in_(codes))).all()
        departments = [id_ for id_ in ids if int(id_) in chosen]
        values = {"order_number": order, "ordered_on": day(0), "nominate_by": nominate_by}
        return lead.send(page, "#call", {**values, "departments": departments}).path

    def phone(self, head: Head, path: str, visitor: Visitor | None = None) -> HeadPhone:
        """Return a head's phone, on which the link was opened: twice, and by a mail scanner."""
        for method in ("HEAD", "GET"):
            assert requests.request(method, self.web + path, timeout=30).status_code == 200
        opened = visitor or self.new_visitor()
        return HeadPhone(self, head, opened, opened.get(path))

    # Shortcuts through time

    def let_a_quarter_of_an_hour_pass(self) -> None:
        """Move all attempts that were counted back: what was closed for 15 minutes is open."""
        with self.database.transaction() as session:
            for attempt in session.scalars(select(SignInAttempt)):
                attempt.at -= timedelta(minutes=16)

    def let_the_last_day_pass(self, call_path: str, days: int = 2) -> None:
        """Move a call and the links to name officers back by days."""
        span = timedelta(days=days)
        with self.database.transaction() as session:
            call = session.get_one(NominationCall, int(call_path.rsplit("/", 1)[1]))
            call.ordered_on, call.nominate_by = call.ordered_on - span, call.nominate_by - span
            links = Link.purpose == LinkPurpose.NAME_OFFICERS
            session.execute(update(Link).where(links).values(expires_at=now() - timedelta(hours=1)))


@dataclass
class HeadPhone:
    """A head's browser, with the page of the link that it shows now."""

    city: CalledCity
    head: Head
    visitor: Visitor
    page: LoadedPage

    def open(self, path: str, code: int = 200) -> LoadedPage:
        """Open the link."""
        self.page = self.visitor.get(path, code)
        return self.page

    def send(self, step: str, values: Values | None = None, code: int = 200) -> LoadedPage:
        """Send the form of the two officers by one of its buttons."""
        fields = {**(values or {}), "step": step}
        self.page = self.visitor.send(self.page, "#name-officers", fields, code=code)
        self.city.forms_sent[step, code] += 1
        return self.page

    def check(self, values: Values, code: int = 200) -> LoadedPage:
        """Send the two names; what is accepted has a code sent, which `city` then waits for."""
        self.send("check", values, code)
        if code == 200 and self.head.mobile:
            self.city.codes_asked[self.head.mobile] += 1
        return self.page

    def press(self, step: str, values: Values, code: int = 200) -> LoadedPage:
        """Press a button of the present officers: `send` a code, `look` at them, `keep` them."""
        token = dict(self.page.form("#name-officers").fields)["csrf_token"]
        page = replace(self.page, html=_PRESENT_FORM.format(token=token))
        self.page = self.visitor.send(page, "#present", {**values, "step": step}, code=code)
        self.city.forms_sent[step, code] += 1
        self.city.codes_asked[self.head.mobile] += step == "send"
        return self.page
