"""The drafting form: one text for each account and language, pictures shared by all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from werkzeug.datastructures import FileStorage
from wtforms import (
    BooleanField,
    HiddenField,
    MultipleFileField,
    SelectField,
    StringField,
    TextAreaField,
)

from publisher.drafting.drafts import Draft, PictureDraft, VariantDraft
from publisher.i18n.date_parsing import BadWhen, parse_when
from publisher.models.deliveries import Account
from publisher.models.desk import StartingText, TextPart
from publisher.models.people import Department
from publisher.models.posts import Language
from publisher.scheduling.corrections import Target
from publisher.validation import FieldError
from publisher.working_time import local
from web.core.i18n import _, _l
from web.drafting import joint as drafting_joint
from web.drafting.joint import JointRow
from web.forms import DayMonthYearField, Form, options
from web.messages.names import account_name
from web.previews import language_text

MARATHI_AND_ENGLISH = (Language.MARATHI, Language.ENGLISH)


@dataclass(frozen=True)
class TextSlot:
    """Where one text stands on the page."""

    account: Account
    language: Language

    @property
    def title(self) -> str:
        """What it is called where an error leads to it: "X – Marathi text"."""
        return f"{account_name(self.account)} – {language_text(self.language)}"

    @property
    def name(self) -> str:
        """The name of its field."""
        return f"text_{self.account.id}_{self.language.value}"


class DraftForm(Form):
    """What every draft has; texts and descriptions are added for each draft."""

    seen = HiddenField(default="0")
    title = StringField(_l("Title"))
    link = StringField(_l("Link"))
    note = TextAreaField(_l("Note for this revision"))
    not_before_day = DayMonthYearField(_l("Not before this date"))
    not_before_clock = StringField(_l("Time"))
    not_after_day = DayMonthYearField(_l("Not after this date"))
    not_after_clock = StringField(_l("Time"))
    photos = MultipleFileField(_l("Add photos"))
    starting = SelectField(_l("Starting text"), validate_choice=False)
    joint_add = SelectField(_l("Another department"), validate_choice=False)
    joint_add_as = SelectField(_l("This department"), validate_choice=False)
    clerk_note = TextAreaField(_l("Internal note"))


@dataclass(frozen=True)
class Sheet:
    """A form with its slots and pictures, in the order in which they stand.

    `targets` are what is out already, by the name of the slot in which it is corrected.
    """

    form: DraftForm
    slots: tuple[TextSlot, ...]
    pictures: tuple[PictureDraft, ...]
    joint: tuple[JointRow, ...] = ()
    targets: Mapping[str, Target] = field(default_factory=dict)


def slots_for(accounts: Sequence[Account], languages: Iterable[Language]) -> tuple[TextSlot, ...]:
    """A slot for each account and language; Marathi and English are always there."""
    wanted = [*MARATHI_AND_ENGLISH, *(one for one in languages if one not in MARATHI_AND_ENGLISH)]
    return tuple(TextSlot(account, language) for account in accounts for language in wanted)


def make_sheet(
    slots: tuple[TextSlot, ...], pictures: Sequence[PictureDraft], joint: Sequence[JointRow] = ()
) -> Sheet:
    """The form for these slots and pictures, filled by the POST in hand where there is one."""
    fields: dict[str, object] = {slot.name: TextAreaField(slot.title) for slot in slots}
    languages = dict.fromkeys(slot.language for slot in slots)
    for index, _picture in enumerate(pictures):
        fields[f"drop_{index}"] = BooleanField(_l("Leave this photo out"))
        for language in languages:
            fields[f"alt_{index}_{language.value}"] = TextAreaField()
    fields |= {row.name: row.field() for row in joint}
    made = type("FilledDraftForm", (DraftForm,), fields)
    return Sheet(cast(DraftForm, made()), slots, tuple(pictures), tuple(joint))


def offer(sheet: Sheet, texts: Sequence[StartingText], departments: Sequence[Department]) -> None:
    """Let the form offer these starting texts, and the departments that have no row yet."""
    form = sheet.form
    whole = [(str(one.id), one.name) for one in texts if one.part is TextPart.WHOLE]
    form.starting.choices = options([("", _("Choose a starting text")), *whole])
    drafting_joint.choose_from(form.joint_add, sheet.joint, departments)
    ways = (drafting_joint.ASKED, drafting_joint.NAMED)
    form.joint_add_as.choices = options((one, _(drafting_joint.HOW[one])) for one in ways)


def fill(sheet: Sheet, draft: Draft, *, seen: int) -> None:
    """Put a draft into the form."""
    form = sheet.form
    form.seen.data, form.title.data, form.note.data = str(seen), draft.title, draft.note
    form.link.data = next((one.link for one in draft.variants if one.link), "")
    _fill_moment(form, "not_before", draft.not_before)
    _fill_moment(form, "not_after", draft.not_after)
    texts = {(one.account_id, one.language): one for one in draft.variants}
    for slot in sheet.slots:
        variant = texts.get((slot.account.id, slot.language))
        form[slot.name].data = variant.text if variant else ""
        for index, picture in enumerate(variant.pictures if variant else ()):
            field = f"alt_{index}_{slot.language.value}"
            if field in form:
                form[field].data = picture.alt_text


def _fill_moment(form: DraftForm, name: str, at: datetime | None) -> None:
    if at is None:
        return
    here = local(at)
    form[f"{name}_day"].data = here.date()
    form[f"{name}_clock"].data = here.strftime("%H:%M")


def pictures_of(draft: Draft) -> tuple[PictureDraft, ...]:
    """The pictures of a draft; every variant carries the same ones."""
    return max((one.pictures for one in draft.variants), key=len, default=())


def read(sheet: Sheet) -> Draft:
    """The form as a draft; a slot left empty is no variant."""
    form = sheet.form
    found: list[FieldError] = []
    new = [_uploaded(one) for one in form.photos.data or [] if isinstance(one, FileStorage)]
    return Draft(
        title=form.title.data or "",
        note=form.note.data or "",
        not_before=_moment(form, "not_before", found, "00:00"),
        not_after=_moment(form, "not_after", found, "23:59"),
        variants=tuple(
            _variant(sheet, slot, [one for one in new if one.content]) for slot in written(sheet)
        ),
        asked_ids=drafting_joint.read(form, sheet.joint, drafting_joint.ASKED),
        named_ids=drafting_joint.read(form, sheet.joint, drafting_joint.NAMED),
        form_errors=tuple(found),
    )


def written(sheet: Sheet) -> list[TextSlot]:
    """The slots with a text, in the order in which the draft numbers its variants."""
    return [slot for slot in sheet.slots if (sheet.form[slot.name].data or "").strip()]


def _uploaded(file: FileStorage) -> PictureDraft:
    return PictureDraft(alt_text="", content=file.read(), name=file.filename or "")


def _variant(sheet: Sheet, slot: TextSlot, new: list[PictureDraft]) -> VariantDraft:
    form = sheet.form
    kept = [
        PictureDraft(
            alt_text=form[f"alt_{index}_{slot.language.value}"].data or "",
            source_sha256=picture.source_sha256,
            name=picture.name,
        )
        for index, picture in enumerate(sheet.pictures)
        if not form[f"drop_{index}"].data
    ]
    return VariantDraft(
        account_id=slot.account.id,
        language=slot.language,
        text=form[slot.name].data or "",
        link=form.link.data or "",
        pictures=(*kept, *new),
    )


def _moment(form: DraftForm, name: str, found: list[FieldError], usual: str) -> datetime | None:
    """A day without a time begins or ends with that day; a time without a day is asked about."""
    day, clock = form[f"{name}_day"], (form[f"{name}_clock"].data or "").strip()
    if not (clock or day.is_typed):
        return None
    try:
        return parse_when(day.typed, clock or usual)
    except BadWhen as bad:
        part = "day" if bad.code.field == "date" else "clock"
        found.append(FieldError(f"{name}_{part}", bad.code.value))
        return None


def place_of(sheet: Sheet, error: FieldError) -> FieldError:
    """The same problem at the field of this form that it belongs to."""
    parts = error.field.split("-")
    if parts[0] != "variants" or len(parts) < 3:
        names = {"not_before": "not_before_day", "not_after": "not_after_day"}
        return FieldError(names.get(error.field, error.field), error.code, error.values)
    slot = written(sheet)[int(parts[1])]
    name = {"text": slot.name, "link": "link"}.get(parts[2], "photos")
    if parts[2] == "pictures" and parts[-1] == "alt_text":
        name = f"alt_{parts[3]}_{slot.language.value}"
    return FieldError(name if name in sheet.form else "photos", error.code, error.values)
