"""The form of a list of transfers: a day, an order, and rows: typed, pasted, or from a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Final

from flask import request
from wtforms import Field, FileField, SelectField, StringField, TextAreaField

from approvals.errors import NotAllowed
from approvals.policy import Role
from publisher.i18n.languages import latin_digits
from publisher.people.appointments import RANKS
from publisher.register.sheet import MOST_BYTES, BadSheet
from publisher.transfers.typed_rows import MOST, TypedRow, parse_role, parse_rows, rows_of_file
from publisher.validation import Invalid
from web.core.i18n import _, _l
from web.forms import Form, options
from web.messages.names import ROLE_WORDS, role_name
from web.messages.register_files import file_problem
from web.moments.fields import DayField

FIELDS: Final = ("person", "from_department", "to_department", "role")
ROLES: Final = (Role.OFFICER, Role.HEAD, Role.MEMBER)
FIRST_ROWS: Final = 3
SPARE_ROWS: Final = 3


class TransferListForm(Form):
    """A list of transfers; `rows_form` adds the fields of its rows."""

    in_force_on = DayField(_l("In force from"))
    order_number = StringField(_l("Order number"))
    file = FileField(_l("CSV or XLSX file"))
    pasted = TextAreaField(_l("Paste a list"))

    rows: Sequence[TypedRow] = ()
    number_of_rows = 0
    has_unread = False
    """True if pasted text has no columns."""
    file_problem: BadSheet | None = None
    """Why the uploaded file cannot be read."""

    def refuse(self, refusal: Invalid | NotAllowed) -> int:
        """Show at the field why the file cannot be read."""
        if not isinstance(refusal, BadSheet):
            return super().refuse(refusal)
        self.refusal = refusal
        self.file.errors = [file_problem(refusal)]
        return 422

    def fields_of_row(self, index: int) -> list[Field]:
        """Return the fields of one row, in their order."""
        return [self._fields[f"{name}_{index}"] for name in FIELDS]


def rows_form() -> TransferListForm:
    """Return the form with a field for every row, and some empty rows.

    Rows of a file and pasted ones become typed ones, unless they are too many to show.
    """
    if request.method != "POST":
        return _form_with_rows((), FIRST_ROWS)()
    sent_rows: list[TypedRow] = []
    for index in range(MOST + SPARE_ROWS):
        cells = [request.form.get(f"{name}_{index}", "") for name in FIELDS]
        if any(cells[:3]):  # spaces alone come back, and are refused
            sent_rows.append(_codes_row(TypedRow(*cells)))
    problem = None
    try:
        sent_rows += _file_rows(most=MOST - len(sent_rows))
    except BadSheet as refusal:
        problem = refusal
    text = request.form.get("pasted", "")
    pasted = [_codes_row(row) for row in parse_rows(text)]
    # A text without columns is not a list: it stays where it is, as does one that is too long.
    is_read = any(row.from_department for row in pasted) and len(sent_rows) + len(pasted) <= MOST
    rows = [*sent_rows, *pasted]
    table_rows = rows if is_read else sent_rows
    count = max(FIRST_ROWS, len(table_rows) + SPARE_ROWS)
    # What was sent, with these rows first and, once it is read, without the pasted text.
    form_data = request.form.copy()
    for key in [key for key in form_data if key.rpartition("_")[0] in FIELDS]:
        form_data.poplist(key)
    if is_read:
        form_data["pasted"] = ""
    for index, row in enumerate(table_rows):
        for name, cell in asdict(row).items():
            form_data[f"{name}_{index}"] = cell
    form = _form_with_rows(table_rows, count)(formdata=form_data)
    form.rows = [_split_rank(row) for row in rows]
    form.file_problem = problem
    form.has_unread = bool(text.strip()) and not is_read and len(rows) <= MOST
    return form


def _form_with_rows(rows: Sequence[TypedRow], count: int) -> type[TransferListForm]:
    aliases = {f"rank_{index}": f"role_{index}" for index in range(count)}
    fields: dict[str, object] = {"number_of_rows": count, "aliases": aliases}
    # Those of officers end with the rank, if one is chosen.
    ranks = {f"{Role.OFFICER} {rank}": role_name(Role.OFFICER, rank) for rank in RANKS}
    roles = {"": _("as now"), **ranks, **{role.value: _(ROLE_WORDS[role]) for role in ROLES}}
    for index in range(count):
        row = rows[index] if index < len(rows) else TypedRow()
        # What was pasted and is none of them stays to be seen, and is refused.
        choices = roles if row.role in roles else {**roles, row.role: row.role}
        fields |= {
            f"person_{index}": StringField(_l("Name, email or mobile number")),
            f"from_department_{index}": StringField(_l("From department")),
            f"to_department_{index}": StringField(_l("To department")),
            f"role_{index}": SelectField(
                _l("Appointed as"), choices=options(choices.items()), validate_choice=False
            ),
        }
    return type("TransferListFormWithRows", (TransferListForm,), fields)


def _file_rows(*, most: int) -> list[TypedRow]:
    """Return the rows of the uploaded file, if there is one. Raises `BadSheet`."""
    source = request.files.get("file")
    if source is None or not source.filename:
        return []
    rows = rows_of_file(source.stream.read(MOST_BYTES + 1))
    if len(rows) > most:
        raise BadSheet("file", "too_many_rows", most=MOST)
    return list(map(_codes_row, rows))


def _codes_row(row: TypedRow) -> TypedRow:
    """Return the row with role and rank as one choice of the page, if they are known."""
    role, rank = parse_role(row.role), latin_digits(row.rank).strip()
    code = role.value if role else row.role
    if rank and not code:
        code = Role.OFFICER.value  # nobody else has a rank
    return replace(row, role=f"{code} {rank}".strip(" ") if rank else code, rank="")


def _split_rank(row: TypedRow) -> TypedRow:
    """Return the row with the rank in its own cell."""
    role, _space, rank = row.role.rpartition(" ")
    is_ranked = rank.isdigit() and parse_role(role) is not None
    return replace(row, role=role, rank=rank) if is_ranked else row
