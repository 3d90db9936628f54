-- Which cluster this is: its system identifier never changes, and no two clusters share one. Read only.
select s.system_identifier::text as system_identifier, pg_catalog.current_database()::text as database,
       pg_catalog.pg_is_in_recovery() as is_replica
  from pg_catalog.pg_control_system() as s
