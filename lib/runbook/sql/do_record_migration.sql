-- Write a migration into the history, unless a newer one is there. Undo: forget_migration.
insert into supabase_migrations.schema_migrations as m (version, name, statements)
select %(version)s::text, %(name)s::text, %(statements)s::text[]
 where not exists (select 1 from supabase_migrations.schema_migrations as n where n.version > %(newest)s::text)
returning m.version, %(identity)s::text as identity
