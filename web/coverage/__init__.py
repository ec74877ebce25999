"""The pages that show who has named officers: the coverage by reporting line, and the annex."""
