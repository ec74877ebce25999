"""Form fields for a day, a moment and a time of day: one box, typed as people speak.

What was understood is shown below the box. If a part that was left out could be completed
differently, the form asks once: it comes back with the `mark` of what was shown.
"""

from __future__ import annotations

from abc import abstractmethod
from datetime import date, datetime, time
from typing import Generic, Protocol, TypeVar

from flask import url_for
from flask_babel.speaklater import LazyString
from werkzeug.datastructures import MultiDict
from wtforms import Field
from wtforms.widgets import TextInput

from publisher.i18n import dates
from publisher.i18n.date_parsing import BadWhen, parse_time
from publisher.i18n.moment_parsing import WholeDay, parse_moment, parse_typed_day
from publisher.validation import FieldError
from publisher.working_time import local_day
from web.core.context import ctx
from web.core.i18n import _, page_language
from web.messages.field_errors import problem_sentence

When = TypeVar("When", bound=date | time)


class FormData(Protocol):
    """The sent form: all values of a name."""

    def getlist(self, key: str, /) -> list[str]:
        """Return the values of a name, in their order."""


class WhenField(Field, Generic[When]):
    """What these fields have in common; `data` is None if nothing was typed or understood.

    `looks_back`: the field asks for something past. With `confirms` False nothing is asked.
    """

    widget = TextInput()
    kind = ""
    data: When | None

    def __init__(
        self,
        label: str | LazyString = "",
        *,
        looks_back: bool = False,
        confirms: bool = True,
        **kwargs: object,
    ) -> None:
        super().__init__(label, **kwargs)  # type: ignore[arg-type]  # WTForms passes its own
        self.looks_back = looks_back
        self.confirms = confirms
        self.problem: FieldError | None = None
        self.mark = ""
        self._shown_mark = ""

    def process(self, formdata: FormData | None, *args: object, **kwargs: object) -> None:
        """Read the mark of what the page showed, then the field itself."""
        marks = formdata.getlist(self.mark_name) if formdata else []
        self._shown_mark = marks[0] if marks else ""
        super().process(formdata, *args, **kwargs)  # type: ignore[arg-type]  # WTForms passes them

    @property
    def mark_name(self) -> str:
        """The name of the hidden field with the mark."""
        return f"{self.name}-understood"

    def process_formdata(self, valuelist: list[str]) -> None:
        """Parse the box; raises ValueError with the sentence that is shown at the field."""
        self.data = None
        if not self.typed:
            return
        try:
            understood, is_assumed = self._read(self.typed)
        except BadWhen as bad:
            self._refuse(bad.code.value, **bad.values)
        self.mark = understood.isoformat()
        if is_assumed and self.confirms and self.mark != self._shown_mark:
            self._refuse("understood_as", at=self._in_words(understood))
        self.data = understood

    def _refuse(self, code: str, **values: object) -> None:
        self.problem = FieldError(self.short_name, code, values)
        raise ValueError(problem_sentence(self.problem))

    @property
    def typed(self) -> str:
        """What was typed; empty if nothing was."""
        return str(self.raw_data[0]).strip() if self.raw_data else ""

    def fill(self, value: When | None) -> None:
        """Write a value into the box instead of what was typed."""
        self.data, self.raw_data = value, None

    def retype(self, text: str) -> None:
        """Read a text instead of what was typed."""
        self.problem = None
        self.process(MultiDict({self.name: text}))

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return self._editable(self.data) if self.data is not None else ""

    @property
    def words(self) -> str:
        """What was understood, with its weekday and part of the day; empty if nothing was."""
        return self._in_words(self.data) if self.data is not None else ""

    @property
    def shown_mark(self) -> str:
        """The mark of what the page shows; a day that was filled in is not asked about."""
        return self.mark or (self.data.isoformat() if self.data is not None else "")

    @property
    def query(self) -> str:
        """The address that returns how a text would be understood."""
        return url_for("understood.show", kind=self.kind, back=int(self.looks_back))

    @abstractmethod
    def _read(self, text: str) -> tuple[When, bool]:
        """Return the value, and whether it is assumed. Raises BadWhen."""

    @abstractmethod
    def _in_words(self, value: When) -> str:
        """Return the value with weekday and part of the day, as a sentence names it."""

    @abstractmethod
    def _editable(self, value: When) -> str:
        """Return the value as it can be typed back."""


class DayField(WhenField[date]):
    """A day such as "tomorrow", "27/11" or "२७ नोव्हेंबर"; `data` is a `date`.

    If it `asks_past`, a past day is accepted once the person has seen that it is past.
    """

    kind = "day"

    def __init__(
        self, label: str | LazyString = "", *, asks_past: bool = False, **kwargs: object
    ) -> None:
        super().__init__(label, **kwargs)  # type: ignore[arg-type]  # WTForms passes its own
        self.asks_past = asks_past

    def _read(self, text: str) -> tuple[date, bool]:
        understood = parse_typed_day(text, now=ctx.now(), looks_back=self.looks_back)
        is_asked = understood.is_assumed or (self.asks_past and understood.is_past)
        return understood.day, is_asked

    def _in_words(self, value: date) -> str:
        text = dates.day_heading(value, page_language(), now=ctx.now())
        if self.looks_back or value >= local_day(ctx.now()):
            return text
        return _("%(day)s – this day has passed", day=text)

    def _editable(self, value: date) -> str:
        return dates.editable_day(value, page_language())


class MomentField(WhenField[datetime]):
    """A moment such as "tomorrow 10" or "सायं. ६"; `data` is an aware `datetime` in UTC.

    `whole_day` says what a day without a time means.
    """

    kind = "moment"

    def __init__(
        self,
        label: str | LazyString = "",
        *,
        whole_day: WholeDay = WholeDay.ASKED,
        **kwargs: object,
    ) -> None:
        super().__init__(label, **kwargs)  # type: ignore[arg-type]  # WTForms passes its own
        self.whole_day = whole_day

    def _read(self, text: str) -> tuple[datetime, bool]:
        understood = parse_moment(
            text, now=ctx.now(), looks_back=self.looks_back, whole_day=self.whole_day
        )
        return understood.at, understood.is_assumed

    @property
    def query(self) -> str:
        """The address as for a day, with the meaning of a day without a time."""
        return f"{super().query}&whole={self.whole_day.value}"

    def _in_words(self, value: datetime) -> str:
        language, now = page_language(), ctx.now()
        text = f"{dates.day_heading(value, language, now=now)}, {dates.clock_time(value, language)}"
        if self.looks_back or value > now:
            return text
        return _("%(at)s – this time has passed", at=text)

    def _editable(self, value: datetime) -> str:
        return dates.editable_moment(value, page_language())


class ClockField(WhenField[time]):
    """A time of day such as "9", "18:30" or "सायं. ६"; `data` is a `time` of the city.

    Nothing is completed, so nothing is asked: a number from 1 to 7 is refused until its part of the
    day is typed too.
    """

    kind = "clock"

    def __init__(self, label: str | LazyString = "", **kwargs: object) -> None:
        super().__init__(label, confirms=False, **kwargs)  # type: ignore[arg-type]  # WTForms passes its own

    def _read(self, text: str) -> tuple[time, bool]:
        return parse_time(text), False

    def _in_words(self, value: time) -> str:
        return dates.time_of_day(value, page_language())

    def _editable(self, value: time) -> str:
        return self._in_words(value)
