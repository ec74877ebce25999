"""Forms of submissions and drafts of posts as the pages prepare them, in the tests' city."""

from __future__ import annotations

from io import BytesIO

from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from publisher.database.session import Database
from publisher.drafting import renditions
from publisher.drafting.drafts import Draft, PreparedDraft, VariantDraft
from publisher.drafting.save import save, start
from publisher.intake import submit
from publisher.intake.form import HandIn
from publisher.intake.persistence import store_form
from publisher.media.folder_store import FolderStore
from publisher.models.notifications import Notice
from publisher.models.posts import Language, Post
from publisher.models.submissions import Submission, SubmissionKind
from tests.support.city_people import DAY, NOON, CityPeople
from tests.support.city_posts import CityPosts


def form(town: CityPeople, **changed: object) -> HandIn:
    """Return a valid form of the water department, with what the test changes."""
    fields: dict[str, object] = {
        "department_id": town.departments["water"],
        "kind": SubmissionKind.PUBLIC_NOTICE,
        "title": "शनिवारी पाणीपुरवठा बंद",
        "text_mr": "शनिवारी शहराच्या पूर्व भागाचा पाणीपुरवठा बंद राहील.",
        "text_en": "There will be no water in the east on Saturday.",
        "wished_at": NOON + DAY,
        "useful_until": NOON + 3 * DAY,
        "outward_number": "पापु/३०७",
    }
    return HandIn(**{**fields, **changed})  # type: ignore[arg-type]  # a test's own fields


def handed_in(session: Session, town: CityPosts, **changed: object) -> Submission:
    """Submit this form by the water department's member."""
    return submit.create_submission(
        session,
        actor=town.actor("member"),
        now=NOON,
        city_code="PMC",
        stored_form=store_form(town.store, form(town, **changed)),
    )


def variant(account_id: int, **changed: object) -> VariantDraft:
    """Return a short Marathi variant on this account, with what the test changes."""
    fields: dict[str, object] = {
        "account_id": account_id,
        "language": Language.MARATHI,
        "text": "शनिवारी पाणीपुरवठा बंद.",
    }
    return VariantDraft(**{**fields, **changed})  # type: ignore[arg-type]  # a test's own fields


def draft(*variants: VariantDraft, **changed: object) -> Draft:
    """Return a draft with these variants, with what the test changes."""
    fields: dict[str, object] = {"title": "पाणीपुरवठा बंद", "note": "पहिला मसुदा"}
    return Draft(**{**fields, "variants": variants, **changed})  # type: ignore[arg-type]  # as above


def prepared(
    database: Database, store: FolderStore, form_draft: Draft, post_id: int | None = None
) -> PreparedDraft:
    """Prepare the draft as the page does before it opens a transaction."""
    with database.reading() as session:
        context = renditions.preparation_context(session, post_id=post_id)
    return renditions.prepare_pictures(store, form_draft, context)


def started(town: CityPosts, **changed: object) -> Post:
    """Start a post from a new submission, without a revision."""
    with town.database.transaction() as session:
        submission = handed_in(session, town, **changed)
        return start(session, actor=town.actor("clerk"), now=NOON, submission_id=submission.id)


def saved(town: CityPosts, post: Post, *, seen_revision: int) -> None:
    """Save a revision of the post for both accounts."""
    variants = (variant(town.accounts["x"]), variant(town.accounts["facebook"]))
    prepared_draft = prepared(town.database, town.store, draft(*variants))
    with town.database.transaction() as session:
        save(
            session,
            actor=town.actor("clerk"),
            now=NOON,
            post_id=post.id,
            seen_revision=seen_revision,
            prepared=prepared_draft,
        )


def mails(session: Session) -> list[tuple[str, int | None]]:
    """Return the kind and the reader's id of every mail that was queued, in order."""
    rows = session.execute(select(Notice.kind, Notice.person_id).order_by(Notice.id))
    return [(kind, person_id) for kind, person_id in rows]


def photo(
    width: int = 60, height: int = 40, *, turned: bool = False, colour: str = "teal"
) -> bytes:
    """Return a JPEG like a phone's: with GPS in its EXIF, and rotated by EXIF if `turned`."""
    exif = Image.Exif()
    exif[0x0112] = 6 if turned else 1
    exif.get_ifd(0x8825)[1] = "N"
    out = BytesIO()
    Image.new("RGB", (width, height), colour).save(out, "JPEG", exif=exif)
    return out.getvalue()
