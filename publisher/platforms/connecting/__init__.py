"""Connecting an account: the ways of X and Facebook by which a person lets our app act for it."""

from __future__ import annotations

from publisher.platforms.connecting.app import App
from publisher.platforms.connecting.found import Candidate, TokenFacts, Turned, Why
from publisher.platforms.connecting.ways import Begun, Ways

__all__ = ["App", "Begun", "Candidate", "TokenFacts", "Turned", "Ways", "Why"]
