"""People and departments: appointments, permissions, invitations, and responsibility."""
