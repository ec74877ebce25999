"""The ways of submissions and posts through the city: submit, draft, review, schedule.

Each of them calls the product's use cases, at the time that the city's clock shows.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from sqlalchemy import select

from approvals.policy import Role
from publisher.drafting import collaboration, renditions, snippets
from publisher.drafting import save as drafting_save
from publisher.drafting.drafts import Draft, PictureDraft, VariantDraft
from publisher.drafting.snippets import SnippetDraft
from publisher.intake import submit
from publisher.intake.form import HandIn
from publisher.intake.persistence import store_form
from publisher.intake.uploads import UploadedFile
from publisher.media.folder_store import FolderStore
from publisher.models.desk import TextPart
from publisher.models.posts import Language, Post, Revision, Variant
from publisher.models.submissions import Priority, Submission, SubmissionKind
from publisher.review import decide
from publisher.scheduling.schedule import schedule as scheduling_schedule
from tests.support.city_people import APPROVERS, HOUR, MEMBERS, CityPeople
from tests.support.first_post import write_once


@dataclass
class CityPosts(CityPeople):
    """The city with its store of media, and the acts on submissions and posts."""

    store: FolderStore

    def hand_in(
        self,
        title: str = "शनिवारी पाणीपुरवठा बंद",
        *,
        department: str = "water",
        by: str | None = None,
        wished_at: datetime | None = None,
        useful_until: datetime | None = None,
        text_mr: str = "शनिवारी शहराच्या पूर्व भागाचा पाणीपुरवठा बंद राहील.",
        text_en: str = "",
        files: tuple[UploadedFile, ...] = (),
        urgent_reason: str = "",
    ) -> int:
        """Submit for a department, by its member, and return the submission's id."""
        actor = self.actor(by or MEMBERS[department])
        form = HandIn(
            department_id=self.departments[department],
            kind=SubmissionKind.PUBLIC_NOTICE,
            title=title,
            text_mr=text_mr,
            text_en=text_en,
            wished_at=wished_at,
            useful_until=useful_until,
            files=files,
            priority=Priority.URGENT if urgent_reason else Priority.NORMAL,
            urgent_reason=urgent_reason,
            brought_by="एक नागरिक" if actor.role in (Role.CELL, Role.CELL_LEAD) else "",
        )
        form_in_store = store_form(self.store, form)
        with self.write() as session:
            submission = submit.create_submission(
                session,
                actor=actor,
                now=self.now,
                city_code="PMC",
                stored_form=form_in_store,
            )
            return submission.id

    def start(self, submission_id: int, *, by: str = "clerk") -> int:
        """Start a post, and return its id."""
        with self.write() as session:
            post = drafting_save.start(
                session, actor=self.actor(by), now=self.now, submission_id=submission_id
            )
            session.flush()
            return post.id

    def save(
        self,
        post_id: int,
        *,
        by: str = "clerk",
        on: Sequence[str] = ("x", "facebook"),
        text: str = "",
        texts: Mapping[str, str] = MappingProxyType({}),
        not_before: datetime | None = None,
        not_after: datetime | None = None,
        asked_departments: Sequence[str] = (),
        languages: Sequence[Language] = (Language.MARATHI,),
        pictures: tuple[PictureDraft, ...] = (),
    ) -> int:
        """Save a revision for these accounts, and return its number.

        `texts` are those of a platform, by its name; the others get `text`.
        """
        with self.read() as session:
            post = session.get_one(Post, post_id)
            context = renditions.preparation_context(session, post_id=post_id)
        draft = Draft(
            title=post.title,
            not_before=not_before,
            not_after=not_after,
            asked_ids=tuple(self.departments[code] for code in asked_departments),
            variants=tuple(
                VariantDraft(
                    self.accounts[platform],
                    language,
                    texts.get(platform) or text or f"{post.title} ({post_id} {language})",
                    pictures=pictures,
                )
                for platform in on
                for language in languages
            ),
        )
        prepared = renditions.prepare_pictures(self.store, draft, context)
        with self.write() as session:
            revision = drafting_save.save(
                session,
                actor=self.actor(by),
                now=self.now,
                post_id=post_id,
                seen_revision=post.newest,
                prepared=prepared,
            )
            return revision.number

    def draft(self, submission_id: int, *, by: str = "clerk", on: Sequence[str] = ("x",)) -> int:
        """Start a post, save its first revision, and return the post's id."""
        post_id = self.start(submission_id, by=by)
        self.save(post_id, by=by, on=on)
        return post_id

    def newest(self, post_id: int) -> int:
        """Return the number of the post's newest revision."""
        with self.read() as session:
            return session.get_one(Post, post_id).newest

    def send(self, post_id: int, *, by: str = "clerk") -> None:
        """Send the newest revision for review."""
        self._review(decide.send_for_review, post_id, by)

    def approve(self, post_id: int, *, by: str = "first") -> None:
        """Approve the newest revision."""
        self._review(decide.approve, post_id, by)

    def _review(self, act: Callable[..., object], post_id: int, by: str, **more: str) -> None:
        newest = self.newest(post_id)
        with self.write() as session:
            act(
                session,
                actor=self.actor(by),
                now=self.now,
                post_id=post_id,
                seen_revision=newest,
                **more,
            )

    def return_post(
        self, post_id: int, reason: str = "वेळ दुरुस्त करावी.", *, by: str = "first"
    ) -> None:
        """Return the newest revision to the cell."""
        self._review(decide.return_post, post_id, by, reason=reason)

    def reject(self, post_id: int, reason: str = "प्रसिद्ध करू नये.", *, by: str = "first") -> None:
        """Reject the newest revision."""
        self._review(decide.reject, post_id, by, reason=reason)

    def variants(self, post_id: int) -> list[int]:
        """Return the ids of the newest revision's variants, in order."""
        query = (
            select(Variant.id)
            .join(Revision, Revision.id == Variant.revision_id)
            .join(Post, (Post.id == Revision.post_id) & (Post.newest == Revision.number))
            .where(Post.id == post_id)
            .order_by(Variant.position)
        )
        with self.read() as session:
            return list(session.scalars(query))

    def schedule(
        self,
        post_id: int,
        after: timedelta = HOUR,
        *,
        by: str = "clerk",
        late_limit: int = 60,
        only: int | None = None,
    ) -> list[int]:
        """Schedule every variant for that long from now, and return the deliveries' ids.

        `only` is the index of the one variant to schedule.
        """
        variant_ids = self.variants(post_id)
        if only is not None:
            variant_ids = [variant_ids[only]]
        with self.write() as session:
            deliveries = [
                scheduling_schedule(
                    session,
                    actor=self.actor(by),
                    now=self.now,
                    variant_id=variant_id,
                    due_at=self.now + after,
                    late_limit=late_limit,
                    despite_clash=True,
                )
                for variant_id in variant_ids
            ]
            session.flush()
            return [delivery.id for delivery in deliveries]

    def join(self, post_id: int, submission_id: int, *, by: str = "clerk") -> None:
        """Join one more submission to a post."""
        with self.write() as session:
            number = session.get_one(Submission, submission_id).number
            collaboration.join_submission(
                session, actor=self.actor(by), now=self.now, post_id=post_id, number=number
            )

    def note(self, post_id: int, text: str, *, by: str = "clerk") -> None:
        """Write a note between clerks."""
        with self.write() as session:
            collaboration.write_note(
                session, actor=self.actor(by), now=self.now, post_id=post_id, text=text
            )

    def open_draft(self, post_id: int, *, by: str = "clerk") -> None:
        """Open a draft, as its page does."""
        with self.write() as session:
            collaboration.record_open_draft(
                session, actor=self.actor(by), now=self.now, post_id=post_id
            )

    def snippet(
        self,
        name: str = "पाणीपुरवठा बंद",
        *,
        by: str = "clerk",
        part: TextPart = TextPart.WHOLE,
        department: str = "",
        text_mr: str = "{date} रोजी {ward} प्रभागात पाणी येणार नाही. चौकशी: {helpline}",
        text_en: str = "",
    ) -> int:
        """Write a snippet, for a department or for all, and return its id."""
        form = SnippetDraft(
            part=part,
            name=name,
            department_id=self.departments[department] if department else None,
            text_mr=text_mr,
            text_en=text_en,
        )
        with self.write() as session:
            snippet = snippets.make(session, actor=self.actor(by), now=self.now, form=form)
            return snippet.id

    def in_review(self, department: str = "water", *, on: Sequence[str] = ("x",)) -> int:
        """Send a new post of that department for review, and return its id."""

        def write() -> int:
            post_id = self.draft(self.hand_in(department=department), on=on)
            self.send(post_id)
            return post_id

        return self._write_once(("in review", department, *on), write)

    def approved(self, department: str = "water", *, on: Sequence[str] = ("x",)) -> int:
        """Let its department approve a new post, and return its id."""

        def write() -> int:
            post_id = self.in_review(department, on=on)
            self.approve(post_id, by=APPROVERS[department])
            return post_id

        return self._write_once(("approved", department, *on), write)

    def _write_once(self, key: Hashable, write: Callable[[], int]) -> int:
        return write_once(self.database, key, write) if self.is_untouched else write()
