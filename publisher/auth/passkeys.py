"""Passkeys: a device holds a secret key for this site alone, and signs a challenge with it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from sqlalchemy import select, update
from sqlalchemy.orm import Session
from webauthn import (
    base64url_to_bytes,
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    bytes_to_base64url,
    parse_authentication_credential_json,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from publisher.auth import one_time_links
from publisher.auth.one_time_links import LinkPurpose, LinkSubject
from publisher.database.session import execute_and_count
from publisher.models.people import Link, SignIn
from publisher.models.second_factors import Passkey

CHALLENGE_LASTS: Final = timedelta(minutes=5)
#: What the library raises for an answer that no browser would send.
_REFUSED = (WebAuthnException, ValueError, TypeError, LookupError)


@dataclass(frozen=True)
class PasskeySite:
    """The site that passkeys are made for: its host, and its origin as browsers write it."""

    host: str
    origin: str


@dataclass(frozen=True)
class PasskeyAnswer:
    """What a browser answered to a challenge, as JSON, on this site."""

    credential: str
    site: PasskeySite


def passkey_site(base_url: str) -> PasskeySite | None:
    """Return the site of the pages; None if browsers have no passkeys there.

    They require a host name, and TLS unless it is `localhost`.
    """
    url = urlsplit(base_url)
    host, port = url.hostname or "", url.port
    if not host or _is_address(host) or (url.scheme != "https" and host != "localhost"):
        return None
    is_usual = port in {None, 443 if url.scheme == "https" else 80}
    return PasskeySite(host, f"{url.scheme}://{host}" + ("" if is_usual else f":{port}"))


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def list_passkeys(session: Session, *, person_id: int) -> list[Passkey]:
    """Return the person's passkeys, the oldest first."""
    query = select(Passkey).where(Passkey.person_id == person_id, Passkey.ended_at.is_(None))
    return list(session.scalars(query.order_by(Passkey.id)))


def options_to_make(session: Session, *, site: PasskeySite, sign_in: SignIn, now: datetime) -> str:
    """Return as JSON what a browser needs to make a passkey in this session."""
    options = generate_registration_options(
        rp_id=site.host,
        rp_name="Nagarvani",
        user_id=str(sign_in.person_id).encode(),
        user_name=sign_in.person.mail or sign_in.person.mobile or sign_in.person.name_mr,
        challenge=_make_challenge(session, sign_in, now),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=_descriptors(session, sign_in.person_id),
    )
    return options_to_json(options)


def options_to_use(
    session: Session, *, site: PasskeySite, subject: SignIn | Link, now: datetime
) -> str:
    """Return as JSON what a browser needs to use a passkey of the person.

    `subject` is the session, or the sign-in that waits for its second factor.
    """
    options = generate_authentication_options(
        rp_id=site.host,
        challenge=_make_challenge(session, subject, now),
        allow_credentials=_descriptors(session, subject.person_id),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json(options)


def _descriptors(session: Session, person_id: int) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(id=base64url_to_bytes(passkey.credential_id))
        for passkey in list_passkeys(session, person_id=person_id)
    ]


def _make_challenge(session: Session, subject: SignIn | Link, now: datetime) -> bytes:
    link_subject = LinkSubject(
        LinkPurpose.PASSKEY, subject.__tablename__, subject.id, subject.person
    )
    token = one_time_links.make(session, link_subject, to="", now=now, lasts=CHALLENGE_LASTS)
    return base64url_to_bytes(token)


def _use_challenge(
    session: Session, client_data: bytes, subject: SignIn | Link, now: datetime
) -> bytes:
    """Use up the challenge that was signed; raises ValueError if it is not this subject's."""
    challenge = parse_client_data_json(client_data).challenge
    token = bytes_to_base64url(challenge)
    link = one_time_links.find(session, token=token, purpose=LinkPurpose.PASSKEY, now=now)
    if link is None or (link.subject, link.subject_id) != (subject.__tablename__, subject.id):
        raise ValueError(token)
    one_time_links.use(session, link=link, now=now)
    return challenge


def add(
    session: Session, *, sign_in: SignIn, answer: PasskeyAnswer, name: str, now: datetime
) -> Passkey | None:
    """Add the passkey that a browser has made; return None if the answer is not valid."""
    try:
        credential = parse_registration_credential_json(answer.credential)
        verified = verify_registration_response(
            credential=credential,
            expected_challenge=_use_challenge(
                session, credential.response.client_data_json, sign_in, now
            ),
            expected_rp_id=answer.site.host,
            expected_origin=answer.site.origin,
            require_user_verification=True,
        )
    except _REFUSED:
        return None
    credential_id = bytes_to_base64url(verified.credential_id)
    same_id = select(Passkey.id).where(Passkey.credential_id == credential_id)
    if session.scalars(same_id).first() is not None:
        return None
    passkey = Passkey(
        person_id=sign_in.person_id,
        name=name,
        credential_id=credential_id,
        public_key=bytes_to_base64url(verified.credential_public_key),
        sign_count=verified.sign_count,
        made_at=now,
    )
    session.add(passkey)
    session.flush()
    return passkey


def use(session: Session, *, subject: SignIn | Link, answer: PasskeyAnswer, now: datetime) -> bool:
    """Return True if a passkey of the person has signed a challenge of this subject.

    The challenge is used up either way.
    """
    try:
        credential = parse_authentication_credential_json(answer.credential)
        challenge = _use_challenge(session, credential.response.client_data_json, subject, now)
        passkeys = list_passkeys(session, person_id=subject.person_id)
        passkey = {passkey.credential_id: passkey for passkey in passkeys}[credential.id]
        verified = verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=answer.site.host,
            expected_origin=answer.site.origin,
            credential_public_key=base64url_to_bytes(passkey.public_key),
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
    except _REFUSED:
        return False
    return _count(session, passkey, verified.new_sign_count, now)


def _count(session: Session, passkey: Passkey, sign_count: int, now: datetime) -> bool:
    """Store the counter; return False if another request has stored one at least as high."""
    # An authenticator without a counter always reports 0.
    is_newer = Passkey.sign_count < sign_count if sign_count else Passkey.sign_count == 0
    counted = (
        update(Passkey)
        .where(Passkey.id == passkey.id, Passkey.ended_at.is_(None), is_newer)
        .values(sign_count=sign_count, used_at=now)
    )
    return execute_and_count(session, counted) == 1


def end(session: Session, *, passkeys: list[Passkey], now: datetime) -> None:
    """End these passkeys."""
    for passkey in passkeys:
        passkey.ended_at = now
    session.flush()
