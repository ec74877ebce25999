from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image, ImageFile

from publisher.database.session import Database
from publisher.drafting import drafts, prefill
from publisher.drafting.drafts import Draft, PictureDraft, PreparedDraft
from publisher.drafting.save import save as drafting_save
from publisher.media.folder_store import FolderStore
from publisher.models.posts import Language, Post, Revision
from publisher.validation import Invalid
from tests.support.city import City
from tests.support.city_people import NOON
from tests.support.forms import draft, photo, prepared, started, variant


class CountingStore(FolderStore):
    """A store that counts its reads."""

    opened = 0

    def open(self, digest: str) -> bytes:
        self.opened += 1
        return super().open(digest)


def problems(prepared: PreparedDraft) -> list[tuple[str, str]]:
    return [(problem.field, problem.code) for problem in prepared.problems]


def save(
    database: Database, town: City, post: Post, ready: PreparedDraft, seen_revision: int
) -> Revision:
    with database.transaction() as session:
        return drafting_save(
            session,
            actor=town.actor("clerk"),
            now=NOON,
            post_id=post.id,
            seen_revision=seen_revision,
            prepared=ready,
        )


def test_each_platform_gets_its_own_rendition_upright_and_without_gps(
    database: Database, town: City, store: FolderStore
) -> None:
    source = photo(3000, 2000, turned=True)
    post = started(town)
    picture = PictureDraft("जलवाहिनी", source_sha256=store.save(source))
    new_draft = draft(
        variant(town.accounts["x"], pictures=(picture,)),
        variant(town.accounts["facebook"], pictures=(picture,)),
    )
    save(database, town, post, prepared(database, store, new_draft), 0)
    with database.reading() as session:
        on_x, on_facebook = session.get_one(Post, post.id).revisions[0].variants
        sizes = []
        for variant_row in (on_x, on_facebook):
            (rendition,) = variant_row.renditions
            with Image.open(BytesIO(store.open(rendition.sha256))) as image:
                assert image.size == (rendition.width, rendition.height)
                assert not image.getexif()
                sizes.append(image.size)
            assert (rendition.mime, rendition.alt_text) == ("image/jpeg", "जलवाहिनी")
            assert store.open(rendition.source_sha256) == source
    assert sizes == [(2000, 3000), (1365, 2048)]


def test_a_new_picture_is_kept_as_it_came_beside_its_renditions(
    database: Database, town: City, store: FolderStore
) -> None:
    content = photo()
    ready = prepared(
        database,
        store,
        draft(
            variant(town.accounts["x"], pictures=(PictureDraft("", content=content, name="b.JPG"),))
        ),
    )
    (picture,) = ready.variants[0].pictures
    assert store.open(picture.source_sha256) == content
    assert store.open(picture.sha256) != content


def test_one_picture_in_two_languages_is_made_once(
    database: Database, town: City, tmp_store: CountingStore
) -> None:
    picture = PictureDraft("अ", source_sha256=tmp_store.save(photo()))
    new_draft = draft(
        variant(town.accounts["x"], pictures=(picture,)),
        variant(
            town.accounts["x"],
            language=Language.ENGLISH,
            pictures=(PictureDraft("b", picture.source_sha256),),
        ),
    )
    before = tmp_store.opened
    ready = prepared(database, tmp_store, new_draft)
    marathi, english = (variant.pictures[0] for variant in ready.variants)
    assert marathi.sha256 == english.sha256
    assert (marathi.alt_text, english.alt_text) == ("अ", "b")
    assert tmp_store.opened - before == 1


def test_a_new_picture_is_decoded_once_for_all_platforms_and_languages(
    database: Database, town: City, store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[str] = []
    prepare = ImageFile.ImageFile.load_prepare

    def note(picture: ImageFile.ImageFile) -> None:
        decoded.append(picture.format or "")
        prepare(picture)

    monkeypatch.setattr(ImageFile.ImageFile, "load_prepare", note)
    contents = [photo(3000, 2000, colour=colour) for colour in ("teal", "red", "navy", "olive")]
    pictures = tuple(PictureDraft("अ", content=content, name="a.jpg") for content in contents)
    new_draft = draft(
        *(
            variant(town.accounts[account], language=language, pictures=pictures)
            for account in ("x", "facebook")
            for language in (Language.MARATHI, Language.ENGLISH)
        )
    )
    ready = prepared(database, store, new_draft)
    assert decoded == ["JPEG"] * 4
    for variant_row in ready.variants:
        sources = [picture.source_sha256 for picture in variant_row.pictures]
        assert [store.open(source) for source in sources] == contents
    assert [len({picture.sha256 for picture in row.pictures}) for row in ready.variants] == [4] * 4
    assert {row.pictures[0].width for row in ready.variants} == {3000, 2048}


def test_what_is_refused_is_not_stored(database: Database, town: City, store: FolderStore) -> None:
    pictures = (
        PictureDraft("", content=photo(), name="a.png"),
        PictureDraft("", content=photo(300, 300)[:700], name="a.jpg"),
    )
    ready = prepared(database, store, draft(variant(town.accounts["x"], pictures=pictures)))
    assert problems(ready) == [
        ("variants-0-pictures-0", "name_and_content_differ"),
        ("variants-0-pictures-1", "truncated"),
    ]
    assert list(store.digests()) == []


@pytest.fixture
def tmp_store(store: FolderStore) -> CountingStore:
    return CountingStore(store.root)


def test_the_next_revision_keeps_the_bytes_of_the_last_one(
    database: Database, town: City, tmp_store: CountingStore
) -> None:
    store = tmp_store
    post = started(town)
    new_draft = draft(variant(town.accounts["x"], pictures=(PictureDraft("अ", content=photo()),)))
    save(database, town, post, prepared(database, store, new_draft), 0)
    before = store.opened
    again = _prepare_again(database, town, store, post)
    assert store.opened == before
    (first,) = prepared(database, store, new_draft, post.id).variants
    assert again.variants == (first,)
    assert again.variants[0].pictures[0].alt_text == "अ"
    revision = save(database, town, post, again, 1)
    assert revision.number == 2


def test_a_rendition_that_was_lost_is_made_again(
    database: Database, town: City, store: FolderStore
) -> None:
    post = started(town)
    new_draft = draft(variant(town.accounts["x"], pictures=(PictureDraft("अ", content=photo()),)))
    save(database, town, post, prepared(database, store, new_draft), 0)
    lost = _prepare_again(database, town, store, post).variants[0].pictures[0]
    store.path(lost.sha256).unlink()
    again = _prepare_again(database, town, store, post)
    assert store.exists(again.variants[0].pictures[0].sha256)


def _prepare_again(database: Database, town: City, store: FolderStore, post: Post) -> PreparedDraft:
    """Prepare the newest revision to be saved again unchanged."""
    with database.reading() as session:
        post_row = drafts.get_post(session, actor=town.actor("clerk"), post_id=post.id)
        new_draft = prefill.revision_to_draft(post_row.revisions[-1])
    return prepared(database, store, new_draft, post.id)


@pytest.mark.parametrize(
    ("picture", "code"),
    [
        (PictureDraft("", content=b"MZ" + bytes(50), name="a.jpg"), "unsupported_type"),
        (PictureDraft("", content=photo(), name="a.png"), "name_and_content_differ"),
        (PictureDraft("", content=photo(300, 300)[:700], name="a.jpg"), "truncated"),
        (PictureDraft("", content=b"%PDF-1.7", name="a.pdf"), "unsupported_type"),
        (PictureDraft("", source_sha256="0" * 64, name="a.jpg"), "picture_missing"),
        (PictureDraft("", source_sha256="../../etc/passwd"), "picture_missing"),
    ],
)
def test_an_unusable_picture_is_reported_in_place_with_all_other_errors(
    database: Database, town: City, store: FolderStore, picture: PictureDraft, code: str
) -> None:
    good = PictureDraft("", content=photo())
    new_draft = draft(variant(town.accounts["x"], text="", pictures=(good, picture)))
    ready = prepared(database, store, new_draft)
    assert problems(ready) == [("variants-0-pictures-1", code)]
    assert ready.problems[0].values["name"] == picture.name
    post = started(town)
    with pytest.raises(Invalid) as caught:
        save(database, town, post, ready, 0)
    assert caught.value.codes == [("variants-0-pictures-1", code), ("variants-0-text", "required")]


def test_a_picture_that_has_changed_on_disk_is_not_used(
    database: Database, town: City, store: FolderStore
) -> None:
    digest = store.save(photo())
    store.path(digest).write_bytes(photo(colour="red"))
    new_draft = draft(
        variant(town.accounts["x"], pictures=(PictureDraft("", source_sha256=digest),))
    )
    assert problems(prepared(database, store, new_draft)) == [
        ("variants-0-pictures-0", "picture_changed")
    ]


def test_five_pictures_and_an_over_long_description_are_refused(
    database: Database, town: City, store: FolderStore
) -> None:
    colours = ("red", "green", "blue", "white", "black")
    pictures = [PictureDraft("", content=photo(colour=colour)) for colour in colours]
    new_draft = draft(
        variant(town.accounts["x"], pictures=tuple(pictures)),
        variant(town.accounts["facebook"], pictures=(PictureDraft("अ" * 1_001, content=photo()),)),
    )
    assert _refused(database, town, store, new_draft) == [
        ("variants-0-pictures", "too_many_pictures"),
        ("variants-1-pictures-0-alt_text", "too_long"),
    ]


def test_the_same_picture_twice_in_one_post_is_refused(
    database: Database, town: City, store: FolderStore
) -> None:
    twice = (PictureDraft("", content=photo()), PictureDraft("", content=photo()))
    assert _refused(database, town, store, draft(variant(town.accounts["x"], pictures=twice))) == [
        ("variants-0-pictures", "same_picture_twice")
    ]


def _refused(
    database: Database, town: City, store: FolderStore, new_draft: Draft
) -> list[tuple[str, str]]:
    post = started(town)
    with pytest.raises(Invalid) as caught:
        save(database, town, post, prepared(database, store, new_draft), 0)
    return caught.value.codes


def test_a_moving_picture_leaves_alone_on_x_and_beside_others_on_facebook(
    database: Database, town: City, store: FolderStore
) -> None:
    drawn = [Image.new("RGB", (60, 40), colour) for colour in ("teal", "navy")]
    out = BytesIO()
    drawn[0].save(out, "GIF", save_all=True, append_images=drawn[1:], duration=100)
    moving = PictureDraft("लाटा", source_sha256=store.save(out.getvalue()))
    still = PictureDraft("नळ", source_sha256=store.save(photo()))
    for pictures, expected in [
        ((moving,), []),
        ((moving, still), [("variants-0-pictures", "moving_alone")]),
    ]:
        new_draft = draft(
            variant(town.accounts["x"], pictures=pictures),
            variant(town.accounts["facebook"], pictures=pictures),
        )
        ready = prepared(database, store, new_draft)
        assert problems(ready) == expected
        on_x, on_facebook = ready.variants
        assert on_x.pictures[0].mime == "image/gif"
        assert on_facebook.pictures[0].mime == "image/png"
