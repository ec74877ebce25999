"""Rate limits of accounts: reported by platforms, or capped by us, and shared by all clocks."""
