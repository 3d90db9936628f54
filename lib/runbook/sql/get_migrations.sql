-- The migrations that were applied, newest first, as the vendor's command line tool records them. Read only.
select m.version, coalesce(m.name, '') as name
  from supabase_migrations.schema_migrations m
 order by m.version desc
 limit 50
