"""Words for files of officers and heads: what rows do, why they are refused, what columns mean."""

from __future__ import annotations

from collections.abc import Mapping

from publisher.auth.contact_details import BadInput
from publisher.register.columns import BadColumns, Column
from publisher.register.plan import RowOutcome
from publisher.register.sheet import MOST_ROWS, BadSheet
from web.core.i18n import N_, _
from web.messages.field_errors import RECORDING, sentence_by_code

OUTCOMES: Mapping[RowOutcome, str] = {
    RowOutcome.NEW: N_("Will be recorded"),
    RowOutcome.CHANGES: N_("Will be completed"),
    RowOutcome.SAME: N_("Already recorded"),
    RowOutcome.REPLACED: N_("A later row counts"),
    RowOutcome.REFUSED: N_("Cannot be recorded"),
}
COLUMNS: Mapping[Column, str] = {
    Column.IGNORED: N_("Not used"),
    Column.ANSWERED_AT: N_("Time of the answer"),
    Column.DEPARTMENT: N_("Department"),
    Column.ORDER_NUMBER: N_("Order number"),
    Column.ORDERED_ON: N_("Date of the order"),
    Column.ABOVE: N_("Office above"),
    Column.FIRST_NAME: N_("Name"),
    Column.FIRST_DESIGNATION: N_("Designation"),
    Column.FIRST_CLASS: N_("Official or employee"),
    Column.FIRST_MOBILE: N_("Mobile number"),
    Column.FIRST_MAIL: N_("Email address"),
    Column.SECOND_NAME: N_("Second officer: name"),
    Column.SECOND_DESIGNATION: N_("Second officer: designation"),
    Column.SECOND_CLASS: N_("Second officer: official or employee"),
    Column.SECOND_MOBILE: N_("Second officer: mobile number"),
    Column.SECOND_MAIL: N_("Second officer: email address"),
}
PROBLEMS: Mapping[str, str] = {
    **RECORDING,
    "formula": N_("This is a formula without a value. Write the value itself."),
    "mobile.landline": N_("This number is a landline. Write a mobile number of ten digits."),
    "channel_confirmed": N_(
        "%(name)s is confirmed without this email address or number. Correct it on the person’s "
        "page."
    ),
    "one_mobile": N_("Both officers have the same mobile number."),
    "one_mail": N_("Both officers have the same email address."),
    "role.is_head": N_("The head of the department cannot be its officer too."),
    "role.is_officer": N_("An officer of the department cannot be its head too."),
    "department_id.missing": N_(
        "No department is written in this row. Of merged cells a CSV file has the text in the "
        "first row alone."
    ),
    "unknown_department": N_("No department is called “%(text)s”."),
    "service_class.unreadable": N_("Write official or employee."),
    "date_does_not_exist": N_("The date of the order does not exist."),
    "ordered_on.date_unreadable": N_("The date of the order cannot be read."),
    "date_out_of_range": N_("The year must be between 2000 and 2099."),
    "order_number.missing": N_("Write the order by which departments report to the offices above."),
}
FILE_PROBLEMS: Mapping[str, str] = {
    "empty": N_("The file is empty."),
    "missing": N_("Choose a file."),
    "too_large": N_("The file is too large."),
    "old_excel": N_("This is an old Excel file. Save it as XLSX or CSV."),
    "too_many_columns": N_("The table has more than %(most)s columns."),
    "too_many_rows": N_(
        "At most %(most)s rows can be read. Delete empty rows below the table too."
    ),
    "no_rows": N_("The file has no row below its headings."),
    "encoding": N_("The letters of this file cannot be read. Save it as XLSX."),
    "unreadable": N_("This file is neither CSV nor XLSX."),
    "too_much": N_(
        "Cells are merged far beyond the table, or the file asks for too much in another way. Copy "
        "the rows into a new file and choose that one."
    ),
}


def row_problem(problem: BadInput) -> str:
    """Return why a row is refused, with the officer concerned."""
    keys = (f"{problem.field}.{problem.code}", problem.code)
    unknown = N_("This cannot be saved. Check the details.")
    sentence = sentence_by_code(PROBLEMS, keys, problem.values, unknown=unknown)
    return f"{problem.officer}: {sentence}" if problem.officer else sentence


def file_problem(problem: BadSheet) -> str:
    """Return why a file is refused."""
    values = {"most": MOST_ROWS, **problem.values}
    return sentence_by_code(FILE_PROBLEMS, (problem.code,), values, unknown=N_("Choose a file."))


def columns_problem(problem: BadColumns) -> str:
    """Return what is wrong with the meaning of the columns."""
    column = _(COLUMNS[Column(str(problem.values["column"]))])
    if problem.code == "twice":
        return _("More than one column is “%(column)s”. Choose one.", column=column)
    return _("No column is “%(column)s”. Choose it.", column=column)
