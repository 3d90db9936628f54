-- Streaming replicas as the primary sees them, and how far behind in bytes; the time is null while nothing is written. Read only.
select coalesce(nullif(r.application_name, ''), '-') as replica,
       coalesce(r.state, '-') as state,
       coalesce(r.sync_state, '-') as sync_state,
       pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), r.replay_lsn)::float8 as lag_bytes,
       extract(epoch from r.replay_lag)::float8 as lag_seconds
  from pg_catalog.pg_stat_replication r
 order by lag_bytes desc nulls last, replica
 limit 50
