-- Every constraint of the customer's own tables; what is not null stands with its column. Read only.
select n.nspname::text as schema, c.relname::text as table, k.conname::text as constraint
  from pg_catalog.pg_constraint as k
  join pg_catalog.pg_class as c on c.oid = k.conrelid
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
 where k.contype <> 'n'
   and left(n.nspname, 3) <> 'pg_'
   and n.nspname not in ('information_schema', 'auth', 'storage', 'realtime', 'vault', 'extensions', 'supabase_migrations')
 order by 1, 2, 3
