"""The sentences of `nagarvani register import`: what each row does, and why one is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from publisher.auth.contact_details import BadInput
from publisher.models.people import Department
from publisher.register.columns import BadColumns
from publisher.register.plan import PlannedRow, RegisterPlan, RowOutcome
from publisher.register.sheet import MOST_ROWS, BadSheet

#: The sentence for each problem: by "field.code", else by code.
PROBLEMS: Final[Mapping[str, str]] = {
    "missing": "{field} is missing",
    "too_long": "{field} is too long; at most {longest} characters fit",
    "unreadable": "{field} cannot be right",
    "formula": "{field} is a formula without a value",
    "differs": "{field} differs from what is recorded of {name}, who has this mail or mobile",
    "mail.missing": "mail or mobile is needed",
    "mail.shared": "the mail address is a shared one of {name.name_mr}",
    "mobile.landline": "the number is a landline; a mobile number is needed",
    "another_person": "the mobile belongs to {name}, and the mail to somebody else",
    "disabled": "the access of {name} is closed",
    "channel_confirmed": (
        "{name} is confirmed without this {field}; correct it by `nagarvani people correct`"
    ),
    "one_mobile": "both officers have one mobile",
    "one_mail": "both officers have one mail address",
    "role.is_head": "the head of the department cannot be its officer",
    "role.is_officer": "an officer of the department cannot be its head",
    "role.head_exists": "the department has another head; end that appointment first",
    "role.two_officers": "the department has two other officers; end an appointment first",
    "department_id.missing": (
        "no department; of merged cells a CSV file has the text in the first row alone"
    ),
    "department_id.unknown_department": "no department is called {text}",
    "other_id.unknown_department": "no office above is called {text}",
    "other_id.ring": "the department would report to itself",
    "service_class.unreadable": "write official or employee (अधिकारी, कर्मचारी)",
    "ordered_on.date_does_not_exist": "the date of the order does not exist",
    "order_number.missing": "--order is needed: departments report to other offices by an order",
}
FILE_PROBLEMS: Final[Mapping[str, str]] = {
    "empty": "The file is empty.",
    "too_large": "The file is too large.",
    "old_excel": "This is an old Excel file: save it as XLSX or CSV.",
    "too_many_columns": "The table has more than {most} columns.",
    "too_many_rows": "At most {most} rows are read; delete empty rows below the table too.",
    "no_rows": "The file has no row below its headings.",
    "encoding": "The letters of the file cannot be read: save it as CSV UTF-8 or as XLSX.",
    "unreadable": "The file is neither CSV nor XLSX.",
    "too_much": "Cells are merged far beyond the table, or the file asks for too much.",
}
_FIELDS: Final = {"name_mr": "the name", "ordered_on": "the date of the order"}
_OUTCOMES: Final[Mapping[RowOutcome, str]] = {
    RowOutcome.NEW: "new",
    RowOutcome.CHANGES: "changes",
    RowOutcome.SAME: "the same already",
    RowOutcome.REPLACED: "a later row counts",
    RowOutcome.REFUSED: "refused",
}


def problem_text(problem: BadInput) -> str:
    """Return why a row is refused, with the officer concerned."""
    template = PROBLEMS.get(f"{problem.field}.{problem.code}") or PROBLEMS.get(problem.code)
    name = _FIELDS.get(problem.field, problem.field.replace("_", " "))
    values = {**problem.values, "field": name}
    text = (template or "{field} cannot be recorded as it is").format_map(values)
    return f"{problem.officer}: {text}" if problem.officer else text


def file_text(problem: BadSheet) -> str:
    """Return why a file is refused."""
    return FILE_PROBLEMS[problem.code].format(**{"most": MOST_ROWS, **problem.values})


def columns_text(problem: BadColumns, headings: Sequence[str]) -> str:
    """Return what is wrong with the columns, with the file's headings and how to name them."""
    column = problem.values["column"]
    wrong = {
        "missing": f"No column is {column}.",
        "twice": f"More than one column is {column}.",
    }.get(problem.code, f"A file of this kind has no column {column}.")
    listed = "\n".join(f"  {number} {heading}" for number, heading in enumerate(headings, 1))
    return f"{wrong} Say what a column is by --column NUMBER=MEANING. The columns:\n{listed}"


def row_line(planned: PlannedRow) -> str:
    """Return the line of a row."""
    line = f"row {planned.answer.number}: {_OUTCOMES[planned.outcome]}"
    where = (
        planned.department.name_mr
        if planned.department is not None
        else planned.answer.department_text
    )
    parts = [where, *(person.named.details.name_mr for person in planned.people)]
    if planned.moves and planned.above is not None:
        parts.append(f"reports to {planned.above.name_mr}")
    line += f": {', '.join(filter(None, parts))}" if any(parts) else ""
    if planned.by_row is not None:
        line += f" (row {planned.by_row})"
    for problem in planned.problems if planned.outcome is RowOutcome.REFUSED else ():
        line += f"; {problem_text(problem)}"
    text = planned.answer.department_text
    if planned.near:
        line += f"; perhaps {near_text(planned.near)}: --department {text!r}=CODE"
    return line


def near_text(departments: Sequence[Department]) -> str:
    """Return departments with their codes."""
    return ", ".join(f"{office.code} ({office.name_mr})" for office in departments)


def summary(plan: RegisterPlan) -> str:
    """Return how many rows do what."""
    counts = ((outcome, plan.count(outcome)) for outcome in RowOutcome)
    parts = ", ".join(f"{count} {_OUTCOMES[outcome]}" for outcome, count in counts if count)
    return f"{len(plan.rows)} rows: {parts}."
