"""What the platform says and pays, held against what the rule gives: plan by plan, a class each.

`platform` reads its files, `ours` our side, `classes` puts every plan into one class, and `causes`
finds what a difference comes from (`late`: by rows that were late). `compare` has them in order.
"""
