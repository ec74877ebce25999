"""Who has to act: rows that are written in the transaction that causes them."""
