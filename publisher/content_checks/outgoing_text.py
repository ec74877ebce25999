"""How a variant's text and link leave on each platform, and how much text each one takes.

Which departments' posts may leave by which account: all, where an account names no users.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Session

from approvals.errors import NotAllowed
from publisher.models.accounts import AccountDepartment
from publisher.models.deliveries import Account
from publisher.models.posts import PostKind, Variant
from publisher.platforms.base.text import with_link
from publisher.platforms.x import text_length

X = "x"
FACEBOOK = "facebook"
FACEBOOK_POST = 63_206
FACEBOOK_COMMENT = 8_000
CAN_EDIT = frozenset({FACEBOOK})
"""Where the text of what is out can be changed; elsewhere a correction stands under it."""


@dataclass(frozen=True)
class LengthLimit:
    """How long a text is, in the platform's own units, and how long it may be."""

    found: int
    most: int

    @property
    def is_enough(self) -> bool:
        """Whether the text fits."""
        return self.found <= self.most


def is_edit(variant: Variant) -> bool:
    """Whether it changes the text of the post that is its target; an answer has another one."""
    return _corrects(variant) and variant.account.platform in CAN_EDIT


def is_note(variant: Variant) -> bool:
    """Whether it leaves as an answer of ours under the post that it corrects."""
    return _corrects(variant) and variant.account.platform not in CAN_EDIT


def _corrects(variant: Variant) -> bool:
    return bool(variant.target) and variant.revision.post.kind is PostKind.POST


def is_answer(variant: Variant) -> bool:
    """Whether it stands under something, and not for itself."""
    return bool(variant.target) and not is_edit(variant)


def outgoing_text(variant: Variant) -> str:
    """The text as it leaves, with the link in it where the platform has no place of its own."""
    return _leaving(variant)[0]


def outgoing_link(variant: Variant) -> str | None:
    """The link that leaves beside the text; None where there is none, or it is in the text."""
    return _leaving(variant)[1]


def _leaving(variant: Variant) -> tuple[str, str | None]:
    return render_outgoing(
        variant.account.platform,
        variant.text,
        variant.link,
        has_target=bool(variant.target),
        has_pictures=bool(variant.renditions),
    )


def render_outgoing(
    platform: str, text: str, link: str, *, has_target: bool, has_pictures: bool
) -> tuple[str, str | None]:
    """Text and link as they leave; the link goes into the text where it has no field.

    `has_target`: it answers something, or gives something live another text.
    """
    if has_field_for_link(platform, is_reply=has_target, has_pictures=has_pictures):
        return text, link or None
    return with_link(text, link), None


def has_field_for_link(
    platform: str, *, is_reply: bool = False, has_pictures: bool = False
) -> bool:
    """Whether the link stays out of the text: only for a post on Facebook without pictures."""
    return platform == FACEBOOK and not is_reply and not has_pictures


def length_limit(
    platform: str, text: str, link: str, *, is_reply: bool = False, has_pictures: bool = False
) -> LengthLimit:
    """How much of what the platform takes this text needs, its link counted where it is in it."""
    beside = has_field_for_link(platform, is_reply=is_reply, has_pictures=has_pictures)
    whole = text if beside else with_link(text, link)
    if platform == X:
        return LengthLimit(text_length.count(whole).weighted, text_length.LIMIT)
    return LengthLimit(len(whole), FACEBOOK_COMMENT if is_reply else FACEBOOK_POST)


class AccountNotOpen(NotAllowed):
    """The account is kept for other departments than the one whose post this is."""

    code = "account_not_open"


def is_open_to(department_id: int) -> ColumnElement[bool]:
    """That `Account` may be used for a post of this department; its owner always may."""
    users = exists().where(AccountDepartment.account_id == Account.id)
    named = users.where(AccountDepartment.department_id == department_id)
    owns = Account.department_id == department_id
    return or_(owns, ~users.correlate(Account), named.correlate(Account))


def closed_among(session: Session, account_ids: set[int], department_id: int) -> set[int]:
    """Those of these accounts that a post of this department may not use."""
    if not account_ids:
        return set()
    query = select(Account.id).where(Account.id.in_(account_ids), ~is_open_to(department_id))
    return set(session.scalars(query))


def check_open(session: Session, account: Account, department_id: int) -> None:
    """Raise `AccountNotOpen` where a post of this department may not leave by this account."""
    if closed_among(session, {account.id}, department_id):
        raise AccountNotOpen(account=account.name)
