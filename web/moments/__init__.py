"""Days and moments in forms: their fields, and how a text is understood."""
