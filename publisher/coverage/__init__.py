"""Which departments have named their officers: now, month against month, and on a day."""
