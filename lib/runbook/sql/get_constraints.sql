-- How many constraints there are, and how many of them nobody has validated. Read only.
select count(*)::bigint as constraints,
       (count(*) filter (where not c.convalidated))::bigint as unchecked
  from pg_catalog.pg_constraint c
  join pg_catalog.pg_namespace n on n.oid = c.connamespace
 where n.nspname not in ('pg_catalog', 'information_schema')
