"""Render and store the pictures of a draft, before a transaction begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

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
from publisher.media import file_signatures, files, image_checks, images
from publisher.media.files import BadFile
from publisher.media.image_checks import BadPicture
from publisher.media.store import MediaStore, MediumChanged, MediumMissing, StoreAway
from publisher.models.deliveries import Account
from publisher.models.posts import Rendition, Revision, Variant
from publisher.platforms import registry
from publisher.validation import Validator

MOVING = "image/gif"
"""Only animated pictures stay GIFs; a post takes one of them, and no other picture with it."""

Renditions = dict[tuple[str, str], PreparedPicture]


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


def prepare_pictures(store: MediaStore, draft: Draft, context: PreparationContext) -> PreparedDraft:
    """Store new pictures and render each picture of the draft once for each platform.

    A rendition of an earlier revision is reused byte for byte. This takes seconds, so no
    transaction may be open. Errors are returned in `problems`, and `save` raises them together with
    all others.
    """
    validator = Validator(draft.form_errors)
    stored_renditions = {
        key: rendition
        for key, rendition in context.renditions.items()
        if store.exists(rendition.sha256)
    }
    maker = _RenditionMaker(store, stored_renditions, validator)
    variants = tuple(
        maker.prepare(f"variants-{index}", variant, context.platforms)
        for index, variant in enumerate(draft.variants)
    )
    return PreparedDraft(draft, variants, tuple(validator.problems))


@dataclass(frozen=True)
class _RenditionMaker:
    """Renders pictures; a picture that was rendered before is reused."""

    store: MediaStore
    renditions: Renditions
    validator: Validator

    def prepare(
        self, field_prefix: str, variant: VariantDraft, platforms: Mapping[int, str]
    ) -> PreparedVariant:
        prepared = PreparedVariant(variant.account_id, variant.language, variant.text, variant.link)
        platform = platforms.get(variant.account_id)
        if platform is None:
            self.validator.add(f"{field_prefix}-account_id", "unknown_account")
            return prepared
        count = len(variant.pictures)
        if count > MOST_PICTURES:
            self.validator.add(
                f"{field_prefix}-pictures", "too_many_pictures", found=count, most=MOST_PICTURES
            )
        pictures = [
            self._picture(f"{field_prefix}-pictures-{index}", picture, platform)
            for index, picture in enumerate(variant.pictures[:MOST_PICTURES])
        ]
        if count > 1 and any(
            picture is not None and picture.mime == MOVING for picture in pictures
        ):
            self.validator.add(f"{field_prefix}-pictures", "moving_alone")
        return replace(prepared, pictures=tuple(picture for picture in pictures if picture))

    def _picture(self, field: str, picture: PictureDraft, platform: str) -> PreparedPicture | None:
        values: Mapping[str, object] = {}
        try:
            rendition = self._rendition(self._source(picture), platform)
        except (BadFile, BadPicture) as bad:
            code, values = bad.code.value, bad.values
        except MediumMissing:
            code = "picture_missing"
        except MediumChanged:
            code = "picture_changed"
        except StoreAway:
            code = "store_away"
        else:
            return replace(rendition, alt_text=picture.alt_text)
        self.validator.add(field, code, **{**values, "name": picture.name})
        return None

    def _source(self, picture: PictureDraft) -> str:
        """Return the digest of the original; a new picture is checked and stored first."""
        if picture.content is None:
            return picture.source_sha256
        if picture.name:
            files.file_type(picture.content[: file_signatures.HEAD_BYTES], picture.name)
        image_checks.inspect(picture.content)
        return self.store.save(picture.content)

    def _rendition(self, source: str, platform: str) -> PreparedPicture:
        if (source, platform) not in self.renditions:
            rendition = images.render(self.store.open(source), registry.capabilities(platform).fit)
            self.renditions[source, platform] = PreparedPicture(
                sha256=self.store.save(rendition.content),
                source_sha256=source,
                mime=rendition.mime,
                width=rendition.width,
                height=rendition.height,
                alt_text="",
            )
        return self.renditions[source, platform]
