-- How many rows one table has; nothing where row security hides rows from us. Read only.
select case when pg_catalog.row_security_active({text}) then null else count(*) end as n
  from {table} as t
