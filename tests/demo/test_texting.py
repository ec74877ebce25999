from __future__ import annotations

from publisher.content_checks import placeholders
from publisher.drafting import snippets
from publisher.drafting.closings import closings
from publisher.models.posts import Language
from tests.demo.conftest import Seeded


def test_the_cell_has_texts_to_begin_with_each_with_blanks_in_both_languages(
    seeded: Seeded,
) -> None:
    with seeded.database.reading() as session:
        texts = snippets.every_text(session)
        whole = [one for one in texts if one.part == "text"]
        assert len(whole) >= 3
        for one in whole:
            for words in (one.text_mr, one.text_en):
                names = {blank.name for blank in placeholders.blanks_in(words)}
                assert {"date", "place"} <= names
        own = {one.department.code for one in whole if one.department is not None}
        assert own == {"water", "roads"}
        rest = [one for one in texts if one.part != "text"]
        assert all(closings(rest, language).hashtags.startswith("#PMC") for language in Language)
