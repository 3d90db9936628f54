-- End one session if it is still idle in the approved transaction. Undo: cannot be undone, its transaction rolls back.
-- Never Supabase's own roles, never replication, never a superuser, never another database; victims are not chosen here.
select a.pid, pg_catalog.pg_terminate_backend(a.pid) as signalled
  from pg_catalog.pg_stat_activity a
  join pg_catalog.pg_roles r on r.oid = a.usesysid
 where a.pid = %(pid)s::int
   and a.backend_start = %(backend_start)s::timestamptz
   and a.xact_start = %(xact_start)s::timestamptz
   and a.state in ('idle in transaction', 'idle in transaction (aborted)')
   and a.backend_type = 'client backend'
   and a.pid <> pg_catalog.pg_backend_pid()
   and a.datname = pg_catalog.current_database()
   and not r.rolsuper
   and not r.rolreplication
   and left(r.rolname, 9) <> 'supabase_'
   and r.rolname <> all(pg_catalog.string_to_array(%(protected_roles)s::text, ','))
