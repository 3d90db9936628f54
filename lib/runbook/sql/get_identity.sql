-- Which cluster answers: an identifier that never changes and that no two clusters share. Read only.
select c.system_identifier::text as system_identifier
  from pg_catalog.pg_control_system() c
