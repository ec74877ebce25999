"""Connecting an account: the ways of X and Facebook by which a person lets our app act for it."""
