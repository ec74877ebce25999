"""The tick that sends SMS, each by the template registered with the operators.

Operators drop unregistered texts, so a kind without a template is sent by mail only; one with a
link or code is then not sent at all, because it may only go to the number that it was made for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from approvals.policy import CLOCK
from publisher import transitions
from publisher.database.session import Database
from publisher.i18n.languages import LANGUAGES
from publisher.models.notifications import Channel, Notice
from publisher.notifications import dispatch, links, sms_gateway
from publisher.notifications.dispatch import NoticeRefused
from publisher.notifications.kinds import (
    FORMER_NAMES,
    HAS_SECRET,
    SMS_OF_ANOTHER,
    NoticeKind,
    sms_variables,
)
from publisher.notifications.preferences import GROUPS
from publisher.settings.sms import TAG, TAG_LENGTHS, Sms, SmsTemplate
from publisher.states import NoticeState

BY_SMS_ALONE: Final = (
    NoticeKind.INVITATION,
    NoticeKind.PASSWORD_CODE,
    NoticeKind.CONTACT_CODE,
    NoticeKind.CONTACT_CHANGE,
    NoticeKind.SIGN_IN_CODE,
    NoticeKind.APPROVAL_CODE,
)
"""The kinds that have to reach a mobile number: those with a link or code, and its own change."""


def tick_sms(
    database: Database,
    *,
    sms: Sms,
    base_url: str,
    now: Callable[[], datetime],
    limit: int = 50,
    is_stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Send up to `limit` due SMS; return the number that the gateway accepted.

    The tick ends early, and leaves the rest untouched, if the gateway is unreachable or once
    `is_stopping`.
    """
    carrier = _BySms(sms, base_url)
    return dispatch.tick(database, carrier, now=now, limit=limit, is_stopping=is_stopping)


def choose_template(
    sms: Sms, kind: str, language: str = "", former_names: Mapping[str, str] = FORMER_NAMES
) -> SmsTemplate | None:
    """Return the registered template of a kind, preferably in this language; else None.

    It also finds a template that was registered under a former name of the kind, and the template
    of another kind whose text this one uses.
    """
    if not sms.is_set:
        return None
    kind = SMS_OF_ANOTHER.get(kind, kind)
    names = [kind, *(former for former, name in former_names.items() if name == kind)]
    keys = [key for name in names for key in (f"{name}_{language}", name)]
    return next((sms.sms_templates[key] for key in keys if key in sms.sms_templates), None)


def find_unknown_templates(sms: Sms) -> list[str]:
    """Return the names of templates that no notice uses, or with variables that no notice has."""
    return [name for name, template in sms.sms_templates.items() if not _fits(name, template)]


def missing_codes(sms: Sms) -> list[NoticeKind]:
    """Return the kinds with a link or code that cannot go by SMS to readers of every language."""
    return [
        kind
        for kind in BY_SMS_ALONE
        if any(choose_template(sms, kind, language) is None for language in LANGUAGES)
    ]


def has_every(sms: Sms, language: str) -> bool:
    """Return True if every kind that a person may choose to get by SMS has a template for it."""
    kinds = (kind for group in GROUPS.values() for kind in group)
    return all(choose_template(sms, kind, language) is not None for kind in kinds)


def _fits(name: str, template: SmsTemplate) -> bool:
    stem = next((name[: -len(x) - 1] for x in LANGUAGES if name.endswith(f"_{x}")), name)
    names = {FORMER_NAMES.get(x, x) for x in (name, stem)}
    variables = {FORMER_NAMES.get(x, x) for x in template.variables}
    return any(variables <= sms_variables(kind) for kind in NoticeKind if kind in names)


@dataclass(frozen=True)
class _BySms:
    """Sends SMS by the gateway."""

    sms: Sms
    base_url: str
    channel: Channel = Channel.SMS

    def hand_over(self, notice: Notice) -> None:
        """Send an SMS; return once it is accepted. Raises a `NotSent`."""
        template = choose_template(self.sms, notice.kind, notice.language)
        if template is None:
            raise NoticeRefused("no template is registered for it")
        texts = {
            name: links.add_base_url(str(text), self.base_url)
            for name, text in notice.variables.items()
        }
        names = [FORMER_NAMES.get(name, name) for name in template.variables]
        missing = [name for name in names if name not in texts]
        if missing:
            raise NoticeRefused(f"its template wants what it does not say: {', '.join(missing)}")
        tags = TAG.findall(template.text)
        values = [fit_to_tag(texts[name], tag, name) for tag, name in zip(tags, names, strict=True)]
        sms_gateway.send_sms(self.sms, self._values(notice, template, values))

    def _values(
        self, notice: Notice, template: SmsTemplate, variables: Sequence[str]
    ) -> dict[str, str]:
        remaining = iter(variables)  # each once: a title may itself look like a tag
        text = TAG.sub(lambda _match: next(remaining), template.text)
        return {
            "to": notice.address.removeprefix("+"),
            "text": text,
            "template_id": template.id,
            "sender": self.sms.sms_sender,
            "entity_id": self.sms.sms_entity_id,
            "id": notice.mail_id,
            **{f"var{index}": variable for index, variable in enumerate(variables, start=1)},
        }

    def give_up_on(self, session: Session, notice: Notice, *, now: datetime) -> bool:
        """Requeue it by mail, unless it is already sent by mail or must not be."""
        mail = notice.person.mail if notice.person is not None else None
        if notice.mail_too or mail is None or notice.kind in HAS_SECRET:
            return False
        verb = "by_mail_instead"
        transitions.apply(session, notice, NoticeState.QUEUED, actor=CLOCK, now=now, verb=verb)
        notice.channel, notice.address = Channel.MAIL, mail
        notice.variables = notice.variables if notice.lines else {}
        notice.tries, notice.send_at, notice.leased_until, notice.reason = 0, now, None, ""
        return True


def fit_to_tag(text: str, tag: str, name: str) -> str:
    """Return a value as its tag allows it: digits alone, or not too long; a link stays whole."""
    if tag in ("numeric", "cbn"):
        text = "".join(re.findall(r"\d", text))
    longest = 0 if name == "link" else TAG_LENGTHS[tag]
    return text if not longest or len(text) <= longest else text[: longest - 1] + "…"
