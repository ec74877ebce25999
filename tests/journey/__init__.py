"""The whole flow over HTTP: sandbox, web and clock as processes of their own."""

from __future__ import annotations
