"""The weekly report and exports."""
