-- Replication slots and the write-ahead log each of them keeps from being removed: a dead one fills the disk. Read only.
select s.slot_name::text as slot,
       s.slot_type as type,
       s.active,
       coalesce(s.wal_status, '-') as wal_status,
       pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), s.restart_lsn)::float8 as retained_bytes
  from pg_catalog.pg_replication_slots s
 order by retained_bytes desc nulls last, slot
 limit 50
