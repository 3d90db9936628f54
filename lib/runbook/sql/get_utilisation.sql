-- Client sessions against what ordinary roles can use: max_connections less the reserved ones. Read only.
with settings as (
    select pg_catalog.current_setting('max_connections')::int as max_connections,
           pg_catalog.current_setting('superuser_reserved_connections')::int
           -- reserved_connections came with PostgreSQL 16
           + coalesce(nullif(pg_catalog.current_setting('reserved_connections', true), '')::int, 0) as reserved
), sessions as (
    select count(*)::int as used,
           (count(*) filter (where a.state = 'active'))::int as active,
           (count(*) filter (where a.state = 'idle'))::int as idle,
           (count(*) filter (where a.state in ('idle in transaction', 'idle in transaction (aborted)')))::int
               as idle_in_transaction,
           (count(*) filter (where a.wait_event_type = 'Lock'))::int as waiting_on_lock
      from pg_catalog.pg_stat_activity a
     where a.backend_type = 'client backend'
)
select sessions.*, settings.max_connections, settings.reserved,
       settings.max_connections - settings.reserved as usable
  from sessions, settings
