"""How far an answer is from the other one, once: of a plan's row of facts, or of a column of them.

Below zero where the answer is no. Yuan above the line, conversions and edits to spare.
"""

from __future__ import annotations

from typing import Any, Literal

Question = Literal["overcost", "conversions", "bid_edits", "targeting_edits", "edits_together"]

# What there is, and what it is held against; the sign says which of them must be the larger one.
_HELD_AGAINST: dict[str, tuple[str, str]] = {
    "overcost": ("cost", "overcost_line"),
    "conversions": ("conversions", "conversions_required"),
    "bid_edits": ("bid_edits_at_most", "max_daily_bid_edits"),
    "targeting_edits": ("targeting_edits_at_most", "max_daily_targeting_edits"),
    "edits_together": ("edits_together_at_most", "max_daily_edits_together"),
}


def margin(question: Question, facts: Any) -> Any:
    """The margin, of a mapping of facts or of an Ibis table of them."""
    more, less = _HELD_AGAINST[question]
    return facts[more] - facts[less]
