"""Exports: find the files, read every cell, and say what became of every row.

find → check (cells) → versions (rows against each other) → quarantine.
"""
