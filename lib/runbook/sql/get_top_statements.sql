-- The statements that took the most time since the statistics were reset. Read only.
-- Quoted literals are blanked: the view keeps those of `create role … password '…'` as they were typed.
select s.queryid::text as query_id,
       s.calls::float8 as calls,
       (s.total_exec_time / 1000)::float8 as total_seconds,
       (s.mean_exec_time / 1000)::float8 as mean_seconds,
       (s.max_exec_time / 1000)::float8 as longest_seconds,
       (100 * s.total_exec_time / nullif(sum(s.total_exec_time) over (), 0))::float8 as share_percent,
       left(pg_catalog.regexp_replace(pg_catalog.regexp_replace(s.query, '''([^'']|'''')*(''|$)', '''...''', 'g'),
                                      '\s+', ' ', 'g'), 160) as query
  from extensions.pg_stat_statements s
 order by s.total_exec_time desc
 limit 10
