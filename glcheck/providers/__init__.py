"""Whose tokens can be checked."""
