"""The installation's rule of second factors."""

from __future__ import annotations

from approvals.second_factor import FactorRule
from web.core.context import ctx


def factor_rule() -> FactorRule:
    """Return the rule: from which day it holds, and if codes can be sent by SMS."""
    sms = ctx.settings.sms
    has_sms = sms.is_set and any(kind.startswith("sign_in_code") for kind in sms.sms_templates)
    return FactorRule(ctx.settings.second_factor_from, has_sms)
