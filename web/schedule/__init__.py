"""The calendar, scheduling, slots and feeds."""
