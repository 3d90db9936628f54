-- The size of each database, the largest first; whether new transactions may write (null: not to be told). Read only.
-- A role or a session of its own may be read-only in a database that takes writes, as the management API's is.
with mode as (
    select case when s.source in ('session', 'client', 'user', 'database user') then null else s.setting = 'on' end
               as read_only
      from pg_catalog.pg_settings s
     where s.name = 'default_transaction_read_only'
)
select d.datname::text as database,
       pg_catalog.pg_database_size(d.oid)::float8 as bytes,
       pg_catalog.age(d.datfrozenxid)::bigint as transaction_age,
       (select mode.read_only from mode) as read_only
  from pg_catalog.pg_database d
 where d.datallowconn
 order by bytes desc, database
 limit 20
