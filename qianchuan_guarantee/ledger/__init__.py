"""Grants from decided to issued: entries, review, balances, notices. Nothing is paid twice."""
