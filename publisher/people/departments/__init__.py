"""The open register: departments added, renamed and placed, and their history."""
