-- What our own role may: all that a runbook needs, and nothing beyond. Read only.
select r.rolname::text as name,
       r.rolsuper as is_superuser,
       r.rolcreaterole or r.rolbypassrls or r.rolreplication as has_other_powers,
       pg_catalog.pg_has_role(r.oid, 'pg_monitor', 'usage') as may_monitor,
       pg_catalog.pg_has_role(r.oid, 'pg_signal_backend', 'usage') as may_end_sessions,
       pg_catalog.pg_has_role(r.oid, 'pg_read_all_data', 'usage') as may_read
  from pg_catalog.pg_roles as r
 where r.rolname = current_user
