"""Days and moments in forms: their fields, and what a text is understood as."""
