"""What the drafting page begins with, and what a clerk may still want to look at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from publisher.desk.checking import Problem
from publisher.desk.drafting.drafts import MOST_PICTURES, Draft, PictureDraft, VariantDraft
from publisher.models.content import Language, Revision, Submission, SubmissionFile, Variant
from publisher.models.deliveries import Account


def first_draft(submission: Submission, accounts: Iterable[Account]) -> Draft:
    """The submission's texts, whole, for each account in each language it was handed in.

    A text too long for its platform stays whole: the counter says how much has to go.
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
            for language, text in _texts(submission)
        ),
    )


def _texts(submission: Submission) -> Iterator[tuple[Language, str]]:
    texts = {
        Language.MARATHI: submission.text_mr,
        Language.ENGLISH: submission.text_en,
        Language.HINDI: submission.text_hi,
    }
    return ((language, text) for language, text in texts.items() if text)


def _pictures(submission: Submission, language: Language) -> tuple[PictureDraft, ...]:
    """The first pictures, described in the variant's language where the department did so."""
    pictures = [file for file in submission.files if file.width is not None]
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


def draft_of(revision: Revision) -> Draft:
    """A saved revision as a draft to go on from, without its note."""
    owner = revision.post.department_id
    asked = (row.department_id for row in revision.departments if row.asked)
    return Draft(
        title=revision.post.title,
        not_before=revision.not_before,
        not_after=revision.not_after,
        variants=tuple(_variant_draft(variant) for variant in revision.variants),
        asked=tuple(sorted(one for one in asked if one != owner)),
    )


def _variant_draft(variant: Variant) -> VariantDraft:
    return VariantDraft(
        account_id=variant.account_id,
        language=variant.language,
        text=variant.text,
        link=variant.link,
        pictures=tuple(
            PictureDraft(alt_text=one.alt_text, source_sha256=one.source_sha256)
            for one in variant.renditions
        ),
    )


def warnings(draft: Draft) -> list[Problem]:
    """What may be saved so, but should be looked at: pictures without a description."""
    return [
        Problem(
            f"variants-{index}-pictures-{place}-alt_text",
            "no_description",
            {"picture": place + 1, "language": variant.language},
        )
        for index, variant in enumerate(draft.variants)
        for place, picture in enumerate(variant.pictures)
        if not picture.alt_text.strip()
    ]
