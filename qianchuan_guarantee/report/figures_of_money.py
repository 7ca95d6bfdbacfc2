"""Money as people read it."""

from __future__ import annotations

from decimal import Decimal


def yuan(amount: Decimal | None) -> str:
    return "" if amount is None else f"{amount:,}"


def plain(amount: Decimal) -> str:
    """To the cent; a cost with more decimals keeps them."""
    exact = amount.normalize()
    places = max(2, -int(exact.as_tuple().exponent))
    return f"{amount:,.{places}f}"


def signed(amount: Decimal | None) -> str:
    if amount is None:
        return ""
    return f"{amount:+,}" if amount else f"{amount:,}"


def signed_plain(amount: Decimal) -> str:
    return f"+{plain(amount)}" if amount > 0 else plain(amount)
