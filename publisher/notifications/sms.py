"""The tick that sends the SMS: each by the template that the operators have registered for it.

An operator drops what is not registered. So a kind without a template goes by mail alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from approvals.policy import CLOCK
from publisher import transitions
from publisher.database.session import Database
from publisher.models.notifications import Channel, Notice
from publisher.notifications import dispatch, links, sms_gateway
from publisher.notifications.compose import NoticeKind, variables_of
from publisher.notifications.dispatch import NoticeRefused
from publisher.settings.sms import Sms, SmsTemplate
from publisher.states import NoticeState

PLACE: Final = "{#var#}"
LONGEST_VARIABLE: Final = 30
"""What operators let stand in one place of a registered template; a link is left whole."""

_TO_THIS_NUMBER_ALONE: Final = frozenset({NoticeKind.CONTACT_CODE})


def tick_sms(
    database: Database,
    *,
    sms: Sms,
    base_url: str,
    now: Callable[[], datetime],
    limit: int = 50,
    is_stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Send up to `limit` SMS that are due; returns how many the gateway accepted.

    Where the gateway cannot be reached, and once its clock `is_stopping`, the tick ends and the
    rest waits untouched.
    """
    carrier = _BySms(sms, base_url)
    return dispatch.tick(database, carrier, now=now, limit=limit, is_stopping=is_stopping)


def template_of(sms: Sms, kind: str, language: str = "") -> SmsTemplate | None:
    """The registered template of a kind, in this language if there is one of it."""
    if not sms.is_set:
        return None
    return sms.sms_templates.get(f"{kind}_{language}") or sms.sms_templates.get(kind)


def unknown_in(sms: Sms) -> list[str]:
    """The templates that no notice will ever use, or that want what no notice says."""
    return [name for name, one in sms.sms_templates.items() if not _fits(name, one)]


def _fits(name: str, template: SmsTemplate) -> bool:
    kinds = [kind for kind in NoticeKind if name in (kind, *(f"{kind}_{x}" for x in _LANGUAGES))]
    return any(set(template.variables) <= variables_of(kind) for kind in kinds)


_LANGUAGES: Final = ("mr", "en", "hi")


@dataclass(frozen=True)
class _BySms:
    """Hands SMS to the gateway."""

    sms: Sms
    base_url: str
    channel: Channel = Channel.SMS

    def hand_over(self, notice: Notice) -> None:
        """Hand one SMS over; returns once it is accepted, else raises a `NotSent`."""
        template = template_of(self.sms, notice.kind, notice.language)
        if template is None:
            raise NoticeRefused("no template is registered for it")
        said = {name: links.with_base(text, self.base_url) for name, text in _said(notice)}
        missing = [name for name in template.variables if name not in said]
        if missing:
            raise NoticeRefused(f"its template wants what it does not say: {', '.join(missing)}")
        sms_gateway.hand_over(self.sms, self._values(notice, template, said))

    def _values(
        self, notice: Notice, template: SmsTemplate, said: Mapping[str, str]
    ) -> dict[str, str]:
        variables = [
            said[name] if name == "link" else _shortened(said[name]) for name in template.variables
        ]
        left = iter(variables)  # each once: a title may look like a place itself
        text = re.sub(re.escape(PLACE), lambda _place: next(left, PLACE), template.text)
        return {
            "to": notice.address.removeprefix("+"),
            "text": text,
            "template_id": template.id,
            "sender": self.sms.sms_sender,
            "entity_id": self.sms.sms_entity_id,
            "id": notice.mail_id,
            **{f"var{place}": variable for place, variable in enumerate(variables, start=1)},
        }

    def give_up_on(self, session: Session, notice: Notice, *, now: datetime) -> bool:
        """Let it go by mail, where the same does not go by mail already and may go there."""
        mail = notice.person.mail if notice.person is not None else None
        if notice.mail_too or mail is None or notice.kind in _TO_THIS_NUMBER_ALONE:
            return False
        verb = "by_mail_instead"
        transitions.apply(session, notice, NoticeState.QUEUED, actor=CLOCK, now=now, verb=verb)
        notice.channel, notice.address, notice.variables = Channel.MAIL, mail, {}
        notice.tries, notice.send_at, notice.leased_until, notice.reason = 0, now, None, ""
        return True


def _said(notice: Notice) -> list[tuple[str, str]]:
    return [(name, str(text)) for name, text in notice.variables.items()]


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_VARIABLE else text[: LONGEST_VARIABLE - 1] + "…"
