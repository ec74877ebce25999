"""Reports: queries behind lists, to-dos, counts, the calendar and exports."""
