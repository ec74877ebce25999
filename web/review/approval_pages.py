"""The pages of a personal link to a revision, before and after the proof of its person."""

from __future__ import annotations

from flask import render_template, url_for
from sqlalchemy.orm import Session

from approvals.policy import Actor
from publisher.auth import passkeys
from publisher.drafting import diff, drafts
from publisher.models.people import Link
from publisher.notifications.kinds import NoticeKind
from publisher.review import (
    approval_links,
    department_approvers,
    gate_adapter,
    link_renewal,
    return_texts,
)
from publisher.scheduling import slots
from publisher.validation import NotFound
from web.core.context import ctx
from web.core.i18n import _
from web.core.permissions import Page
from web.core.second_factor import passkey_site
from web.forms import ReasonForm
from web.messages.review_codes import DECIDED
from web.people.personal_links import has_code, is_code_late
from web.previews import PictureAddress, make_previews
from web.review import approval_proof
from web.review.decision_block import blocking_sentence
from web.review.photos import list_photos, photo_numbers, review_address


def _link_values(session: Session, link: Link) -> dict[str, object]:
    """Return what the link alone shows: the title, the department, and the time."""
    revision = approval_links.get_revision(session, link)
    post = revision.post
    wished_at = slots.earliest_wish(post) if post.reply is None else None
    end = None if wished_at else revision.not_after
    return {
        "link": link,
        "post": post,
        "revision": revision,
        "wished_at": wished_at,
        "decide_by": end if post.reply is None else post.reply.comment.due_at,
    }


def end_page(session: Session, link: Link, state: str, form: ReasonForm) -> Page:
    """Return the page that says why nothing can be decided with the link, and what to do.

    The state is "refused" if the person may no longer see the post.
    """
    actor = approval_links.find_actor(session, link, now=ctx.now())
    return render_template(
        "review/approve_link_over.html",
        form=form,
        state=state,
        blocked=_blocked_reason(session, link, actor) if state == "refused" else "",
        decision=approval_links.find_decision(session, link),
        decision_labels=DECIDED,
        has_password=state != "refused" and link.person.password_hash is not None,
        new_link_to=mask_address(link_renewal.address(session, link, now=ctx.now())),
        **_link_values(session, link),
    )


def mask_address(address: str) -> str:
    """Return enough of a mail address or mobile number for its owner to recognise it."""
    name, at, host = address.partition("@")
    return f"{name[:1]}…{at}{host}" if at else address and f"…{address[-4:]}"


def proof_page(session: Session, link: Link, form: ReasonForm, token: str) -> Page:
    """Return the page that asks the person for a code, a passkey or the sign-in."""
    kind = NoticeKind.APPROVAL_CODE
    has_passkey = passkey_site() is not None and bool(
        passkeys.list_passkeys(session, person_id=link.person_id)
    )
    return render_template(
        "review/approve_link.html",
        form=form,
        token=token,
        has_code=has_code(session, link, kind),
        is_late=is_code_late(session, link, kind),
        has_passkey=has_passkey,
        has_password=link.person.password_hash is not None,
        lacks_factor=approval_proof.lacks_factor(link),
        **_link_values(session, link),
    )


def _blocked_reason(session: Session, link: Link, actor: Actor | None) -> str:
    """Return why the person cannot decide, as on the page of the revision."""
    if actor is None:
        return _("You have no appointment in force with which you could decide.")
    revision = approval_links.get_revision(session, link)
    department_id = gate_adapter.deciding_department_id(revision, actor)
    approvers = department_approvers.find_approvers(session, revision, department_id, now=ctx.now())
    return blocking_sentence(session, revision, approvers, actor=actor)


def may_see(session: Session, link: Link) -> bool:
    """Return True if the person may see the post in the product too, under their appointment."""
    actor = approval_links.find_actor(session, link, now=ctx.now())
    if actor is None:
        return False
    try:
        drafts.get_post(
            session, actor=actor, post_id=approval_links.get_revision(session, link).post_id
        )
    except NotFound:
        return False
    return True


def picture_address(token: str) -> PictureAddress:
    """Return the addresses of the revision's pictures at this link."""
    return lambda sha256, size: url_for(
        "approval_links.picture", token=token, sha256=sha256, size=size
    )


def open_page(session: Session, link: Link, form: ReasonForm, token: str) -> Page:
    """Return the page of what has to be decided, with the buttons if the person may decide."""
    revision = approval_links.get_revision(session, link)
    actor = approval_links.find_actor(session, link, now=ctx.now())
    earlier = approval_links.last_shown(session, link)
    address = picture_address(token)
    return render_template(
        "review/approve_link_open.html",
        form=form,
        token=token,
        previews=make_previews(revision, review_address(address)),
        photos=list_photos(revision, address),
        photo_numbers=photo_numbers(revision),
        previous=earlier,
        changes=diff.changes(earlier, revision) if earlier is not None else [],
        blocked=_blocked_reason(session, link, actor),
        office=approval_links.find_office(session, link, now=ctx.now()),
        head_ground=_head_ground(session, link, actor),
        **_link_values(session, link),
    )


def _head_ground(session: Session, link: Link, actor: Actor | None) -> str:
    """Return the ground on which the person decides as head of the department; "" for others."""
    if actor is None:
        return ""
    revision = approval_links.get_revision(session, link)
    department_id = gate_adapter.deciding_department_id(revision, actor)
    ground = department_approvers.head_ground(
        session, revision, department_id, actor=actor, now=ctx.now()
    )
    return ground.value if ground is not None else ""


def reason_page(session: Session, link: Link, form: ReasonForm, token: str, *, act: str) -> Page:
    """Return the page that asks for the reason of a return or rejection."""
    actor = approval_links.find_actor(session, link, now=ctx.now())
    own_texts = return_texts.own_texts(session, actor=actor) if actor and act == "return" else []
    return render_template(
        "review/approve_link_reason.html",
        form=form,
        token=token,
        act=act,
        texts=own_texts,
        blocked=_blocked_reason(session, link, actor),
        office=approval_links.find_office(session, link, now=ctx.now()),
        **_link_values(session, link),
    )
