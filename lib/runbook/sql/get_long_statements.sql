-- Statements that have run for the given number of seconds and longer, the longest first. Read only.
-- Quoted literals and long numbers in the query text are blanked: they may be personal data.
select a.pid,
       pg_catalog.to_char(a.backend_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as backend_start,
       pg_catalog.to_char(a.query_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as query_start,
       coalesce(a.usename, '-')::text as role,
       coalesce(nullif(a.application_name, ''), '-') as application,
       coalesce(a.datname, '-')::text as database,
       extract(epoch from pg_catalog.now() - a.query_start)::float8 as running_seconds,
       extract(epoch from pg_catalog.now() - a.xact_start)::float8 as transaction_seconds,
       coalesce(a.wait_event_type, '-') as waits_for,
       coalesce(a.wait_event, '-') as wait_event,
       (select count(*)::int from pg_catalog.pg_stat_activity w
         where a.pid = any(pg_catalog.pg_blocking_pids(w.pid))) as blocks,
       coalesce(r.rolsuper or r.rolreplication, true) as reserved_role,
       a.datname is distinct from pg_catalog.current_database() as other_database,
       left(pg_catalog.regexp_replace(pg_catalog.regexp_replace(a.query, '''([^'']|'''')*(''|$)', '''...''', 'g'),
                                      '[0-9]{5,}', '#', 'g'), 160) as query
  from pg_catalog.pg_stat_activity a
  left join pg_catalog.pg_roles r on r.oid = a.usesysid
 where a.backend_type = 'client backend'
   and a.pid <> pg_catalog.pg_backend_pid()
   and a.state = 'active'
   and a.query_start <= pg_catalog.now() - pg_catalog.make_interval(secs => %(seconds)s::float8)
 order by a.query_start, a.pid
 limit 100
