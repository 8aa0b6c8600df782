"""What may be set, what is set, and by whom."""
