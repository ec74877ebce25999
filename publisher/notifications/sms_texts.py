"""The SMS texts that this version proposes for registration with the operators."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from importlib.resources import files

from publisher.settings.sms import Sms, SmsTemplate


def propose_templates(city_name: str) -> dict[str, SmsTemplate]:
    """Return the proposal for each kind of notice; none has an id before it is registered."""
    text = files("publisher.notifications").joinpath("sms_texts.toml").read_text(encoding="utf-8")
    return {
        kind: SmsTemplate("", fields["text"].replace("{city}", city_name), (*fields["variables"],))
        for kind, fields in tomllib.loads(text).items()
    }


def find_changed_kinds(sms: Sms, proposals: Mapping[str, SmsTemplate]) -> list[str]:
    """Return the registered kinds whose text is not the proposed one."""
    registered = sms.sms_templates
    return [kind for kind in proposals if _differs(registered.get(kind), proposals[kind])]


def templates_as_toml(templates: Mapping[str, SmsTemplate]) -> str:
    """Return the templates in the form of the file that `NAGARVANI_SMS_TEMPLATES` names."""
    return "\n".join(
        f"[{kind}]\n"
        f"id = {json.dumps(template.id)}\n"
        f"text = {json.dumps(template.text, ensure_ascii=False)}\n"
        f"variables = {json.dumps(template.variables)}\n"
        for kind, template in templates.items()
    )


def _differs(registered: SmsTemplate | None, proposal: SmsTemplate) -> bool:
    return registered is not None and registered.text != proposal.text
