"""The form of an emergency template: names, texts, and up to six blanks."""

from __future__ import annotations

from wtforms import Field, HiddenField, IntegerField, SelectField, StringField, TextAreaField

from approvals.emergency import BlankKind
from publisher.emergency.template_editing import MOST_BLANKS, BlankForm, TemplateForm
from publisher.models.emergency import TemplateRevision
from publisher.people.departments import departments_in_force
from publisher.review import emergency_grounds
from web.core.context import ctx
from web.core.database import reading
from web.core.i18n import _, _l
from web.forms import Form, MinutesField, department_options, number_of, options
from web.messages.emergency import KINDS

ROWS = range(MOST_BLANKS)


class NumberField(IntegerField):
    """An integer field; an unreadable number is None, and the use case reports it."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Parse the number, which may be in Devanagari digits."""
        text = valuelist[0].strip() if valuelist else ""
        self.data = int(text) if text.isdecimal() and len(text) < 6 else None


class TemplateFormPage(Form):
    """The fields of a template; `make_form` adds the rows of its blanks."""

    seen = HiddenField(default="0")
    name_mr = StringField(_l("Name in Marathi"))
    name_en = StringField(_l("Name in English"))
    department_id = SelectField(_l("Department that owns it"), validate_choice=False)
    text_mr = TextAreaField(_l("Marathi text"))
    text_en = TextAreaField(_l("English text"))
    late_limit = MinutesField(_l("Late limit in minutes"), default=60)

    @property
    def rows(self) -> list[list[Field]]:
        """The fields of all blanks, row by row: name, kind, length and choices."""
        parts = ("name", "kind", "most", "choices")
        return [[self[f"blanks-{at}-{part}"] for part in parts] for at in ROWS]


def make_form() -> TemplateFormPage:
    """Return the form with its choices, filled from the request."""
    kinds = options((kind.value, _(label)) for kind, label in KINDS.items())
    fields: dict[str, object] = {}
    for at in ROWS:
        fields |= {
            f"blanks-{at}-name": StringField(_("Name of the field")),
            f"blanks-{at}-kind": SelectField(_("Kind"), choices=kinds, validate_choice=False),
            f"blanks-{at}-most": NumberField(_("Most letters")),
            f"blanks-{at}-choices": TextAreaField(_("Choices")),
        }
    form: TemplateFormPage = type("WholeTemplateForm", (TemplateFormPage,), fields)()
    with reading() as session:
        departments = departments_in_force(session, now=ctx.now())
    form.department_id.choices = department_options(departments, empty_label=_("Choose"))
    return form


def fill(form: TemplateFormPage, revision: TemplateRevision) -> None:
    """Fill the form from a revision."""
    form.seen.data = str(revision.number)
    form.department_id.data = str(revision.department_id)
    for field_name in ("name_mr", "name_en", "text_mr", "text_en", "late_limit"):
        form[field_name].data = getattr(revision, field_name)
    for (name, kind, most, choices), blank in zip(
        form.rows, emergency_grounds.revision_template(revision).blanks, strict=False
    ):
        name.data, kind.data, most.data = blank.name, blank.kind.value, blank.most or None
        choices.data = "\n".join(" | ".join(pair) for pair in blank.choices)


def read(form: TemplateFormPage) -> TemplateForm:
    """Read the form for the use case."""
    return TemplateForm(
        name_mr=form.name_mr.data or "",
        name_en=form.name_en.data or "",
        department_id=number_of(form.department_id.data),
        text_mr=form.text_mr.data or "",
        text_en=form.text_en.data or "",
        late_limit=form.late_limit.data or 0,
        blanks=tuple(
            BlankForm(
                name=name.data or "",
                kind=kind.data or BlankKind.PLACE.value,
                most=most.data or 0,
                choices=choices.data or "",
            )
            for name, kind, most, choices in form.rows
        ),
    )
