"""Day and night: how much a plan spends in which hour, by its kind of day."""

from __future__ import annotations

# Weight of each hour. A plan has no row for an hour without weight.
PROFILES: tuple[tuple[int, ...], ...] = (
    # Round the clock, with a noon and an evening peak.
    (9, 6, 4, 3, 3, 4, 7, 11, 15, 19, 22, 24, 27, 24, 21, 20, 21, 23, 26, 31, 36, 38, 30, 17),
    # Asleep from midnight to seven.
    (0, 0, 0, 0, 0, 0, 0, 8, 14, 20, 24, 26, 28, 25, 22, 21, 22, 24, 27, 32, 37, 38, 31, 18),
    # Sold by a live stream: from ten on, and most of it at night.
    (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6, 9, 12, 12, 11, 12, 14, 18, 26, 40, 55, 58, 44, 20),
)
ASLEEP = 1  # the profile that is silent from midnight to seven
PICKS = 100  # entries of the table that turns an even number into an hour of the profile


def definitions(noise: str) -> list[str]:
    """SQL that defines macros over hours `t`, counted from the midnight before first delivery.

    weight_of(profile, t): of that hour. weight_until(profile, t): of all hours before it.
    hour_of(profile, n): an hour of the day, n in [0, PICKS) evenly → hours by weight.
    spent_until(...): the share of the cost spent before hour t, in weights since `first_hour`;
    it wavers by hour (`noise`: SQL of i and t), but neither at the ends of the stretch that has
    an exact cost (`first_hour`, `anchor_hour`) nor beside an hour without weight.
    """
    lists = {
        "weights": [w for profile in PROFILES for w in profile],
        "before": [sum(profile[:hour]) for profile in PROFILES for hour in range(24)],
        "slack": [max(1, p[h] if p[h - 1] else 0) for p in PROFILES for h in range(24)],
        "picks": [hour for profile in PROFILES for hour in _picks(profile)],
        "days": [sum(profile) for profile in PROFILES],
    }
    cell = "[profile * 24 + t % 24 + 1]"
    macros = [
        f"weight_of(profile, t) AS {_list('weights')}{cell}",
        f"weight_until(profile, t) AS {_list('days')}[profile + 1] * (t // 24) "
        f"+ {_list('before')}{cell}",
        f"hour_of(profile, n) AS {_list('picks')}[profile * {PICKS} + n + 1]",
        "spent_until(i, profile, t, first_hour, anchor_hour, weight_before) AS "
        "weight_until(profile, t) - weight_before + "
        "CASE WHEN t = first_hour OR t = anchor_hour THEN 0 "
        f"ELSE {noise} % {_list('slack')}{cell} END",
    ]
    # Variables, because a list that is written out is costly to plan with, again and again.
    return [
        *(f"SET VARIABLE {name} = {numbers}::BIGINT[]" for name, numbers in lists.items()),
        *(f"CREATE TEMP MACRO {macro}" for macro in macros),
    ]


def _picks(profile: tuple[int, ...]) -> list[int]:
    total, hours = sum(profile), []
    for n in range(PICKS):
        point = (2 * n + 1) * total  # the middle of the n-th part, in parts of 2 × PICKS
        hour = next(h for h in range(24) if sum(profile[: h + 1]) * 2 * PICKS > point)
        hours.append(hour)
    return hours


def _list(name: str) -> str:
    return f"getvariable('{name}')"
