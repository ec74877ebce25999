"""The vault of this installation, which encrypts the secrets in its database."""

from __future__ import annotations

from publisher.delivery.accounts.credentials import Vault
from web.core.context import ctx


def vault() -> Vault:
    """Return the vault of the current application."""
    return Vault.of(ctx.settings)
