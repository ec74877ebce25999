"""Warnings before review, rule by rule."""

from __future__ import annotations
