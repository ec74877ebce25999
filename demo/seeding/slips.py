"""What a clerk of the demo overlooked in a draft, so that there is something to check."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from demo.days import words_for
from publisher.drafting.drafts import Draft, VariantDraft
from publisher.models.posts import Language
from publisher.working_time import ONE_DAY, local_day


def with_slips(draft: Draft, base: datetime) -> Draft:
    """The draft with photos not described in Marathi, and slips in its longest Marathi text."""
    marathi = [one for one in draft.variants if one.language is Language.MARATHI]
    longest = max(marathi, key=lambda one: len(one.text))
    return replace(
        draft,
        variants=tuple(
            _slipped(one, base if one is longest else None) if one in marathi else one
            for one in draft.variants
        ),
    )


def _slipped(variant: VariantDraft, base: datetime | None) -> VariantDraft:
    bare = tuple(replace(picture, alt_text="") for picture in variant.pictures)
    text = f"{variant.text}\n\n{_wrong_days(base)}" if base else variant.text
    return replace(variant, text=text, pictures=bare)


def _wrong_days(base: datetime) -> str:
    """A day that has passed, and one under the name of the day after it."""
    today = local_day(base)
    days = {"past": today - 2 * ONE_DAY, "prizes": today + 8 * ONE_DAY, "next": today + 9 * ONE_DAY}
    words = words_for(days)
    weekday, _, _ = words["next_mr_short"].partition(" ")
    _, _, date = words["prizes_mr_short"].partition(" ")
    return (
        f"संघ नोंदणीची अंतिम तारीख : {words['past_mr_date']}. बक्षीस वितरण {weekday} {date} रोजी होईल."
    )
