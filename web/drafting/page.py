"""The drafting page around its form: previews, other writers, and approvers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from flask import render_template, request, url_for
from sqlalchemy.orm import Session

from approvals.errors import StaleRevision
from publisher.content_checks import outgoing_text
from publisher.delivery.costs import budget
from publisher.drafting import collaboration, correction_targets, diff, drafts, prefill, snippets
from publisher.drafting.diff import FinePiece
from publisher.drafting.drafts import Draft, PictureDraft
from publisher.models.desk import Snippet
from publisher.models.people import Appointment, Department
from publisher.models.posts import Decision, DecisionKind, Post, PostKind
from publisher.people import confirmation
from publisher.people.departments import departments_in_force
from publisher.platforms.base.text import with_link
from publisher.platforms.registry import capabilities
from publisher.review.department_approvers import DepartmentOffices, offices_by_department
from publisher.scheduling import corrections
from web.core.auth import actor, actor_now
from web.core.context import ctx
from web.core.i18n import _
from web.drafting import forms, placeholders, warnings
from web.drafting.forms import Sheet, TextSlot
from web.drafting.joint import ASKED, rows
from web.messages.corrections import begins
from web.messages.names import platform_word
from web.messages.refusals import MAY_BE_LIVE
from web.previews import LANGUAGE_WORDS, ShownPicture


@dataclass(frozen=True)
class DepartmentApprovers:
    """The people who decide for a department: its officers, else its head, else nobody.

    `barred_ids` are the appointments that rest on the reader and may not approve what they save;
    `away_until` has the last day of the people who are away.
    """

    department: Department
    people: tuple[Appointment, ...]
    is_head: bool
    barred_ids: frozenset[int]
    away_until: Mapping[int, date]


@dataclass(frozen=True)
class TextDifference:
    """The difference of a typed text from the text that was saved meanwhile."""

    title: str
    language: str
    field: str
    pieces: tuple[FinePiece, ...]


def list_snippets(session: Session, post: Post) -> list[Snippet]:
    """Return the starting texts, signatures and hashtags that suit a post."""
    kinds = {submission.kind for submission in post.submissions}
    return snippets.list_suitable(session, kinds=kinds, department_id=post.department_id)


def make_sheet(session: Session, post: Post) -> tuple[Sheet, Draft]:
    """Return the form for this post, filled from the request if it is a POST, and its draft.

    The draft is the newest revision, or what the submissions say if there is none.
    """
    accounts = drafts.usable_accounts(session, post)
    draft = prefill.start_draft(post, accounts)
    slots = forms.make_slots(accounts, [variant.language for variant in draft.variants])
    departments = departments_in_force(session, now=ctx.now())
    joint = rows(post, draft, departments)
    sheet = forms.make_sheet(slots, _pictures(post, draft), joint)
    targets = corrections.find_targets(post)
    targets_by_slot = {slot.name: targets.get((slot.account.id, slot.language)) for slot in slots}
    sheet = replace(
        sheet,
        targets={name: target for name, target in targets_by_slot.items() if target is not None},
    )
    others = [department for department in departments if department.id != post.department_id]
    forms.offer(sheet, list_snippets(session, post), others)
    return sheet, draft


def _pictures(post: Post, draft: Draft) -> tuple[PictureDraft, ...]:
    """Return the draft's pictures, or those of the sent form, which may be of older revisions."""
    digests = request.form.getlist("picture")
    if not digests:
        return forms.draft_pictures(draft)
    known_digests = {
        rendition.source_sha256
        for revision in post.revisions
        for variant in revision.variants
        for rendition in variant.renditions
    } | {
        file.sha256
        for submission in post.submissions
        for file in submission.files
        if file.is_usable
    }
    return tuple(
        PictureDraft(alt_text="", source_sha256=digest)
        for digest in digests
        if digest in known_digests
    )


def render(session: Session, post: Post, sheet: Sheet, draft: Draft, *, notice: str = "") -> str:
    """Return the drafting page; `draft` holds the values of the form."""
    refusal = sheet.form.refusal
    stale = refusal if isinstance(refusal, StaleRevision) else None
    blanks = placeholders.blanks_in_sheet(sheet)
    sources = [_source(post, picture) for picture in sheet.pictures]
    return render_template(
        "drafting/draft.html",
        post=post,
        sheet=sheet,
        form=sheet.form,
        sources=prefill.list_sources(post),
        accounts=list(dict.fromkeys(slot.account for slot in sheet.slots)),
        picture_sources=sources,
        previews={slot.name: _preview(post, sheet, slot, sources) for slot in sheet.slots},
        outgoing={slot.name: _outgoing(sheet, slot) for slot in sheet.slots},
        languages=LANGUAGE_WORDS,
        lengths={slot.name: _length(sheet, slot) for slot in sheet.slots},
        live_notes=_live_notes(post, sheet),
        link_advice=_link_advice(sheet),
        link_prices=_link_prices(sheet),
        blanks=blanks,
        blanks_form=placeholders.blanks_form(blanks),
        **placeholders.proposals_shown(post, sheet, blanks),
        warnings=warnings.warn_about_draft(session, post, sheet, draft),
        notice_sentence=notice,
        has_newer=stale is not None,
        newer_changes=_changes(post, stale) if stale else [],
        differences=_differences(post, sheet) if stale else [],
        refusing_decision=_refusing_decision(post),
        other_editors=collaboration.other_editors(session, **actor_now(), post_id=post.id),
        notes=collaboration.list_notes(session, actor=actor(), post_id=post.id),
        approvers=_approvers(session, post, sheet),
        person_id=actor().person_id,
    )


def _link_prices(sheet: Sheet) -> dict[str, str]:
    """Return what a link costs, by the first text of each account that has one."""
    prices = {}
    for slot in reversed(sheet.slots):
        if price := _link_price(sheet, slot):
            prices[slot.account] = (slot.name, price)
    return dict(prices.values())


def _link_price(sheet: Sheet, slot: TextSlot) -> str:
    """Return what the link in a text costs on its platform; empty without a link or a cost."""
    platform = slot.account.platform
    billing, prices = (
        capabilities(platform).billing,
        budget.link_prices(platform, ctx.settings.platforms),
    )
    text, link = _outgoing(sheet, slot)
    if billing is None or prices is None or not billing.has_link(with_link(text, link)):
        return ""
    return _(
        "A post with a link costs $%(dear)s on %(platform)s; without a link $%(cheap)s.",
        dear=prices[0],
        cheap=prices[1],
        platform=platform_word(platform),
    )


def _link_advice(sheet: Sheet) -> str:
    """Return what becomes of the link on platforms that have no field for it."""
    advices = [capabilities(slot.account.platform).link_advice for slot in sheet.slots]
    return " ".join(_(advice) for advice in dict.fromkeys(filter(None, advices)))


def _live_notes(post: Post, sheet: Sheet) -> dict[str, str]:
    """Return a sentence for each text field whose text is live, or may be."""
    doubtful = corrections.find_unsettled(post.deliveries) if post.kind is PostKind.POST else set()
    sentences = {name: begins(target) for name, target in sheet.targets.items()}
    for slot in sheet.slots:
        if (slot.account.id, slot.language) in doubtful:
            sentences[slot.name] = _(MAY_BE_LIVE)
    return sentences


def _source(post: Post, picture: PictureDraft) -> str:
    """Return the URL of an original picture: from its submission, else from the post."""
    for submission in post.submissions:
        for file in submission.files:
            if file.sha256 == picture.source_sha256:
                return url_for(
                    "media.submission_file",
                    submission_id=submission.id,
                    file_id=file.id,
                    size="wide",
                )
    return url_for("media.picture", post_id=post.id, sha256=picture.source_sha256)


def _preview(
    post: Post, sheet: Sheet, slot: TextSlot, sources: Sequence[str]
) -> list[ShownPicture]:
    form, language = sheet.form, slot.language.value
    files = [file for submission in post.submissions for file in submission.files]
    sizes = {file.sha256: (file.width or 0, file.height or 0) for file in files}
    for revision in post.revisions:
        for variant in revision.variants:
            sizes |= {
                rendition.source_sha256: (rendition.width, rendition.height)
                for rendition in variant.renditions
            }
    target = sheet.targets.get(slot.name)
    out = correction_targets.pictures_to_leave(target) if target else frozenset()
    return [
        ShownPicture(
            source,
            form[f"alt_{index}_{language}"].data or "",
            *sizes.get(sheet.pictures[index].source_sha256, (0, 0)),
        )
        for index, source in enumerate(sources)
        if sheet.pictures[index].source_sha256 not in out
    ]


def _length(sheet: Sheet, slot: TextSlot) -> outgoing_text.TextLength:
    text, link = _clean_text_and_link(sheet, slot)
    return outgoing_text.measure(
        slot.account.platform, text, link, has_pictures=_has_pictures(sheet)
    )


def _clean_text_and_link(sheet: Sheet, slot: TextSlot) -> tuple[str, str]:
    """Return the typed text and link as they are stored: stripped, with LF line ends."""
    text, link = sheet.form[slot.name].data or "", sheet.form.link.data or ""
    target = sheet.targets.get(slot.name)
    own_link = correction_targets.link_left(target, link) if target else link.strip()
    return text.replace("\r\n", "\n").strip(), own_link


def _has_pictures(sheet: Sheet) -> bool:
    return any(
        not sheet.form[f"drop_{index}"].data for index, _picture in enumerate(sheet.pictures)
    )


def _outgoing(sheet: Sheet, slot: TextSlot) -> tuple[str, str]:
    """Return the text as it is published, and the link if it is published separately."""
    text, link = _clean_text_and_link(sheet, slot)
    outgoing, shown_link = outgoing_text.render_outgoing(
        slot.account.platform,
        text,
        link,
        has_target=slot.name in sheet.targets,
        has_pictures=_has_pictures(sheet),
    )
    return outgoing, shown_link or ""


def _changes(post: Post, stale: StaleRevision) -> list[diff.Change]:
    """Return the changes since the revision that this writer started from."""
    revisions = {revision.number: revision for revision in post.revisions}
    began = revisions.get(int(str(stale.values["seen"])))
    return diff.changes(began, post.revisions[-1]) if began else []


def _differences(post: Post, sheet: Sheet) -> list[TextDifference]:
    """Return the texts of the form that differ from the newest revision's."""
    newest = {
        (variant.account_id, variant.language): variant for variant in post.revisions[-1].variants
    }
    differences = []
    for slot in sheet.slots:
        variant = newest.get((slot.account.id, slot.language))
        newest_text, own_text = (
            variant.text if variant else "",
            _clean_text_and_link(sheet, slot)[0],
        )
        if newest_text != own_text:
            pieces = diff.finely(diff.difference(newest_text, own_text))
            differences.append(TextDifference(slot.title, slot.language, slot.name, pieces))
    return differences


def _refusing_decision(post: Post) -> Decision | None:
    """Return the decision that returned or rejected the newest revision, if there is one."""
    decisions = post.revisions[-1].decisions if post.revisions else []
    refusals = (DecisionKind.RETURNED, DecisionKind.REJECTED)
    refusing = [decision for decision in decisions if decision.kind in refusals]
    return refusing[-1] if refusing else None


def _approvers(session: Session, post: Post, sheet: Sheet) -> list[DepartmentApprovers]:
    """Return who will be asked to approve: the owning department first, then the others."""
    form = sheet.form
    departments = [row.department for row in sheet.joint if form[row.name].data == ASKED]
    departments = [post.department, *departments]
    department_ids = [department.id for department in departments]
    offices = offices_by_department(session, department_ids, now=ctx.now())
    return [_department_approvers(department, offices[department.id]) for department in departments]


def _department_approvers(
    department: Department, offices: DepartmentOffices
) -> DepartmentApprovers:
    is_head = not offices.officers
    all_away = all(officer.person_id in offices.absences for officer in offices.officers)
    people = [*offices.officers, *([offices.head] if offices.head and all_away else [])]
    barred_ids = frozenset(
        appointment.id
        for appointment in people
        if actor().person_id in confirmation.rests_on(appointment)
    )
    away_until = {person_id: rows[0].until_on for person_id, rows in offices.absences.items()}
    return DepartmentApprovers(department, tuple(people), is_head, barred_ids, away_until)
