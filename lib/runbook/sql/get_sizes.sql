-- The size of each database, the largest first, and whether new transactions may write. Read only.
select d.datname::text as database,
       pg_catalog.pg_database_size(d.oid)::float8 as bytes,
       pg_catalog.age(d.datfrozenxid)::bigint as transaction_age,
       pg_catalog.current_setting('default_transaction_read_only') = 'on' as read_only
  from pg_catalog.pg_database d
 where d.datallowconn
 order by bytes desc, database
 limit 20
