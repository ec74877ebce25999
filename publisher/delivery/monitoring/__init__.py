"""Reading back what is out: what somebody else deleted or changed is noticed within a day."""
