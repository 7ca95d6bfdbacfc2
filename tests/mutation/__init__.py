"""Mutation testing, by hand: `python -m tests.mutation` (docs/trust.md)."""
