"""What the desk's tests about decisions build on."""

from __future__ import annotations
