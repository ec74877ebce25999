"""Render a variant's text and link as they are sent, and measure their length on each platform.

It also says which departments may use an account: all, unless the account lists its users.
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
from publisher.platforms.registry import all_platforms, capabilities


@dataclass(frozen=True)
class TextLength:
    """The length of a text and the longest allowed length, in the platform's own units."""

    used: int
    limit: int
    platform: str

    @property
    def fits(self) -> bool:
        """Return True if the text fits."""
        return self.used <= self.limit


def can_edit(platform: str) -> bool:
    """Return True if a published text can be edited; else a correction is a reply below it."""
    return capabilities(platform).limits.can_edit


def is_edit(variant: Variant) -> bool:
    """Return True if the variant edits the publication that is its target."""
    return _corrects(variant) and can_edit(variant.account.platform)


def is_note(variant: Variant) -> bool:
    """Return True if the variant is sent as our reply below the post that it corrects."""
    return _corrects(variant) and not can_edit(variant.account.platform)


def _corrects(variant: Variant) -> bool:
    return bool(variant.target) and variant.revision.post.kind is PostKind.POST


def is_answer(variant: Variant) -> bool:
    """Return True if the variant is sent as a reply and not as a post."""
    return bool(variant.target) and not is_edit(variant)


def outgoing_text(variant: Variant) -> str:
    """Return the text as it is sent, including the link if the platform has no field for it."""
    return _render(variant)[0]


def outgoing_link(variant: Variant) -> str | None:
    """Return the link sent apart from the text; None if there is none or the text has it."""
    return _render(variant)[1]


def _render(variant: Variant) -> tuple[str, str | None]:
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
    """Return text and link as they are sent; the link is put into the text if it has no field.

    `has_target` is True for a reply and for an edit.
    """
    if has_field_for_link(platform, is_reply=has_target, has_pictures=has_pictures):
        return text, link or None
    return with_link(text, link), None


def has_field_for_link(
    platform: str, *, is_reply: bool = False, has_pictures: bool = False
) -> bool:
    """Return True if the link is not part of the text: in a post without pictures, if at all."""
    return capabilities(platform).has_link_field and not is_reply and not has_pictures


def measure(
    platform: str, text: str, link: str, *, is_reply: bool = False, has_pictures: bool = False
) -> TextLength:
    """Measure the text, including the link if it is part of the text."""
    is_beside_text = has_field_for_link(platform, is_reply=is_reply, has_pictures=has_pictures)
    outgoing = text if is_beside_text else with_link(text, link)
    rules = capabilities(platform)
    limits = rules.reply_limits if is_reply else rules.limits
    return TextLength(rules.count(outgoing), limits.text_units, platform)


def measure_everywhere(text: str) -> TextLength:
    """Measure a post's text on the platform on which it comes closest to the limit."""
    lengths = [measure(platform.name, text, "") for platform in all_platforms()]
    return max(lengths, key=lambda length: length.used / length.limit)


class AccountNotOpen(NotAllowed):
    """The account is reserved for departments other than the post's."""

    code = "account_not_open"


def is_open_to(department_id: int) -> ColumnElement[bool]:
    """Return a condition on `Account`: this department, or the account's owner, may use it."""
    users = exists().where(AccountDepartment.account_id == Account.id)
    named = users.where(AccountDepartment.department_id == department_id)
    owns = Account.department_id == department_id
    return or_(owns, ~users.correlate(Account), named.correlate(Account))


def find_closed_accounts(session: Session, account_ids: set[int], department_id: int) -> set[int]:
    """Return the accounts among these that a post of this department may not use."""
    if not account_ids:
        return set()
    query = select(Account.id).where(Account.id.in_(account_ids), ~is_open_to(department_id))
    return set(session.scalars(query))


def check_open(session: Session, account: Account, department_id: int) -> None:
    """Raise `AccountNotOpen` if a post of this department may not be sent by this account."""
    if find_closed_accounts(session, {account.id}, department_id):
        raise AccountNotOpen(account=account.name)
