-- Per table of ours: rows that are there and rows that were deleted since the statistics began, the most deleted first. Read only.
select s.schemaname::text || '.' || s.relname::text as table_name,
       s.n_live_tup::bigint as live,
       s.n_tup_del::bigint as deleted,
       pg_catalog.pg_table_size(s.relid)::bigint as bytes,
       (select d.stats_reset from pg_catalog.pg_stat_database d where d.datname = pg_catalog.current_database()) as since
  from pg_catalog.pg_stat_user_tables s
 where s.schemaname not in ('extensions', 'vault', 'cron', 'net')
 order by deleted desc, table_name
 limit 200
