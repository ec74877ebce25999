"""Days and moments of the demo, counted from today, and the texts they are filled into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from publisher.i18n.languages import digits, tongue
from publisher.working_time import from_local, local_day

_WEEK = 7
_MARATHI = "mr"
_ENGLISH = "en"


@dataclass(frozen=True, slots=True)
class Anchor:
    """A day named in a text: `after` days from the base, then on to `weekday` (0 is Monday).

    The base is today, or the day that `base` names.
    """

    after: int
    weekday: int | None = None
    base: str | None = None

    def day(self, start: date) -> date:
        """The calendar day, counted from `start`; with a weekday, the first one from there."""
        there = start + timedelta(days=self.after)
        if self.weekday is None:
            return there
        return there + timedelta(days=(self.weekday - there.weekday()) % _WEEK)


@dataclass(frozen=True, slots=True)
class Offset:
    """A moment counted from now: a clock time `days` days away, or `minutes` minutes away."""

    days: int = 0
    at: time | None = None
    minutes: int = 0

    def moment(self, now: datetime) -> datetime:
        """The aware UTC moment, by the city's clock."""
        if self.at is None:
            return now + timedelta(days=self.days, minutes=self.minutes)
        return from_local(local_day(now) + timedelta(days=self.days), self.at)


def resolve(anchors: Mapping[str, Anchor], today: date) -> dict[str, date]:
    """Each named day as a date; an anchor may rest on one named before it."""
    days: dict[str, date] = {}
    for name, anchor in anchors.items():
        days[name] = anchor.day(days[anchor.base] if anchor.base else today)
    return days


def words_for(days: Mapping[str, date]) -> dict[str, str]:
    """What stands for `{d1_mr}` and its kin.

    For a day `d1`: `d1_mr` शनिवार दि. २८ नोव्हेंबर २०२६, `d1_mr_short` without the year,
    `d1_mr_date` without the weekday, `d1_mr_on` शनिवारी; `d1_en`, `d1_en_short` and
    `d1_en_date` likewise, `d1_en_day` Saturday.
    """
    return {
        f"{name}_{form}": words
        for name, day in days.items()
        for form, words in (_marathi(day) | _english(day)).items()
    }


def fill(text: str, words: Mapping[str, str]) -> str:
    """The text with its days written in; raises KeyError for a day that was not named."""
    return text.format_map(words)


def _marathi(day: date) -> dict[str, str]:
    names = tongue(_MARATHI)
    weekday = names.weekdays[day.weekday()]
    # Plain spaces: platforms may turn a no-break space into one, and the texts must come back
    # as they were sent.
    plain = f"दि. {digits(str(day.day), _MARATHI)} {names.months[day.month - 1]}"
    dated = f"{plain} {digits(str(day.year), _MARATHI)}"
    return {
        "mr": f"{weekday} {dated}",
        "mr_short": f"{weekday} {plain}",
        "mr_date": dated,
        "mr_on": f"{weekday}ी",
    }


def _english(day: date) -> dict[str, str]:
    names = tongue(_ENGLISH)
    weekday = names.weekdays[day.weekday()]
    plain = f"{day.day} {names.months[day.month - 1]}"
    return {
        "en": f"{weekday}, {plain} {day.year}",
        "en_short": f"{weekday}, {plain}",
        "en_date": f"{plain} {day.year}",
        "en_day": weekday,
    }
