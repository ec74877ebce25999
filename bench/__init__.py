"""What the house can do in a second, measured beside others in one run; no part of the product."""

from __future__ import annotations
