"""The mails that the demo city's departments wrote to the Cell, and their shared addresses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import format_datetime
from functools import cache
from importlib.resources import files
from typing import Final

from approvals.policy import Role
from demo import people
from demo.script import read_toml
from publisher.people.register_data import load as load_register

UNREADABLE: Final = b"\x89\x13 this is no mail, and nothing in it says who sent it\r\n"
"""What once came into the mailbox, and is kept until somebody has seen it."""
_MAY_WRITE: Final = (Role.MEMBER, Role.OFFICER, Role.HEAD, Role.CELL, Role.CELL_LEAD)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoAddress:
    """A shared address of a department, recorded and confirmed by people of the demo."""

    department: str
    mail: str
    by: str
    confirmed_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoMail:
    """A mail to the Cell; texts/mails.toml explains the fields."""

    key: str
    sender: str
    name: str
    hours_ago: float
    subject: str
    text: str
    photo: str = ""
    answers: str = ""
    automatic: bool = False
    forged: bool = False

    def raw(self, *, sent_at: datetime, server: str, answered: str) -> bytes:
        """Return the mail as it lies in the mailbox; `answered` is the Message-ID it answers."""
        domain = self.sender.rpartition("@")[2]
        verdict = "fail" if self.forged else "pass"
        message = EmailMessage(policy=WIRE)
        message["Authentication-Results"] = f"{server}; dmarc={verdict} header.from={domain}"
        message["From"] = Address(self.name, addr_spec=self.sender)
        # As a field of its own, the message would lose spaces where the encoded subject is folded.
        message.set_raw("Subject", Header(self.subject, "utf-8", header_name="Subject").encode())
        message["Date"] = format_datetime(sent_at)
        message["Message-ID"] = f"<{self.key}@{domain}>"
        if answered:
            message["In-Reply-To"] = answered
        if self.automatic:
            message["Auto-Submitted"] = "auto-replied"
        message.set_content(self.text.strip(), charset="utf-8", cte="base64")
        if self.photo:
            photo = files(__package__).joinpath("photos", self.photo).read_bytes()
            message.add_attachment(photo, maintype="image", subtype="jpeg", filename=self.photo)
            # By itself the library makes up another boundary each time.
            message.set_boundary(f"={self.key}=")
        return message.as_bytes()


@cache
def load_addresses() -> tuple[DemoAddress, ...]:
    """Return the shared addresses."""
    return tuple(DemoAddress(**fields) for fields in read_toml("mails.toml")["addresses"])


@cache
def load_mails() -> tuple[DemoMail, ...]:
    """Return the mails."""
    return tuple(DemoMail(**fields) for fields in read_toml("mails.toml")["mails"])


def correspondents(cell: str) -> list[dict[str, str]]:
    """Return who may write a letter to the Cell, by office; the first is the Cell's own address."""
    names = {row.code: row.name_mr for row in load_register()}
    rows = sorted(_writers(), key=lambda writer: names[writer[0]])
    return [
        {"address": cell, "name": "", "office": ""},
        *({"address": mail, "name": name, "office": names[code]} for code, name, mail in rows),
    ]


def _writers() -> Iterator[tuple[str, str, str]]:
    """Yield department, name and address of each who may write."""
    for person in people.load():
        for appointment in person.appointments[:1]:
            if appointment.in_force and appointment.role in _MAY_WRITE:
                yield appointment.department, person.name_mr, person.mail
    for address in load_addresses():
        yield address.department, "", address.mail
