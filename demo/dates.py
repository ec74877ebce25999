"""Days and moments of the demo, counted from today, and how texts write them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from publisher.i18n.languages import digits, language_rules
from publisher.working_time import from_local, local_day


@dataclass(frozen=True, slots=True)
class Anchor:
    """A day named in a text: `after` days from the base, then on to `weekday` (0 is Monday).

    The base is today, or the day that `base` names.
    """

    after: int
    weekday: int | None = None
    base: str | None = None

    def day(self, start: date) -> date:
        """Return the calendar day, counted from `start`."""
        day = start + timedelta(days=self.after)
        if self.weekday is None:
            return day
        return day + timedelta(days=(self.weekday - day.weekday()) % 7)


@dataclass(frozen=True, slots=True)
class Offset:
    """A moment counted from now: a clock time `days` days away, or `minutes` minutes away."""

    days: int = 0
    at: str = ""
    minutes: int = 0

    def moment(self, now: datetime) -> datetime:
        """Return the aware UTC moment, by the city's clock."""
        if not self.at:
            return now + timedelta(days=self.days, minutes=self.minutes)
        day = local_day(now) + timedelta(days=self.days)
        return from_local(day, time.fromisoformat(self.at))


def resolve(anchors: Mapping[str, Anchor], today: date) -> dict[str, date]:
    """Return each named day as a date; an anchor may rest on one named before it."""
    days: dict[str, date] = {}
    for name, anchor in anchors.items():
        days[name] = anchor.day(days[anchor.base] if anchor.base else today)
    return days


def date_texts(days: Mapping[str, date]) -> dict[str, str]:
    """Return the texts for `{d1_mr}`, `{d1_en_short}` and all other forms of each day.

    For a day `d1`: `d1_mr` शनिवार दि. २८ नोव्हेंबर २०२६, `d1_mr_short` without the year,
    `d1_mr_date` without the weekday, `d1_mr_dated` without both, `d1_mr_day` शनिवार, `d1_mr_on`
    शनिवारी; `d1_en`, `d1_en_short`, `d1_en_date` and `d1_en_day` likewise.
    """
    return {
        f"{name}_{form}": text
        for name, day in days.items()
        for form, text in (_marathi(day) | _english(day)).items()
    }


def _marathi(day: date) -> dict[str, str]:
    names = language_rules("mr")
    weekday = names.weekdays[day.weekday()]
    # Plain spaces: platforms may turn a no-break space into one, and the texts must come back
    # as they were sent.
    dated = f"दि. {digits(str(day.day), 'mr')} {names.months[day.month - 1]}"
    year = digits(str(day.year), "mr")
    return {
        "mr": f"{weekday} {dated} {year}",
        "mr_short": f"{weekday} {dated}",
        "mr_date": f"{dated} {year}",
        "mr_dated": dated,
        "mr_day": weekday,
        "mr_on": f"{weekday}ी",
    }


def _english(day: date) -> dict[str, str]:
    names = language_rules("en")
    weekday = names.weekdays[day.weekday()]
    dated = f"{day.day} {names.months[day.month - 1]}"
    return {
        "en": f"{weekday}, {dated} {day.year}",
        "en_short": f"{weekday}, {dated}",
        "en_date": f"{dated} {day.year}",
        "en_day": weekday,
    }
