"""The cell's own texts in the demo: what it begins with, signs with, and tags."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.policy import Actor, ActorKind, Role
from publisher.drafting import snippets
from publisher.drafting.snippets import TextForm
from publisher.models.desk import StartingText, TextPart
from publisher.models.people import Appointment, Department
from publisher.models.submissions import SubmissionKind

FOR: Final = {"पाणीपुरवठा बंद": "water", "रस्ता बंद": "roads"}
"""The departments of those that are not for all, by name."""

TEXTS: Final = (
    TextForm(
        part=TextPart.WHOLE,
        name="पाणीपुरवठा बंद",
        kind=SubmissionKind.PUBLIC_NOTICE,
        text_mr=(
            "{date} रोजी {time} या वेळेत {place} परिसराचा पाणीपुरवठा बंद राहील. नागरिकांनी "
            "पाण्याचा आवश्यक तेवढा साठा करून सहकार्य करावे. चौकशी: {helpline}"
        ),
        text_en=(
            "Water supply to {place} will be closed on {date}, {time}. Please store as much water "
            "as you need. Enquiries: {helpline}"
        ),
    ),
    TextForm(
        part=TextPart.WHOLE,
        name="रस्ता बंद",
        kind=SubmissionKind.PUBLIC_NOTICE,
        text_mr=(
            "{place} येथील रस्ता कामासाठी {date} रोजी {time} या वेळेत वाहतुकीस बंद राहील. कृपया "
            "पर्यायी मार्गाचा वापर करावा."
        ),
        text_en=(
            "The road at {place} will be closed for works on {date}, {time}. Please use another "
            "route."
        ),
    ),
    TextForm(
        part=TextPart.WHOLE,
        name="शिबिर किंवा कार्यक्रम",
        kind=SubmissionKind.EVENT,
        text_mr=(
            "{date} रोजी {time} या वेळेत {place} येथे शिबिर होणार आहे. नागरिकांनी लाभ घ्यावा. "
            "चौकशी: {helpline}"
        ),
        text_en="A camp will be held at {place} on {date}, {time}. Enquiries: {helpline}",
    ),
    TextForm(
        part=TextPart.SIGNATURE,
        name="महानगरपालिका",
        text_mr="– पुणे महानगरपालिका",
        text_en="– Pune Municipal Corporation",
        text_hi="– पुणे महानगरपालिका",
    ),
    TextForm(
        part=TextPart.HASHTAGS,
        name="सर्वसाधारण हॅशटॅग",
        text_mr="#PMC #पुणे",
        text_en="#PMC #Pune",
        text_hi="#PMC #पुणे",
    ),
)


def keep_texts(session: Session, *, now: datetime) -> None:
    """Let the cell's lead keep these texts; where any stand already, all is left as it is."""
    if session.scalars(select(StartingText.id).limit(1)).first() is not None:
        return
    actor = _lead(session, now)
    codes = {one.code: one.id for one in session.scalars(select(Department))}
    for form in TEXTS:
        department_id = codes[FOR[form.name]] if form.name in FOR else None
        own = replace(form, department_id=department_id)
        snippets.make(session, actor=actor, now=now, form=own)


def _lead(session: Session, now: datetime) -> Actor:
    query = select(Appointment).where(Appointment.role == Role.CELL_LEAD).order_by(Appointment.id)
    held = next(one for one in session.scalars(query) if one.in_force(now))
    return Actor(
        kind=ActorKind.PERSON,
        person_id=held.person_id,
        appointment_id=held.id,
        role=held.role,
        department_id=held.department_id,
        name=held.person.name_mr,
    )
