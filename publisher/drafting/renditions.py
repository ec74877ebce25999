"""Render and store the pictures of a draft, before a transaction begins."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256
from threading import Event

from sqlalchemy import select
from sqlalchemy.orm import Session

from publisher.drafting.drafts import (
    MOST_PICTURES,
    Draft,
    PictureDraft,
    PreparationContext,
    PreparedDraft,
    PreparedPicture,
    PreparedVariant,
    VariantDraft,
    usable_accounts,
)
from publisher.media import file_signatures, files, images
from publisher.media.files import BadFile
from publisher.media.image_checks import BadPicture
from publisher.media.store import MediaStore, MediumChanged, MediumMissing, StoreAway
from publisher.models.deliveries import Account
from publisher.models.posts import Rendition, Revision, Variant
from publisher.platforms import registry
from publisher.validation import Validator

MOVING = "image/gif"
"""Only animated pictures stay GIFs; a post takes one of them, and no other picture with it."""

Renditions = Mapping[tuple[str, str], PreparedPicture]
_PROBLEMS = (BadFile, BadPicture, MediumMissing, MediumChanged)
_Outcome = Mapping[str, PreparedPicture] | Exception
"""A picture's renditions by platform, or why there are none."""

_SIDE_BY_SIDE = 2
"""Pictures of a draft that are rendered at the same time, if there is memory for both."""


def preparation_context(session: Session, *, post_id: int | None = None) -> PreparationContext:
    """Return the platforms of the accounts, and the renditions of the post's earlier revisions."""
    platforms = {account.id: account.platform for account in usable_accounts(session)}
    query = (
        select(Rendition, Account.platform)
        .join(Rendition.variant)
        .join(Variant.account)
        .join(Variant.revision)
        .where(Revision.post_id == post_id)
        .order_by(Rendition.id)
    )
    renditions = {
        (rendition.source_sha256, platform): PreparedPicture.of(rendition)
        for rendition, platform in session.execute(query)
    }
    return PreparationContext(platforms, renditions)


def source_digests(revision: Revision) -> tuple[str, ...]:
    """Return the digests of the originals of a revision's pictures, each once, in their order."""
    renditions = (
        rendition.source_sha256 for variant in revision.variants for rendition in variant.renditions
    )
    return tuple(dict.fromkeys(renditions))


def prepare_pictures(store: MediaStore, draft: Draft, context: PreparationContext) -> PreparedDraft:
    """Store new pictures and render each picture of the draft once for all platforms.

    A rendition of an earlier revision is reused byte for byte. This takes seconds, so no
    transaction may be open. Errors are returned in `problems`, and `save` raises them together with
    all others.
    """
    validator = Validator(draft.form_errors)
    outcomes = _render_all(store, context.renditions, _platforms_of_pictures(draft, context))
    variants = tuple(
        _prepare_variant(f"variants-{index}", variant, context.platforms, outcomes, validator)
        for index, variant in enumerate(draft.variants)
    )
    return PreparedDraft(draft, variants, tuple(validator.problems))


def _platforms_of_pictures(
    draft: Draft, context: PreparationContext
) -> dict[PictureDraft, set[str]]:
    """Return the platforms of each picture within the limit, by the picture's file."""
    platforms: dict[PictureDraft, set[str]] = {}
    for variant in draft.variants:
        if platform := context.platforms.get(variant.account_id):
            for picture in variant.pictures[:MOST_PICTURES]:
                platforms.setdefault(_picture_file(picture), set()).add(platform)
    return platforms


def _picture_file(picture: PictureDraft) -> PictureDraft:
    return replace(picture, alt_text="")


def _render_all(
    store: MediaStore, earlier: Renditions, platforms_by_file: Mapping[PictureDraft, set[str]]
) -> dict[PictureDraft, _Outcome]:
    away = Event()

    def outcome(picture: PictureDraft) -> _Outcome:
        if away.is_set():  # not asked for every picture: each answer may be slow
            return StoreAway()
        try:
            return _render(store, earlier, picture, platforms_by_file[picture])
        except StoreAway as problem:
            away.set()
            return problem
        except _PROBLEMS as problem:
            return problem

    # Pillow lets other threads run while it decodes, scales and encodes.
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as threads:
        return dict(zip(platforms_by_file, threads.map(outcome, platforms_by_file), strict=True))


def _render(
    store: MediaStore, earlier: Renditions, picture: PictureDraft, platforms: set[str]
) -> Mapping[str, PreparedPicture]:
    """Return the picture's renditions by platform; a new picture is checked, then stored.

    An earlier rendition that is not stored any more is made again.
    """
    source, content = picture.source_sha256, picture.content
    if content is not None:
        source = sha256(content).hexdigest()
        if picture.name:
            files.file_type(content[: file_signatures.HEAD_BYTES], picture.name)
    renditions = {
        name: rendition
        for name in platforms
        if (rendition := earlier.get((source, name))) and store.exists(rendition.sha256)
    }
    missing = sorted(platforms - renditions.keys())
    if missing:
        fits = [registry.capabilities(platform).fit for platform in missing]
        rendered = images.render_all(store.open(source) if content is None else content, fits)
        for platform, image in zip(missing, rendered, strict=True):
            renditions[platform] = PreparedPicture(
                sha256=store.save(image.content),
                source_sha256=source,
                mime=image.mime,
                width=image.width,
                height=image.height,
                alt_text="",
            )
    if content is not None:
        store.save(content)
    return renditions


def _prepare_variant(
    field_prefix: str,
    variant: VariantDraft,
    platforms: Mapping[int, str],
    outcomes: Mapping[PictureDraft, _Outcome],
    validator: Validator,
) -> PreparedVariant:
    prepared = PreparedVariant(variant.account_id, variant.language, variant.text, variant.link)
    platform = platforms.get(variant.account_id)
    if platform is None:
        validator.add(f"{field_prefix}-account_id", "unknown_account")
        return prepared
    count, field = len(variant.pictures), f"{field_prefix}-pictures"
    if count > MOST_PICTURES:
        validator.add(field, "too_many_pictures", found=count, most=MOST_PICTURES)
    pictures = []
    for index, picture in enumerate(variant.pictures[:MOST_PICTURES]):
        outcome = outcomes[_picture_file(picture)]
        if isinstance(outcome, Exception):
            _add_problem(validator, f"{field}-{index}", outcome, picture.name)
        else:
            pictures.append(replace(outcome[platform], alt_text=picture.alt_text))
    if count > 1 and any(picture.mime == MOVING for picture in pictures):
        validator.add(field, "moving_alone")
    return replace(prepared, pictures=tuple(pictures))


def _add_problem(validator: Validator, field: str, problem: Exception, name: str) -> None:
    match problem:
        case BadFile() | BadPicture():
            validator.add(field, problem.code.value, **{**problem.values, "name": name})
        case MediumMissing():
            validator.add(field, "picture_missing", name=name)
        case MediumChanged():
            validator.add(field, "picture_changed", name=name)
        case _:
            validator.add(field, "store_away", name=name)
