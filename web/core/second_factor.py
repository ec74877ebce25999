"""The installation's rule of second factors, and the site of its passkeys."""

from __future__ import annotations

from flask import Response, abort

from approvals.second_factor import FactorRule
from publisher.auth import passkeys
from publisher.auth.passkeys import PasskeySite
from web.core.context import ctx


def factor_rule() -> FactorRule:
    """Return the rule: from which day it holds, and whether codes can be sent by SMS."""
    sms = ctx.settings.sms
    has_sms = sms.is_set and any(kind.startswith("sign_in_code") for kind in sms.sms_templates)
    return FactorRule(ctx.settings.second_factor_from, has_sms)


def passkey_site() -> PasskeySite | None:
    """Return the site that passkeys are made for; None where browsers allow none."""
    return passkeys.passkey_site(ctx.settings.base_url)


def require_site() -> PasskeySite:
    """Return the site that passkeys are made for; where browsers allow none, the page is a 404."""
    return passkey_site() or abort(404)


def options_response(options: str) -> Response:
    """Return what a browser needs to make or use a passkey."""
    return Response(options, mimetype="application/json", headers={"Cache-Control": "no-store"})
