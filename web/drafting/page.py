"""What the drafting page shows round its form: previews, who else writes, who will approve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from flask import render_template, request, url_for
from sqlalchemy.orm import Session

from approvals.errors import StaleRevision
from publisher.content_checks import outgoing_text
from publisher.drafting import collaboration, correction_targets, diff, drafts, prefill, snippets
from publisher.drafting.diff import FinePiece
from publisher.drafting.drafts import Draft, PictureDraft
from publisher.models.desk import StartingText
from publisher.models.people import Appointment, Department
from publisher.models.posts import Decision, DecisionKind, Post, PostKind
from publisher.people import responsibility
from publisher.people.departments import departments_in_force
from publisher.scheduling import corrections
from web.core.auth import actor
from web.core.context import ctx
from web.core.i18n import _
from web.drafting import forms, placeholders, warnings
from web.drafting.forms import Sheet, TextSlot
from web.drafting.joint import ASKED, rows
from web.messages.corrections import begins
from web.messages.refusals import MAY_BE_LIVE
from web.previews import LANGUAGE_WORDS, ShownPicture


@dataclass(frozen=True)
class Happened:
    """What the page has to say above the form; `newer` where somebody else saved first."""

    sentences: tuple[str, ...] = ()
    done: tuple[str, ...] = ()
    newer: StaleRevision | None = None


@dataclass(frozen=True)
class DepartmentApprovers:
    """Who decides for one department: its officers, else its head; nobody where it has neither."""

    department: Department
    people: tuple[Appointment, ...]
    is_head: bool


@dataclass(frozen=True)
class Beside:
    """One text of mine beside the one that was saved meanwhile, as a difference from theirs."""

    title: str
    language: str
    field: str
    pieces: tuple[FinePiece, ...]


def departments_of(session: Session) -> list[Department]:
    """Every department that is open today, by name."""
    return departments_in_force(session, now=ctx.now())


def texts_for(session: Session, post: Post) -> list[StartingText]:
    """The starting texts, signatures and hashtags that suit a post."""
    kinds = {one.kind for one in post.submissions}
    return snippets.suited(session, kinds=kinds, department_id=post.department_id)


def make_sheet(session: Session, post: Post, draft: Draft) -> Sheet:
    """The form for this post, filled by the POST in hand where there is one."""
    accounts = drafts.usable_accounts(session, post)
    slots = forms.slots_for(accounts, [one.language for one in draft.variants])
    departments = departments_of(session)
    joint = rows(post, draft, departments)
    sheet = forms.make_sheet(slots, _pictures(post, draft), joint)
    targets = corrections.targets_of(post)
    here = {one.name: targets.get((one.account.id, one.language)) for one in slots}
    sheet = replace(sheet, targets={name: one for name, one in here.items() if one is not None})
    others = [one for one in departments if one.id != post.department_id]
    forms.offer(sheet, texts_for(session, post), others)
    return sheet


def _pictures(post: Post, draft: Draft) -> tuple[PictureDraft, ...]:
    """The draft's pictures, and whatever a form in hand still holds of older revisions."""
    held = request.form.getlist("picture")
    if not held:
        return forms.pictures_of(draft)
    known = {
        one.source_sha256
        for revision in post.revisions
        for variant in revision.variants
        for one in variant.renditions
    } | {file.sha256 for submission in post.submissions for file in submission.files}
    return tuple(PictureDraft(alt_text="", source_sha256=one) for one in held if one in known)


def render(
    session: Session, post: Post, sheet: Sheet, draft: Draft, happened: Happened | None = None
) -> str:
    """The whole page; `draft` is what the form holds."""
    told = happened or Happened()
    blanks = placeholders.shown(sheet)
    return render_template(
        "drafting/draft.html",
        post=post,
        sheet=sheet,
        form=sheet.form,
        draft=draft,
        sources=prefill.sources_of(post),
        accounts=list(dict.fromkeys(slot.account for slot in sheet.slots)),
        **_texts(post, sheet),
        blanks=blanks,
        blanks_form=placeholders.form_of(blanks),
        warned=warnings.of_draft(session, post, sheet, draft),
        happened=[(one, None) for one in told.sentences],
        done=told.done,
        is_newer=told.newer is not None,
        newer=_changes(post, told.newer) if told.newer else [],
        beside=_beside(post, sheet) if told.newer else [],
        returned=_returned(post),
        others=collaboration.others_at(session, actor=actor(), now=ctx.now(), post_id=post.id),
        notes=collaboration.notes_of(session, actor=actor(), post_id=post.id),
        approvers=_approvers(session, post, sheet),
    )


def _texts(post: Post, sheet: Sheet) -> dict[str, object]:
    sources = [_source(post, one) for one in sheet.pictures]
    return {
        "picture_sources": sources,
        "previews": {slot.name: _preview(post, sheet, slot, sources) for slot in sheet.slots},
        "leaves": {slot.name: _leaves(sheet, slot) for slot in sheet.slots},
        "languages": LANGUAGE_WORDS,
        "rooms": {one.name: _room(sheet, one) for one in sheet.slots},
        "begins": _begins(post, sheet),
    }


def _begins(post: Post, sheet: Sheet) -> dict[str, str]:
    """What to know of each box: what is live there, or may be."""
    doubtful = corrections.unsettled(post.deliveries) if post.kind is PostKind.POST else set()
    said = {name: begins(target) for name, target in sheet.targets.items()}
    for slot in sheet.slots:
        if (slot.account.id, slot.language) in doubtful:
            said[slot.name] = _(MAY_BE_LIVE)
    return said


def _source(post: Post, picture: PictureDraft) -> str:
    """Where the page fetches an original: from the post, or from the submission it came with."""
    for submission in post.submissions:
        for file in submission.files:
            if file.sha256 == picture.source_sha256:
                return url_for(
                    "media.submission_file",
                    submission_id=submission.id,
                    file_id=file.id,
                    size="small",
                )
    return url_for("media.picture", post_id=post.id, sha256=picture.source_sha256)


def _preview(
    post: Post, sheet: Sheet, slot: TextSlot, sources: Sequence[str]
) -> list[ShownPicture]:
    form, language = sheet.form, slot.language.value
    sizes, target = _sizes(post), sheet.targets.get(slot.name)
    out = correction_targets.pictures_out(target) if target else frozenset()
    return [
        ShownPicture(
            source,
            form[f"alt_{index}_{language}"].data or "",
            *sizes.get(sheet.pictures[index].source_sha256, (0, 0)),
        )
        for index, source in enumerate(sources)
        if sheet.pictures[index].source_sha256 not in out
    ]


def _sizes(post: Post) -> dict[str, tuple[int, int]]:
    """Width and height of the pictures that are known, by the original's digest."""
    files = [one for submission in post.submissions for one in submission.files]
    sizes = {one.sha256: (one.width or 0, one.height or 0) for one in files}
    for revision in post.revisions:
        for variant in revision.variants:
            sizes |= {one.source_sha256: (one.width, one.height) for one in variant.renditions}
    return sizes


def _room(sheet: Sheet, slot: TextSlot) -> outgoing_text.LengthLimit:
    text, link = _typed(sheet, slot)
    return outgoing_text.length_limit(
        slot.account.platform, text, link, has_pictures=_has_pictures(sheet)
    )


def _typed(sheet: Sheet, slot: TextSlot) -> tuple[str, str]:
    """Text and link without the blanks and the browser's line ends, as they are kept."""
    text, link = sheet.form[slot.name].data or "", sheet.form.link.data or ""
    target = sheet.targets.get(slot.name)
    left = correction_targets.link_left(target, link) if target else link.strip()
    return text.replace("\r\n", "\n").strip(), left


def _has_pictures(sheet: Sheet) -> bool:
    return any(
        not sheet.form[f"drop_{index}"].data for index, _picture in enumerate(sheet.pictures)
    )


def _leaves(sheet: Sheet, slot: TextSlot) -> tuple[str, str]:
    """The text as readers will see it, and the link that then stands beside it."""
    text, link = _typed(sheet, slot)
    words, beside = outgoing_text.render_outgoing(
        slot.account.platform,
        text,
        link,
        has_target=slot.name in sheet.targets,
        has_pictures=_has_pictures(sheet),
    )
    return words, beside or ""


def _changes(post: Post, stale: StaleRevision) -> list[diff.Change]:
    """What was changed since the revision that this writer began from."""
    known = {one.number: one for one in post.revisions}
    began = known.get(int(str(stale.values["seen"])))
    return diff.changes(began, post.revisions[-1]) if began else []


def _beside(post: Post, sheet: Sheet) -> list[Beside]:
    """Each text of the form that is another than the newest revision's."""
    newest = {(one.account_id, one.language): one for one in post.revisions[-1].variants}
    found = []
    for slot in sheet.slots:
        variant = newest.get((slot.account.id, slot.language))
        theirs, mine = variant.text if variant else "", _typed(sheet, slot)[0]
        if theirs != mine:
            pieces = diff.finely(diff.difference(theirs, mine))
            found.append(Beside(slot.title, slot.language, slot.name, pieces))
    return found


def _returned(post: Post) -> Decision | None:
    """The officer's words, where the newest revision was returned or rejected."""
    decisions = post.revisions[-1].decisions if post.revisions else []
    refusals = (DecisionKind.RETURNED, DecisionKind.REJECTED)
    refusing = [one for one in decisions if one.kind in refusals]
    return refusing[-1] if refusing else None


def _approvers(session: Session, post: Post, sheet: Sheet) -> list[DepartmentApprovers]:
    """Who will be asked when this is sent, department by department, the owning one first."""
    form = sheet.form
    asked = [one.department for one in sheet.joint if form[one.name].data == ASKED]
    return [_approvers_of(session, one) for one in (post.department, *asked)]


def _approvers_of(session: Session, department: Department) -> DepartmentApprovers:
    now = ctx.now()
    if officers := responsibility.officers(session, department.id, now=now):
        return DepartmentApprovers(department, tuple(officers), is_head=False)
    head = responsibility.head(session, department.id, now=now)
    return DepartmentApprovers(department, (head,) if head else (), is_head=True)
