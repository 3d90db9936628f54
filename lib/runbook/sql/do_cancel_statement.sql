-- Cancel one statement if it is still the approved one. The session stays. Undo: cannot be undone, run it again.
select a.pid, pg_catalog.pg_cancel_backend(a.pid) as signalled
  from pg_catalog.pg_stat_activity a
  join pg_catalog.pg_roles r on r.oid = a.usesysid
 where a.pid = %(pid)s::int
   and a.query_start = %(query_start)s::timestamptz
   and a.backend_start = %(backend_start)s::timestamptz
   and a.state = 'active'
   and a.backend_type = 'client backend'
   and a.pid <> pg_catalog.pg_backend_pid()
   and a.datname = pg_catalog.current_database()
   and not r.rolsuper
   and not r.rolreplication
   and left(r.rolname, 9) <> 'supabase_'
   and r.rolname <> all(pg_catalog.string_to_array(%(protected_roles)s::text, ','))
