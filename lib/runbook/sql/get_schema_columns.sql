-- Every column of the customer's own tables, as the catalogue has it. Read only.
select n.nspname::text as schema, c.relname::text as table, a.attname::text as column,
       a.atttypid::regtype::text as type, a.atttypmod as modifier, a.attnotnull as not_null,
       pg_catalog.pg_get_expr(d.adbin, d.adrelid) as default
  from pg_catalog.pg_attribute as a
  join pg_catalog.pg_class as c on c.oid = a.attrelid
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  left join pg_catalog.pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
 where c.relkind in ('r', 'p')
   and a.attnum > 0
   and not a.attisdropped
   and left(n.nspname, 3) <> 'pg_'
   and n.nspname not in ('information_schema', 'auth', 'storage', 'realtime', 'vault', 'extensions', 'supabase_migrations')
 order by 1, 2, 3
