-- Every migration that was applied, newest first, with the statements that its tool kept. Read only.
select m.version, coalesce(m.name, '') as name, coalesce(m.statements, array[]::text[]) as statements
  from supabase_migrations.schema_migrations as m
 order by m.version desc
