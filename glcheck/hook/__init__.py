"""The manners of a hook, and what it remembers."""
