-- Who blocks whom, the root first, by every kind of lock; a pid of 0 is a prepared transaction. Read only.
-- Quoted literals and long numbers in the query text are blanked: they may be personal data.
select b.blocker as pid,
       pg_catalog.to_char(max(h.backend_start) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as backend_start,
       coalesce(max(h.usename::text), 'prepared transaction') as role,
       coalesce(max(nullif(h.application_name, '')), '-') as application,
       coalesce(max(h.state), '-') as state,
       max(extract(epoch from pg_catalog.now() - h.xact_start))::float8 as transaction_seconds,
       max(extract(epoch from pg_catalog.now() - h.state_change))::float8 as state_seconds,
       count(distinct w.pid)::int as waiting,
       pg_catalog.array_agg(distinct w.pid order by w.pid) as waiting_pids,
       max(extract(epoch from pg_catalog.now() - coalesce(l.waitstart, w.query_start)))::float8 as longest_wait_seconds,
       coalesce(max(cardinality(pg_catalog.pg_blocking_pids(h.pid))), 0) = 0 as root,
       max(left(pg_catalog.regexp_replace(pg_catalog.regexp_replace(h.query, '''([^'']|'''')*(''|$)', '''...''', 'g'),
                                          '[0-9]{5,}', '#', 'g'), 160)) as query
  from pg_catalog.pg_stat_activity w
 cross join lateral unnest(pg_catalog.pg_blocking_pids(w.pid)) as b(blocker)
  left join pg_catalog.pg_stat_activity h on h.pid = b.blocker
  left join pg_catalog.pg_locks l on l.pid = w.pid and not l.granted
 where cardinality(pg_catalog.pg_blocking_pids(w.pid)) > 0
 group by b.blocker
 order by root desc, waiting desc, transaction_seconds desc nulls last
 limit 50
