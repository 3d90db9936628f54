-- The name by which the catalogue knows a type. Read only.
select pg_catalog.to_regtype(%(type)s::text)::text as type
