from __future__ import annotations

from publisher.database.session import Database
from publisher.drafting import drafts, prefill
from publisher.drafting.drafts import PictureDraft
from publisher.drafting.save import save
from publisher.intake import queries
from publisher.intake.uploads import UploadedFile
from publisher.media.folder_store import FolderStore
from publisher.models.posts import Language, Post
from tests.support.city import City
from tests.support.city_people import DAY, NOON
from tests.support.forms import draft, photo, prepared, started, variant


def test_the_first_draft_has_each_text_for_each_account_and_language(
    database: Database, town: City
) -> None:
    long = "पाणी " * 200
    files = (
        UploadedFile("a.jpg", photo(), alt_mr="जलवाहिनी", alt_en="A main"),
        UploadedFile("b.pdf", b"%PDF-1.7"),
    )
    post = started(
        town,
        text_mr=long,
        text_hi="पानी",
        link="https://pmc.gov.in/",
        files=files,
    )
    with database.reading() as session:
        submission = queries.get_submission(
            session, actor=town.actor("clerk"), submission_id=post.submissions[0].id
        )
        accounts = drafts.usable_accounts(session)
        assert [account.id for account in accounts] == [
            town.accounts["x"],
            town.accounts["facebook"],
        ]
        proposed = prefill.first_draft(submission, accounts)
    places = [(variant.account_id, variant.language) for variant in proposed.variants]
    assert places == [
        (account, language)
        for account in (town.accounts["x"], town.accounts["facebook"])
        for language in (Language.MARATHI, Language.ENGLISH, Language.HINDI)
    ]
    assert proposed.variants[0].text == proposed.variants[3].text == long.strip()
    assert {variant.link for variant in proposed.variants} == {"https://pmc.gov.in/"}
    descriptions = [
        [picture.alt_text for picture in variant.pictures] for variant in proposed.variants[:3]
    ]
    assert descriptions == [["जलवाहिनी"], ["A main"], [""]]
    assert (proposed.title, proposed.not_after) == ("शनिवारी पाणीपुरवठा बंद", NOON + 3 * DAY)


def test_a_revision_comes_back_as_the_draft_it_was(
    database: Database, town: City, store: FolderStore
) -> None:
    post = started(town)
    source = store.save(photo())
    new_draft = draft(
        variant(
            town.accounts["x"], link="https://pmc.gov.in/", pictures=(PictureDraft("अ", source),)
        ),
        not_before=NOON,
        not_after=NOON + DAY,
        asked_ids=(town.departments["road"],),
        note="",
    )
    ready = prepared(database, store, new_draft)
    with database.transaction() as session:
        save(
            session,
            actor=town.actor("clerk"),
            now=NOON,
            post_id=post.id,
            seen_revision=0,
            prepared=ready,
        )
    with database.reading() as session:
        assert prefill.revision_to_draft(session.get_one(Post, post.id).revisions[0]) == new_draft
