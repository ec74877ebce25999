"""Words for the access log: what happened, who did it, and the details."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from approvals.policy import ActorKind, Role
from publisher.models.history import Event
from publisher.operations.access_log import AccessKind
from web.core.i18n import N_, _
from web.messages.names import person_name, role_name

KINDS: Mapping[AccessKind, str] = {
    AccessKind.REFUSED: N_("Refused sign-ins"),
    AccessKind.RIGHTS: N_("Permissions"),
    AccessKind.CHANNELS: N_("Channels and passwords"),
    AccessKind.EXPORTS: N_("Exports"),
}
ACTS: Mapping[str, str] = {
    "refuse_sign_in": N_("Sign-in refused"),
    "refuse_prove": N_("Wrong password within a session"),
    "refuse_code": N_("Wrong code for a post"),
    "record_member": N_("Appointment recorded"),
    "record_officer": N_("Appointment recorded"),
    "record_head": N_("Appointment recorded"),
    "record_other_role": N_("Appointment recorded"),
    "confirm_appointment": N_("Appointment confirmed"),
    "look_through": N_("Earlier appointment confirmed again"),
    "send_back_appointment": N_("Appointment sent back with a note"),
    "set_service_class": N_("Official or employee recorded"),
    "take_up": N_("Appointment taken up"),
    "doubt_appointment": N_("Appointment reported as wrong"),
    "end_appointment": N_("Appointment ended"),
    "hand_over": N_("Open work handed over"),
    "record_person": N_("Person recorded"),
    "complete_person": N_("Email address or mobile number added"),
    "invite": N_("Invitation sent"),
    "open_call": N_("Call to name officers opened"),
    "close_call": N_("Call to name officers closed"),
    "ask_again": N_("Link to name officers sent again"),
    "telephone": N_("Spoken to on the telephone"),
    "write_letter": N_("Reminder letter written"),
    "name_officers": N_("Officers named by the head"),
    "keep_officers": N_("Officers kept by the head"),
    "print_letter": N_("Letter on paper to name officers printed"),
    "name_officers_on_paper": N_("Officers proposed by a letter on paper"),
    "keep_officers_on_paper": N_("Officers kept by a letter on paper"),
    "disable_person": N_("Access closed"),
    "enable_person": N_("Access opened again"),
    "end_session": N_("Session ended by another person"),
    "end_others": N_("Own other sessions ended"),
    "end_device": N_("Known device ended"),
    "end_access": N_("All sessions and devices ended"),
    "put_on_duty": N_("Put on duty"),
    "propose_duty": N_("Duty proposed"),
    "approve_duty": N_("Duty approved by a second person"),
    "take_off_duty": N_("Taken off duty"),
    "ask_contact_change": N_("Code asked for a new email address or mobile number"),
    "change_contact": N_("Email address or mobile number changed"),
    "correct_contact": N_("Email address or mobile number corrected by the staff"),
    "second_contact": N_("Correction of email address or mobile number agreed to"),
    "refuse_contact": N_("Correction of email address or mobile number cancelled"),
    "change_name": N_("Name changed"),
    "correct_name": N_("Mistyped name corrected"),
    "change_password": N_("Password changed"),
    "reset_password": N_("Password reset"),
    "forget_password": N_("New password asked for"),
    "add_factor": N_("Second factor set up"),
    "make_duty_code": N_("Code made for a person on duty"),
    "use_duty_code": N_("Another person’s code used on duty"),
    "ask_factor_end": N_("End of a lost second factor asked for"),
    "end_factor": N_("Second factor ended"),
    "make_recovery_codes": N_("New recovery codes made"),
    "use_recovery_code": N_("Recovery code used"),
    "export": N_("List downloaded as a file"),
}
DETAILS: Mapping[str, str] = {
    "wrong": N_("wrong password"),
    "wrong_factor": N_("wrong code"),
    "throttled": N_("too many tries"),
    "disabled": N_("access closed"),
    "no_appointment": N_("no appointment"),
    "waits": N_("not confirmed yet"),
    "mail": N_("email address"),
    "mobile": N_("mobile number"),
}


def access_words(event: Event) -> str:
    """Return what happened; an act without words here is shown by its verb."""
    return _(ACTS[event.verb]) if event.verb in ACTS else event.verb.replace("_", " ")


def access_details(event: Event) -> str:
    """Return the details of an event that the log shows; empty if there are none."""
    why, field, role = (str(event.details.get(key, "")) for key in ("why", "field", "role"))
    if role in set(Role):
        return role_name(Role(role))
    sentence = DETAILS.get(why or field)
    return _(sentence) if sentence is not None else ""


def access_actor(event: Event) -> str:
    """Return who acted: a person, the holder of a link, a command, or an unknown visitor."""
    if event.person is not None:
        return person_name(event.person, event.at)
    if event.actor_kind is ActorKind.PERSON:
        return _("not signed in")
    return _("by command") if event.actor_kind is ActorKind.SERVICE else _("by the system")


FILTERS: Mapping[str, Callable[[Event], str]] = {
    "access_actor": access_actor,
    "access_details": access_details,
    "access_words": access_words,
}
