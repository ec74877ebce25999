"""The city's accounts: encrypted credentials, owners and users, OAuth, and expiry warnings."""
