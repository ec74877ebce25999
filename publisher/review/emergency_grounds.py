"""Build the basis of an emergency approval from its rows."""

from __future__ import annotations

from approvals import emergency
from approvals.emergency import BlankKind, EmergencyBasis, Template, TemplateField
from approvals.gate import Subject
from publisher.models.emergency import (
    EmergencyUse,
    Ratification,
    TemplateDecision,
    TemplateRevision,
    TemplateVerdict,
)
from publisher.models.posts import Language


def revision_template(revision: TemplateRevision) -> Template:
    """Return everything that an approval of this template revision covers."""
    return Template(
        department_id=revision.department_id,
        names=(revision.name_mr, revision.name_en),
        texts=(
            (Language.MARATHI.value, revision.text_mr),
            (Language.ENGLISH.value, revision.text_en),
        ),
        blanks=tuple(
            TemplateField(
                name=str(row["name"]),
                kind=BlankKind(row["kind"]),
                most=int(row["most"]),
                choices=tuple((str(pair[0]), str(pair[1])) for pair in row["choices"]),
            )
            for row in revision.blanks
        ),
        late_limit=revision.late_limit,
    )


def blank_to_row(blank: TemplateField) -> dict[str, object]:
    """Return a blank as it is stored in a template revision."""
    return {
        "name": blank.name,
        "kind": blank.kind.value,
        "most": blank.most,
        "choices": [list(pair) for pair in blank.choices],
    }


def standing_approval(revision: TemplateRevision) -> TemplateDecision | None:
    """Return the approval in force of exactly this revision, or None."""
    approvals = [decision for decision in revision.decisions if stands(decision, revision)]
    return approvals[-1] if approvals else None


def stands(approval: TemplateDecision, revision: TemplateRevision) -> bool:
    """Return True if the approval is in force and covers the present content of the revision."""
    return (
        approval.revision_id == revision.id
        and approval.verdict is TemplateVerdict.APPROVED
        and approval.withdrawn_at is None
        and approval.digest == revision.digest == emergency.digest(revision_template(revision))
    )


def counts(use: EmergencyUse | None, subject: Subject) -> bool:
    """Return True if an emergency decision with this use is valid for the subject."""
    if use is None:
        return False
    revision, approval = use.template_revision, use.approval
    basis = EmergencyBasis(
        template=revision_template(revision),
        stored_digest=revision.digest,
        approved_digest=approval.digest,
        approval_stands=stands(approval, revision),
        refused=use.ratification is Ratification.REFUSED,
        blank_values=use.said,
    )
    return emergency.stands(basis, subject)
