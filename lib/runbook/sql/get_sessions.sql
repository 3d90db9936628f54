-- Those of the given sessions that are still there, and what they do now; identities are pid@backend_start. Read only.
with sessions as (
    select a.pid,
           a.pid || '@' || pg_catalog.to_char(a.backend_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
               as identity,
           pg_catalog.to_char(a.query_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as query_start,
           pg_catalog.to_char(a.xact_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as xact_start,
           coalesce(a.usename, '-')::text as role,
           coalesce(nullif(a.application_name, ''), '-') as application,
           coalesce(a.state, '-') as state
      from pg_catalog.pg_stat_activity a
     where a.backend_type = 'client backend'
)
select * from sessions
 where sessions.identity = any(pg_catalog.string_to_array(%(identities)s::text, ','))
 order by sessions.pid
