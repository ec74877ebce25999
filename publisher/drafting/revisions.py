"""Write a revision: validate it, number it, and reset the post to a draft."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.policy import Actor
from approvals.states import POST_MOVES, PostState
from publisher import cancellation, transitions
from publisher.content_checks import outgoing_text, record
from publisher.drafting.correction_targets import Placed, fit
from publisher.drafting.drafts import (
    LONGEST_ALT_TEXT,
    LONGEST_NOTE,
    MOST_PICTURES,
    PreparedPicture,
    PreparedVariant,
)
from publisher.models.deliveries import Account
from publisher.models.people import Department
from publisher.models.posts import Post, PostKind, Rendition, Revision, RevisionDepartment, Variant
from publisher.people.departments import is_in_force
from publisher.states import AccountState
from publisher.validation import FieldError, Validator, person_of

# Above every platform's limit, so that the platform's own limit is the one that is reported.
_LONGEST_TEXT = 1_000_000


def write_revision(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    post: Post,
    variants: Sequence[PreparedVariant],
    note: str = "",
    not_before: datetime | None = None,
    not_after: datetime | None = None,
    asked_ids: Collection[int] = (),
    named_ids: Collection[int] = (),
    form_errors: Collection[FieldError] = (),
    restored_from: Revision | None = None,
) -> Revision:
    """Add the next revision of a post that the caller has locked and is allowed to write.

    `restored_from` is the older revision that is restored; its authors may not approve this one
    either. A post beyond draft becomes a draft again, and its unsent deliveries are cancelled.
    Raises `WrongState`, or `Invalid` with `form_errors` and every other error.
    """
    if post.state is not PostState.DRAFT:
        transitions.check_move(POST_MOVES, post.state, PostState.DRAFT)
    validator = Validator(form_errors)
    cleaned_note = validator.text("note", note, most=LONGEST_NOTE)
    placed = fit(session, post, variants, validator)
    accounts = _placed_accounts(session, placed)
    check = _VariantCheck(accounts, validator, is_post=post.kind is PostKind.POST)
    checked = check.checked(placed)
    _check_open(session, post, placed, validator)
    _check_window(validator, not_before, not_after, now=now)
    departments = _validate_departments(
        session,
        validator,
        asked_ids={post.department_id, *asked_ids},
        named_ids=set(named_ids),
        now=now,
    )
    validator.finish()
    revision = Revision(
        post=post,
        number=post.newest + 1,
        author_id=person_of(actor),
        author_under_id=actor.appointment_id,
        restored_from=restored_from,
        note=cleaned_note,
        saved_at=now,
        not_before=not_before,
        not_after=not_after,
        variants=[
            _variant(position, variant, accounts[variant.account_id])
            for position, variant in enumerate(checked)
        ],
        departments=departments,
    )
    post.newest = revision.number
    session.add(revision)
    session.flush()
    _put_back(session, post, actor=actor, now=now)
    record.note(session, revision, now=now)
    return revision


def _put_back(session: Session, post: Post, *, actor: Actor, now: datetime) -> None:
    """Make the post a draft again, or record that a draft was saved; cancel what was not sent."""
    to, values = PostState.DRAFT, {"revision": post.newest}
    transitions.apply_or_record(session, post, to, actor=actor, now=now, verb="save", values=values)
    if post.newest > 1:
        cancellation.cancel_unsent(
            session, actor=actor, now=now, post_id=post.id, why="new_revision"
        )


def _placed_accounts(session: Session, placed: Sequence[Placed]) -> dict[int, Account]:
    accounts = (session.get(Account, variant.account_id) for _, variant in placed)
    return {account.id: account for account in accounts if account is not None}


def _check_open(
    session: Session, post: Post, placed: Sequence[Placed], validator: Validator
) -> None:
    """Check that each account is open to the department of a new post.

    A reply or a correction is sent from the account of what it answers or corrects.
    """
    own = {
        variant.account_id
        for _, variant in placed
        if post.kind is PostKind.POST and not variant.target
    }
    closed = outgoing_text.find_closed_accounts(session, own, post.department_id)
    for index, variant in placed:
        if variant.account_id in closed:
            validator.add(f"variants-{index}-account_id", "account_not_open")


@dataclass(frozen=True)
class _VariantCheck:
    """Checks the variants of a revision; `validator` collects the errors."""

    accounts: Mapping[int, Account]
    validator: Validator
    is_post: bool

    def checked(self, placed: Sequence[Placed]) -> list[PreparedVariant]:
        """Return the variants as they are stored."""
        if not placed and all(problem.field != "variants" for problem in self.validator.problems):
            self.validator.add("variants", "required")
        checked = []
        used_slots: set[tuple[int, str]] = set()
        for index, variant in placed:
            field_prefix = f"variants-{index}"
            if (variant.account_id, variant.language) in used_slots:
                self.validator.add(f"{field_prefix}-language", "twice", language=variant.language)
            used_slots.add((variant.account_id, variant.language))
            checked.append(self._variant(field_prefix, variant))
        return checked

    def _variant(self, field_prefix: str, variant: PreparedVariant) -> PreparedVariant:
        validator, before = self.validator, len(self.validator.problems)
        text = validator.text(
            f"{field_prefix}-text", variant.text, most=_LONGEST_TEXT, required=True
        )
        link = validator.link(f"{field_prefix}-link", variant.link)
        pictures = self._pictures(f"{field_prefix}-pictures", variant.pictures)
        account = self.accounts.get(variant.account_id)
        if account is None:
            validator.add(f"{field_prefix}-account_id", "unknown_account")
        elif account.state is AccountState.DISCONNECTED:
            validator.add(f"{field_prefix}-account_id", "disconnected", account=account.name)
        elif before == len(validator.problems):
            cleaned = replace(variant, text=text, link=link)
            self._length(f"{field_prefix}-text", account.platform, cleaned)
        return replace(variant, text=text, link=link, pictures=pictures)

    def _length(self, field: str, platform: str, variant: PreparedVariant) -> None:
        text, has_pictures = variant.text, bool(variant.pictures)
        # A post's target is what it corrects: an edit may be as long as a new post.
        is_reply = bool(variant.target) and not self.is_post
        length = outgoing_text.measure(
            platform, text, variant.link, is_reply=is_reply, has_pictures=has_pictures
        )
        if not length.fits:
            alone = outgoing_text.measure(platform, text, "", is_reply=is_reply)
            code = "too_long_with_link" if alone.fits else "too_long"
            self.validator.add(field, code, found=length.used, most=length.limit, platform=platform)

    def _pictures(
        self, field: str, pictures: tuple[PreparedPicture, ...]
    ) -> tuple[PreparedPicture, ...]:
        count = len(pictures)
        if count > MOST_PICTURES:
            self.validator.add(field, "too_many_pictures", found=count, most=MOST_PICTURES)
        if len({picture.sha256 for picture in pictures}) < count:
            self.validator.add(field, "same_picture_twice")
        alt_texts = [
            self.validator.text(f"{field}-{at}-alt_text", picture.alt_text, most=LONGEST_ALT_TEXT)
            for at, picture in enumerate(pictures)
        ]
        pairs = zip(pictures, alt_texts, strict=True)
        return tuple(replace(picture, alt_text=alt_text) for picture, alt_text in pairs)


def _check_window(
    validator: Validator, not_before: datetime | None, not_after: datetime | None, *, now: datetime
) -> None:
    """Check the window: a start in the past means at once, but its end must be in the future."""
    validator.future("not_after", not_after, now=now)
    if not_before and not_after and not_after <= not_before:
        validator.add("not_after", "before_not_before", not_before=not_before)


def _validate_departments(
    session: Session,
    validator: Validator,
    *,
    asked_ids: set[int],
    named_ids: set[int],
    now: datetime,
) -> list[RevisionDepartment]:
    """Return a row for each department; one that is asked must be in force."""
    department_ids = asked_ids | named_ids
    departments = session.scalars(select(Department).where(Department.id.in_(department_ids)))
    departments_by_id = {department.id: department for department in departments}
    if department_ids - departments_by_id.keys():
        validator.add("asked", "unknown_department")
    if any(
        not is_in_force(departments_by_id[department_id], now=now)
        for department_id in asked_ids & departments_by_id.keys()
    ):
        validator.add("asked", "closed")
    return [
        RevisionDepartment(department_id=department_id, asked=department_id in asked_ids)
        for department_id in sorted(department_ids)
    ]


def _variant(position: int, variant: PreparedVariant, account: Account) -> Variant:
    return Variant(
        position=position,
        account=account,
        account_id=account.id,
        language=variant.language,
        text=variant.text,
        link=variant.link,
        target=variant.target,
        renditions=[
            Rendition(position=picture_position, **asdict(picture))
            for picture_position, picture in enumerate(variant.pictures)
        ],
    )
