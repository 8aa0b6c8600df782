"""What may be set, who says it and who wins, and the plan of a run that this makes."""
