"""Review: a nodal officer approves, returns or rejects a revision; approvals are withdrawn."""
