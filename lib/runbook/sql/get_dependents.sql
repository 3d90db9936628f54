-- What stands on one column: views and foreign keys by the catalogue, functions by their text. Read only.
with place as (
  select a.attrelid as relation, a.attnum as number, c.relname::text as table_name, a.attname::text as column_name
    from pg_catalog.pg_attribute as a
    join pg_catalog.pg_class as c on c.oid = a.attrelid
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
   where n.nspname = %(schema)s::text and c.relname = %(table)s::text and a.attname = %(column)s::text
)
select distinct 'view' as kind, n.nspname || '.' || v.relname as name
  from pg_catalog.pg_depend as d
  join place on d.refobjid = place.relation and d.refobjsubid = place.number
  join pg_catalog.pg_rewrite as r on r.oid = d.objid
  join pg_catalog.pg_class as v on v.oid = r.ev_class
  join pg_catalog.pg_namespace as n on n.oid = v.relnamespace
 where d.classid = 'pg_catalog.pg_rewrite'::regclass
   and d.refclassid = 'pg_catalog.pg_class'::regclass
union all
select 'foreign key', k.conname || ' of ' || k.conrelid::regclass::text
  from pg_catalog.pg_constraint as k
  join place on (k.confrelid = place.relation and place.number = any(k.confkey))
    or (k.conrelid = place.relation and place.number = any(k.conkey))
 where k.contype = 'f'
union all
select 'function', p.oid::regprocedure::text
  from pg_catalog.pg_proc as p
  join place on position(lower(place.table_name) in lower(p.prosrc)) > 0
   and position(lower(place.column_name) in lower(p.prosrc)) > 0
  join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
 where left(n.nspname, 3) <> 'pg_'
   and n.nspname <> 'information_schema'
 order by 1, 2
