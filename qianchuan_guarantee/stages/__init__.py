"""The rule, a step a file, as pure expressions: named tables in, a named table out.

In the order of `decide.py`: deliveries → cycles → trust, bids → conversions → edits, pauses →
eligibility → grant → status. No engine, no clock and no file is known here; `as_of` and the
rulebook come in as tables and values. A horizon is a day: what is known on its morning.
"""
