"""Load the context that the rules need, in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import cache
from hashlib import sha256

from sqlalchemy import ColumnElement, Select, bindparam, exists, func, or_, select
from sqlalchemy.orm import Session, joinedload

from approvals.states import PostState
from publisher.content_checks import fingerprints, rules
from publisher.content_checks.rules import all_addresses
from publisher.content_checks.types import CheckContext, SeenLink, SimilarText, Text
from publisher.models.content_checks import CheckedLink, TextMark
from publisher.models.deliveries import Delivery, ReceiptRow
from publisher.models.desk import Snippet
from publisher.models.posts import Post, PostKind, Revision, Variant
from publisher.working_time import local_day

ALIKE = 0.9
LATELY = timedelta(days=30)
_MOST_CANDIDATES = 20


def url_digest(url: str) -> str:
    """Return the key of a URL in `checked_links`."""
    return sha256(url.encode("utf-8", "surrogatepass")).hexdigest()


def revision_texts(revision: Revision) -> list[Text]:
    """Return a revision's variants as the rules read them."""
    return [
        Text(
            account_id=variant.account_id,
            platform=variant.account.platform,
            language=variant.language,
            text=variant.text,
            link=variant.link,
            target=variant.target,
            descriptions=tuple(rendition.alt_text for rendition in variant.renditions),
        )
        for variant in revision.variants
    ]


def load_context(
    session: Session,
    post: Post,
    texts: Sequence[Text],
    *,
    now: datetime,
    not_before: datetime | None = None,
) -> CheckContext:
    """Load everything that the rules need for this post's texts."""
    reply = post.reply
    return CheckContext(
        leaves_on=local_day(max(now, not_before or now)),
        event=_event(post),
        city_numbers=_city_numbers(session, texts),
        links=links_seen(session, all_addresses(texts)),
        alike={} if post.kind is PostKind.REPLY else _alike(session, post, texts, now=now),
        may_reply=reply is None or rules.may_reply(reply.comment),
    )


def _event(post: Post) -> tuple[date, date] | None:
    """Return the first and last day of the event if all submissions of the post agree on them."""
    event_days = [
        (submission.event_on, submission.event_until_on or submission.event_on)
        for submission in post.submissions
        if submission.event_on is not None
    ]
    return event_days[0] if len(set(event_days)) == 1 else None


def _city_numbers(session: Session, texts: Sequence[Text]) -> frozenset[str]:
    """Return the mobile numbers in snippets that are in force: they are the city's helplines.

    None are read for texts without a mobile number.
    """
    if not any(mobile for text in texts for mobile in rules.find_mobiles(text.text)):
        return frozenset()
    columns = (Snippet.text_mr, Snippet.text_en, Snippet.text_hi)
    rows = session.execute(select(*columns).where(Snippet.ended_at.is_(None)))
    return frozenset(
        digits for row in rows for text in row for digits, _start, _end in rules.find_mobiles(text)
    )


def links_seen(session: Session, addresses: Sequence[str]) -> dict[str, SeenLink]:
    """Return a `SeenLink` for each address; it has no finding if the address was never checked."""
    digests = [url_digest(address) for address in addresses]
    query = select(CheckedLink).where(CheckedLink.digest.in_(digests))
    rows = {row.url: row for row in session.scalars(query)} if digests else {}
    return {address: _link_context(address, rows.get(address)) for address in addresses}


def _link_context(url: str, row: CheckedLink | None) -> SeenLink:
    if row is None:
        return SeenLink(url)
    return SeenLink(url, row.finding, row.code, row.checked_at, row.title, row.picture_sha256)


def _alike(
    session: Session, post: Post, texts: Sequence[Text], *, now: datetime
) -> dict[int, SimilarText]:
    """Return the most similar text of the last thirty days for each index; at most two queries."""
    runs = [fingerprints.word_runs(text.text) for text in texts]
    marks = frozenset().union(*(fingerprints.choose_marks(some_runs) for some_runs in runs))
    values = {"marks": marks, "post_id": post.id, "since": now - LATELY}
    earlier = session.scalars(_sharing_marks(), values).all() if marks else []
    alike_by_index: dict[int, SimilarText] = {}
    for index, text_runs in enumerate(runs):
        shares = [
            (
                fingerprints.jaccard_similarity(text_runs, fingerprints.word_runs(variant.text)),
                variant,
            )
            for variant in earlier
        ]
        best = max(shares, key=lambda pair: pair[0], default=(0.0, None))
        if best[1] is not None and best[0] >= ALIKE:
            revision = best[1].revision
            alike_by_index[index] = SimilarText(
                revision.post_id, revision.post.title, revision.saved_at, best[0]
            )
    return alike_by_index


@cache
def _sharing_marks() -> Select[Variant]:
    """Return the query for texts of other posts, live or still to be sent, with the most marks."""
    since: ColumnElement[datetime] = bindparam("since")
    live = exists().where(
        Delivery.post_id == Post.id,
        ReceiptRow.published_at >= since,
        ReceiptRow.delivery_id == Delivery.id,
    )
    given_up = Post.state.in_((PostState.WITHDRAWN, PostState.REJECTED))
    sharing = (
        select(TextMark.variant_id)
        .join(Variant, Variant.id == TextMark.variant_id)
        .join(Variant.revision)
        .join(Revision.post)
        .where(
            TextMark.mark.in_(bindparam("marks")),
            Post.id != bindparam("post_id"),
            Post.kind == PostKind.POST,
            Revision.number == Post.newest,
            or_(live, ~given_up & (Revision.saved_at >= since)),
        )
        .group_by(TextMark.variant_id)
        .order_by(func.count().desc(), TextMark.variant_id.desc())
        .limit(_MOST_CANDIDATES)
    )
    return (
        select(Variant)
        .where(Variant.id.in_(sharing))
        .options(joinedload(Variant.revision).joinedload(Revision.post))
        .order_by(Variant.id.desc())
    )
