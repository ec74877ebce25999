"""Fill the drafting page: from the newest revision, or from the departments' submissions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from publisher.drafting.drafts import MOST_PICTURES, Draft, PictureDraft, VariantDraft
from publisher.models.deliveries import Account
from publisher.models.posts import Language, Post, Revision, Variant
from publisher.models.submissions import Submission, SubmissionFile
from publisher.scheduling import corrections
from publisher.scheduling.corrections import CorrectionMode, CorrectionTarget, TextKey


def start_draft(post: Post, accounts: Sequence[Account]) -> Draft:
    """Return the draft that the page starts with: the newest revision, or the submissions' texts.

    The department of a submission that the revision does not name yet is proposed as asked.
    """
    draft = draft_correction(post) if post.revisions else _draft_from_sources(post, accounts)
    met = {post.department_id, *draft.asked_ids, *draft.named_ids}
    more = {submission.department_id for submission in post.submissions} - met
    return replace(draft, asked_ids=tuple(sorted({*draft.asked_ids, *more})))


def draft_correction(post: Post) -> Draft:
    """Return the newest revision as a draft, in which published texts start as corrections.

    Publications of earlier revisions that this revision does not touch start as corrections, too.
    """
    newest = post.revisions[-1]
    draft, targets = revision_to_draft(newest), corrections.find_targets(post)
    if not targets:
        return draft
    written_slots = {
        (variant.account_id, variant.language): variant
        for variant in newest.variants
        if not corrections.was_published(variant, post.deliveries)
    }
    continued = [
        variant_draft
        for variant_draft in draft.variants
        if (variant_draft.account_id, variant_draft.language) in written_slots
    ]
    gone = [
        variant_draft
        for variant_draft in draft.variants
        if (variant_draft.account_id, variant_draft.language) not in {*written_slots, *targets}
    ]
    begun_corrections = [
        _start_correction(slot, target)
        for slot, target in targets.items()
        if slot not in written_slots and target.mode is not CorrectionMode.UNKNOWN
    ]
    return replace(draft, variants=(*continued, *gone, *begun_corrections))


def _start_correction(slot: TextKey, target: CorrectionTarget) -> VariantDraft:
    """Return the start of a correction: the live text (edit) or the opening words (reply)."""
    account_id, language = slot
    whole = _variant_draft(target.live.first)
    link = whole.link or target.live.current.link
    if target.mode is CorrectionMode.EDIT:
        return replace(whole, text=target.initial_text, link=link)
    return VariantDraft(account_id, language, target.initial_text, link)


def list_sources(post: Post) -> list[Submission]:
    """Return the submissions of a post, those of its owning department first."""
    return sorted(
        post.submissions,
        key=lambda submission: (submission.department_id != post.department_id, submission.id),
    )


def _draft_from_sources(post: Post, accounts: Sequence[Account]) -> Draft:
    """Concatenate the submissions' texts, and take the first of all their pictures."""
    first, *more = (first_draft(submission, accounts) for submission in list_sources(post))
    variants = {(variant.account_id, variant.language): variant for variant in first.variants}
    for draft in more:
        for variant in draft.variants:
            key = (variant.account_id, variant.language)
            variants[key] = _merge(variants[key], variant) if key in variants else variant
    return replace(first, title=post.title, variants=tuple(variants.values()))


def _merge(variant: VariantDraft, other: VariantDraft) -> VariantDraft:
    pictures = {picture.source_sha256: picture for picture in (*other.pictures, *variant.pictures)}
    order = dict.fromkeys(picture.source_sha256 for picture in (*variant.pictures, *other.pictures))
    return replace(
        variant,
        text=f"{variant.text}\n\n{other.text}",
        link=variant.link or other.link,
        pictures=tuple(pictures[key] for key in order)[:MOST_PICTURES],
    )


def first_draft(submission: Submission, accounts: Iterable[Account]) -> Draft:
    """Return the submission's full texts for each account, in each language that it has.

    A text that is too long for its platform is not cut: the page counts the excess.
    """
    return Draft(
        title=submission.title,
        not_after=submission.useful_until,
        variants=tuple(
            VariantDraft(
                account_id=account.id,
                language=language,
                text=text,
                link=submission.link,
                pictures=_pictures(submission, language),
            )
            for account in accounts
            for language, text in submission_texts(submission)
        ),
    )


def submission_texts(submission: Submission) -> Iterator[tuple[Language, str]]:
    """Yield the texts that a submission has, each with its language."""
    texts = {
        Language.MARATHI: submission.text_mr,
        Language.ENGLISH: submission.text_en,
        Language.HINDI: submission.text_hi,
    }
    return ((language, text) for language, text in texts.items() if text)


def _pictures(submission: Submission, language: Language) -> tuple[PictureDraft, ...]:
    """Return the first pictures, described in the variant's language if the department did so."""
    pictures = [file for file in submission.files if file.width is not None and file.is_usable]
    return tuple(
        PictureDraft(
            alt_text=_description(file, language),
            source_sha256=file.sha256,
            name=file.name,
        )
        for file in pictures[:MOST_PICTURES]
    )


def _description(file: SubmissionFile, language: Language) -> str:
    return {Language.MARATHI: file.alt_mr, Language.ENGLISH: file.alt_en}.get(language, "")


def revision_to_draft(revision: Revision) -> Draft:
    """Return a saved revision as a draft, without its note."""
    owner = revision.post.department_id
    others = [row for row in revision.departments if row.department_id != owner]
    return Draft(
        title=revision.post.title,
        not_before=revision.not_before,
        not_after=revision.not_after,
        variants=tuple(_variant_draft(variant) for variant in revision.variants),
        asked_ids=tuple(sorted(row.department_id for row in others if row.asked)),
        named_ids=tuple(sorted(row.department_id for row in others if not row.asked)),
    )


def _variant_draft(variant: Variant) -> VariantDraft:
    return VariantDraft(
        account_id=variant.account_id,
        language=variant.language,
        text=variant.text,
        link=variant.link,
        pictures=tuple(
            PictureDraft(alt_text=rendition.alt_text, source_sha256=rendition.source_sha256)
            for rendition in variant.renditions
        ),
    )
