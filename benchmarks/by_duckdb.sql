-- Window, facts, checks and amount per plan; see by_duckdb.py. Each table is made once.

-- Plan × day. Rows before first delivery cost nothing, so whole days add up to the window.
CREATE TEMP TABLE days AS
SELECT ad_id, stat_datetime::DATE AS day, min(stat_datetime) AS first_at,
    sum(stat_cost::DECIMAL(18, 5))::DECIMAL(24, 5) AS cost
FROM delivery
WHERE (show_cnt > 0 OR click_cnt > 0 OR stat_cost > 0) AND stat_datetime < $as_of
GROUP BY ALL;

CREATE TEMP TABLE cycles AS
WITH logged AS (SELECT ad_id, min(first_at) AS logged_at FROM days GROUP BY ad_id),
given AS (
    SELECT ad_id, min(first_delivery_at) AS given_at FROM first_deliveries
    WHERE first_delivery_at < $as_of GROUP BY ad_id),
dated AS (
    SELECT coalesce(p.ad_id, l.ad_id) AS ad_id, p.* EXCLUDE (ad_id), p.ad_id IS NOT NULL AS is_known,
        logged_at < given_at AS is_contradicted, least(logged_at, given_at) AS window_start
    FROM plans p FULL JOIN logged l USING (ad_id) LEFT JOIN given g ON g.ad_id = p.ad_id),
placed AS (
    SELECT *, window_start::DATE + INTERVAL 4 DAY AS window_end,
        window_start::DATE + INTERVAL 5 DAY AS cycle_end,
        least(cycle_end, $as_of) AS horizon,
        CASE WHEN lab_ad_type = 'LAB_AD' THEN 'managed' WHEN marketing_scene = 'FEED' THEN 'feed'
            WHEN marketing_scene = 'SEARCH' THEN 'search' END AS scene
    FROM dated)
SELECT *, coalesce(is_known AND scene IS NOT NULL AND smart_bid_type = 'SMART_BID_CUSTOM'
    AND roi_goal IS NULL AND window_start >= TIMESTAMP '2022-01-27', false) AS is_judged
FROM placed;

CREATE TEMP TABLE judged AS SELECT * FROM cycles WHERE is_judged;

CREATE TEMP TABLE operations_known AS
SELECT o.*, window_start, window_end, o.create_time >= window_start AND o.create_time < window_end
    AS is_inside
FROM operations o JOIN judged j USING (ad_id)
WHERE create_time < horizon AND operation IN ('create', 'bid', 'targeting', 'pause', 'enable');

CREATE TEMP TABLE steps AS
WITH created AS (
    SELECT ad_id, arg_min(new_value::DECIMAL(18, 2), (create_time, log_id, new_value)) AS bid,
        count(DISTINCT new_value::DECIMAL(18, 2)) > 1 AS is_twice
    FROM operations_known WHERE operation = 'create' AND new_value IS NOT NULL GROUP BY ad_id),
edits AS (
    SELECT ad_id, create_time, is_inside, old_value::DECIMAL(18, 2) AS old_bid,
        new_value::DECIMAL(18, 2) AS new_bid,
        lag(new_bid) OVER timeline AS lagged, lead(create_time) OVER timeline AS until,
        row_number() OVER timeline AS number
    FROM operations_known WHERE operation = 'bid'
    WINDOW timeline AS (PARTITION BY ad_id
        ORDER BY create_time, log_id, coalesce(old_value, ''), coalesce(new_value, ''))),
opening AS (
    SELECT ad_id, coalesce(c.bid, old_bid, CASE WHEN number IS NULL THEN cpa_bid END)
            ::DECIMAL(18, 2) AS bid,
        e.create_time AS until, coalesce(is_twice, false) AS is_twice
    FROM judged LEFT JOIN created c USING (ad_id)
        LEFT JOIN (FROM edits WHERE number = 1) e USING (ad_id))
SELECT ad_id, bid, TIMESTAMP '-infinity' AS since, coalesce(until, 'infinity') AS until,
    true AS is_opening, is_twice AS is_conflict, false AS is_lowered
FROM opening
UNION ALL
SELECT ad_id, new_bid, create_time, coalesce(e.until, 'infinity'), false,
    coalesce(old_bid != bid_before, false), is_inside AND coalesce(new_bid < bid_before, false)
FROM (SELECT e.*, CASE WHEN number = 1 THEN o.bid ELSE lagged END AS bid_before
    FROM edits e JOIN opening o USING (ad_id)) e;

CREATE TEMP TABLE bids AS
SELECT ad_id, max(bid) FILTER (is_opening) AS first_bid, bool_or(is_conflict) AS is_conflict,
    bool_or(is_lowered) AS is_lowered
FROM steps GROUP BY ad_id;

CREATE TEMP TABLE edits AS
WITH saves AS (
    SELECT ad_id, operation, min(create_time)::DATE AS day FROM operations_known
    WHERE operation IN ('bid', 'targeting') AND is_inside GROUP BY ad_id, operation, log_id),
daily AS (SELECT ad_id, operation, day, count(*) AS edits FROM saves GROUP BY ALL)
SELECT ad_id, coalesce(max(edits) FILTER (operation = 'bid'), 0) AS bid_edits,
    coalesce(max(edits) FILTER (operation = 'targeting'), 0) AS targeting_edits
FROM daily GROUP BY ad_id;

-- The first pause after the last enable, of managed plans that were left paused.
CREATE TEMP TABLE paused AS
WITH switches AS (
    SELECT ad_id, create_time, operation, max(create_time) FILTER (operation = 'enable')
        OVER (PARTITION BY ad_id) AS last_enable
    FROM operations_known JOIN (SELECT ad_id FROM judged WHERE scene = 'managed') USING (ad_id)
    WHERE operation IN ('pause', 'enable') AND create_time < window_end)
SELECT ad_id, min(create_time) AS paused_at FROM switches
WHERE operation = 'pause' AND create_time > coalesce(last_enable, '-infinity') GROUP BY ad_id;

CREATE TEMP TABLE costs AS
SELECT ad_id, sum(cost)::DECIMAL(24, 5) AS cost
FROM days JOIN judged USING (ad_id)
WHERE day >= window_start::DATE AND day < window_end GROUP BY ad_id;

CREATE TEMP TABLE costs_before AS
WITH pausing AS (
    SELECT ad_id, window_start, least(paused_at, window_end, horizon) AS until
    FROM paused JOIN judged USING (ad_id))
SELECT ad_id, sum(stat_cost::DECIMAL(18, 5))::DECIMAL(24, 5) AS cost_before
FROM delivery JOIN pausing USING (ad_id)
WHERE stat_datetime >= window_start AND stat_datetime < until GROUP BY ad_id;

-- The stretches of time in which conversions are billed at one bid: few plans have more than one.
CREATE TEMP TABLE spans AS
SELECT ad_id, bid, greatest(since, window_start) AS since, least(until, window_end) AS until,
    horizon, paused_at
FROM steps JOIN judged USING (ad_id) LEFT JOIN paused USING (ad_id);

CREATE TEMP TABLE won AS
SELECT ad_id, count(*) AS conversions, sum(bid)::DECIMAL(24, 2) AS target_cost,
    count(*) > count(bid) AS is_unpriced,
    count(*) FILTER (greatest(billed_at, converted_at) < paused_at) AS conversions_before,
    sum(bid) FILTER (greatest(billed_at, converted_at) < paused_at)::DECIMAL(24, 2)
        AS target_before
FROM conversions JOIN spans USING (ad_id)
WHERE valid AND billed_at >= since AND billed_at < until AND received_at < horizon
GROUP BY ad_id;

CREATE TEMP TABLE cheating AS
SELECT ad_id FROM verdicts WHERE decided_at < $as_of
GROUP BY ad_id HAVING arg_max(verdict, decided_at) = 'cheating';

CREATE TEMP TABLE facts AS
SELECT j.ad_id, is_contradicted, scene, window_start, window_end, cycle_end,
    coalesce(cost, 0)::DECIMAL(24, 5) AS cost, coalesce(conversions, 0) AS conversions,
    CASE WHEN conversions IS NULL THEN 0 WHEN NOT is_unpriced THEN target_cost END
        ::DECIMAL(24, 2) AS target_cost,
    coalesce(is_unpriced, false) AS is_unpriced, first_bid, is_conflict,
    CASE scene WHEN 'feed' THEN 6 WHEN 'search' THEN 2
        -- 5000 yuan by the first bid (fen), rounded up, from 10 to 15; more than that
        ELSE 1 + greatest(10, least(15, (499999 + first_bid_fen) // first_bid_fen)) END AS required,
    coalesce(bid_edits, 0) AS bid_edits, coalesce(targeting_edits, 0) AS targeting_edits,
    is_lowered, paused_at, coalesce(conversions_before, 0) AS conversions_before,
    coalesce(cost_before, 0)::DECIMAL(24, 5) AS cost_before,
    coalesce(target_before, 0)::DECIMAL(24, 2) AS target_before,
    c.ad_id IS NOT NULL AS is_cheating
FROM judged j JOIN (SELECT *, (first_bid * 100)::BIGINT AS first_bid_fen FROM bids) USING (ad_id)
    LEFT JOIN costs USING (ad_id) LEFT JOIN costs_before USING (ad_id)
    LEFT JOIN won USING (ad_id) LEFT JOIN edits USING (ad_id) LEFT JOIN paused USING (ad_id)
    LEFT JOIN cheating c USING (ad_id);

CREATE TEMP TABLE checks AS
SELECT *, cost * 5 >= target_cost * 6 AS meets_overcost, conversions >= required AS meets_conversions,
    CASE WHEN scene != 'managed' THEN bid_edits <= 2 END AS meets_bid_edits,
    targeting_edits <= 2 AS meets_targeting_edits,
    CASE WHEN scene = 'managed' THEN NOT is_lowered END AS meets_bid_not_lowered,
    CASE WHEN scene = 'managed' THEN paused_at IS NULL
        OR conversions_before >= required AND cost_before * 5 >= target_before * 6 END AS meets_pause,
    round(cost - target_cost, 2)::DECIMAL(18, 2) AS excess
FROM facts;

CREATE TEMP TABLE outcomes AS
SELECT *, CASE
    WHEN cycle_end > $as_of THEN 'open'
    WHEN is_conflict OR is_contradicted OR is_unpriced OR required IS NULL THEN 'held'
    WHEN is_cheating OR NOT (coalesce(meets_bid_edits, true) AND meets_targeting_edits
        AND coalesce(meets_bid_not_lowered, true)) THEN 'invalid'
    WHEN conversions > 0 AND cost > 0 AND coalesce(meets_pause, true) AND meets_conversions
        AND meets_overcost AND excess >= 0.01 THEN 'granted'
    ELSE 'ended' END AS outcome
FROM checks;

COPY (
    SELECT ad_id, o.scene AS scenario, CASE WHEN is_known THEN c.window_start END AS window_start,
        CASE WHEN is_known THEN c.window_end END AS window_end, cost, conversions, target_cost,
        required, meets_overcost, meets_conversions, meets_bid_edits, meets_targeting_edits,
        meets_bid_not_lowered, meets_pause,
        coalesce(outcome, CASE WHEN is_known THEN 'not_covered' ELSE 'held' END) AS outcome,
        CASE WHEN outcome = 'granted' THEN excess ELSE 0 END::DECIMAL(18, 2) AS amount
    FROM cycles c LEFT JOIN outcomes o USING (ad_id) ORDER BY ad_id
) TO '$out' (FORMAT parquet);
