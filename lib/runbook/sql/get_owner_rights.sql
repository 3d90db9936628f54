-- What the role that changes the schema is, and what it could not change or see. Read only.
select r.rolname::text as name,
       (select c.system_identifier::text from pg_catalog.pg_control_system() as c) as system_identifier,
       r.rolsuper as is_superuser,
       pg_catalog.has_table_privilege(pg_catalog.to_regclass('supabase_migrations.schema_migrations')::oid, 'insert')
         and pg_catalog.has_table_privilege(pg_catalog.to_regclass('supabase_migrations.schema_migrations')::oid, 'delete')
         as may_write_history,
       array(select c.oid::regclass::text
               from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
              where c.relkind in ('r', 'p') and n.nspname = 'public'
                and not pg_catalog.pg_has_role(c.relowner, 'usage') order by 1) as not_owned,
       array(select c.oid::regclass::text
               from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
              where c.relkind in ('r', 'p') and n.nspname = 'public'
                and pg_catalog.row_security_active(c.oid) order by 1) as rows_hidden
  from pg_catalog.pg_roles as r
 where r.rolname = current_user
