-- Sessions idle in a transaction, longest idle first: these, not plain idle ones, hold locks and connections. Read only.
-- Quoted literals and long numbers in the query text are blanked: they may be personal data.
select a.pid,
       pg_catalog.to_char(a.backend_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as backend_start,
       pg_catalog.to_char(a.xact_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as xact_start,
       coalesce(a.usename, '-')::text as role,
       coalesce(nullif(a.application_name, ''), '-') as application,
       coalesce(a.datname, '-')::text as database,
       a.state,
       extract(epoch from pg_catalog.now() - a.state_change)::float8 as idle_seconds,
       extract(epoch from pg_catalog.now() - a.xact_start)::float8 as transaction_seconds,
       coalesce(r.rolsuper or r.rolreplication, true) as reserved_role,
       a.datname is distinct from pg_catalog.current_database() as other_database,
       left(pg_catalog.regexp_replace(pg_catalog.regexp_replace(a.query, '''([^'']|'''')*(''|$)', '''...''', 'g'),
                                      '[0-9]{5,}', '#', 'g'), 160) as last_query
  from pg_catalog.pg_stat_activity a
  left join pg_catalog.pg_roles r on r.oid = a.usesysid
 where a.backend_type = 'client backend'
   and a.pid <> pg_catalog.pg_backend_pid()
   and a.state in ('idle in transaction', 'idle in transaction (aborted)')
 order by a.state_change, a.pid
 limit 500
