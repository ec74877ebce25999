"""The drafting form: a text for each account and language, with pictures that all share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
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
from publisher.i18n.moment_parsing import WholeDay
from publisher.models.deliveries import Account
from publisher.models.desk import Snippet, TextPart
from publisher.models.people import Department
from publisher.models.posts import Language
from publisher.scheduling.corrections import CorrectionTarget
from publisher.validation import FieldError
from web.core.i18n import _, _l
from web.drafting import joint as drafting_joint
from web.drafting.joint import JointRow
from web.forms import Form, options
from web.messages.names import account_name
from web.moments.fields import MomentField
from web.previews import language_text

MARATHI_AND_ENGLISH = (Language.MARATHI, Language.ENGLISH)


@dataclass(frozen=True)
class TextSlot:
    """A text field of the page, for one account and language."""

    account: Account
    language: Language

    @property
    def title(self) -> str:
        """The label in error messages, such as "X – Marathi text"."""
        return f"{account_name(self.account)} – {language_text(self.language)}"

    @property
    def name(self) -> str:
        """The name of the form field."""
        return f"text_{self.account.id}_{self.language.value}"


class DraftForm(Form):
    """The fields of every draft; `make_sheet` adds those of the texts and descriptions."""

    seen = HiddenField(default="0")
    title = StringField(_l("Title"))
    link = StringField(_l("Link"))
    note = TextAreaField(_l("Note for this revision"))
    not_before = MomentField(_l("Not before this time"), whole_day=WholeDay.BEGINS)
    not_after = MomentField(_l("Not after this time"), whole_day=WholeDay.LAST_MINUTE)
    photos = MultipleFileField(_l("Add photos"))
    starting = SelectField(_l("Starting text"), validate_choice=False)
    joint_add = SelectField(_l("Another department"), validate_choice=False)
    joint_add_as = SelectField(_l("This department"), validate_choice=False)
    clerk_note = TextAreaField(_l("Internal note"))


@dataclass(frozen=True)
class Sheet:
    """A form with its slots and pictures, in the order of the page."""

    form: DraftForm
    slots: tuple[TextSlot, ...]
    pictures: tuple[PictureDraft, ...]
    joint: tuple[JointRow, ...] = ()

    #: The live publications, by the name of the slot in which each is corrected.
    targets: Mapping[str, CorrectionTarget] = field(default_factory=dict)


def make_slots(accounts: Sequence[Account], languages: Iterable[Language]) -> tuple[TextSlot, ...]:
    """Return a slot for each account and language; Marathi and English are always included."""
    ordered = dict.fromkeys((*MARATHI_AND_ENGLISH, *languages))
    return tuple(TextSlot(account, language) for account in accounts for language in ordered)


def make_sheet(
    slots: tuple[TextSlot, ...], pictures: Sequence[PictureDraft], joint: Sequence[JointRow] = ()
) -> Sheet:
    """Return the form for these slots and pictures, filled from the request if it is a POST."""
    fields: dict[str, object] = {slot.name: TextAreaField(slot.title) for slot in slots}
    languages = dict.fromkeys(slot.language for slot in slots)
    for index, _picture in enumerate(pictures):
        fields[f"drop_{index}"] = BooleanField(_l("Remove this photo"))
        for language in languages:
            fields[f"alt_{index}_{language.value}"] = TextAreaField()
    fields |= {row.name: row.field() for row in joint}
    form_class = type("FilledDraftForm", (DraftForm,), fields)
    return Sheet(cast(DraftForm, form_class()), slots, tuple(pictures), tuple(joint))


def offer(sheet: Sheet, texts: Sequence[Snippet], departments: Sequence[Department]) -> None:
    """Set the form's choices: the starting texts, and the departments that have no row yet."""
    form = sheet.form
    whole = [(str(text.id), text.name) for text in texts if text.part is TextPart.WHOLE]
    form.starting.choices = options([("", _("Choose a starting text")), *whole])
    drafting_joint.set_choices(form.joint_add, sheet.joint, departments)
    ways = (drafting_joint.ASKED, drafting_joint.NAMED)
    form.joint_add_as.choices = options((how, _(drafting_joint.HOW[how])) for how in ways)


def fill(sheet: Sheet, draft: Draft, *, revision_number: int) -> None:
    """Fill the form from a draft."""
    form = sheet.form
    form.seen.data, form.title.data, form.note.data = str(revision_number), draft.title, draft.note
    form.link.data = next((variant.link for variant in draft.variants if variant.link), "")
    form.not_before.fill(draft.not_before)
    form.not_after.fill(draft.not_after)
    texts = {(variant.account_id, variant.language): variant for variant in draft.variants}
    for slot in sheet.slots:
        variant = texts.get((slot.account.id, slot.language))
        form[slot.name].data = variant.text if variant else ""
        for index, picture in enumerate(variant.pictures if variant else ()):
            field = f"alt_{index}_{slot.language.value}"
            if field in form:
                form[field].data = picture.alt_text


def draft_pictures(draft: Draft) -> tuple[PictureDraft, ...]:
    """Return the pictures of a draft, which all its variants share."""
    return max((variant.pictures for variant in draft.variants), key=len, default=())


def read(sheet: Sheet) -> Draft:
    """Read the form as a draft; an empty slot makes no variant."""
    form = sheet.form
    uploaded = [
        PictureDraft(alt_text="", content=upload.read(), name=upload.filename or "")
        for upload in form.photos.data or []
        if isinstance(upload, FileStorage)
    ]
    return Draft(
        title=form.title.data or "",
        note=form.note.data or "",
        not_before=form.not_before.data,
        not_after=form.not_after.data,
        variants=tuple(
            _variant(sheet, slot, [picture for picture in uploaded if picture.content])
            for slot in slots_with_text(sheet)
        ),
        asked_ids=drafting_joint.read(form, sheet.joint, drafting_joint.ASKED),
        named_ids=drafting_joint.read(form, sheet.joint, drafting_joint.NAMED),
        form_errors=tuple(
            field.problem for field in (form.not_before, form.not_after) if field.problem
        ),
    )


def slots_with_text(sheet: Sheet) -> list[TextSlot]:
    """Return the slots that have a text, in the order of the draft's variants."""
    return [slot for slot in sheet.slots if (sheet.form[slot.name].data or "").strip()]


def _variant(sheet: Sheet, slot: TextSlot, uploaded: list[PictureDraft]) -> VariantDraft:
    form = sheet.form
    stored = [
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
        pictures=(*stored, *uploaded),
    )


def make_form_error(sheet: Sheet, error: FieldError) -> FieldError:
    """Return the error under the name of the form field that it belongs to."""
    parts = error.field.split("-")
    if parts[0] != "variants" or len(parts) < 3:
        return error
    slot = slots_with_text(sheet)[int(parts[1])]
    name = {"text": slot.name, "link": "link"}.get(parts[2], "photos")
    if parts[2] == "pictures" and parts[-1] == "alt_text":
        name = f"alt_{parts[3]}_{slot.language.value}"
    return FieldError(name if name in sheet.form else "photos", error.code, error.values)
