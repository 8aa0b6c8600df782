"""Speaks HTTP with one host: sessions, retries, bounds, proxies, and what exceptions mean."""
