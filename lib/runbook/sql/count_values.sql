-- How many rows have a value in one column; nothing where row security hides rows from us. Read only.
select case when pg_catalog.row_security_active({text}) then null else count(t.{column}) end as n
  from {table} as t
