"""What a check found that somebody else did to a live post."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, or_

from publisher.models.deliveries import ReceiptRow
from publisher.models.monitoring import Watch


def is_finding() -> ColumnElement[bool]:
    """Return the condition that `Watch` has a finding; `ReceiptRow` is its receipt."""
    is_changed = and_(Watch.differs_at.is_not(None), ReceiptRow.gone_at.is_(None))
    return or_(Watch.found_gone_at.is_not(None), is_changed)
