"""The city's accounts: sealed access, owners and users, connecting, and what of them ends."""
