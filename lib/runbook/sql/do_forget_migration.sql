-- Take the newest migration out of the history, as the vendor's own repair to "reverted" does. Undo: record_migration.
delete from supabase_migrations.schema_migrations as m
 where m.version = %(version)s::text
   and not exists (select 1 from supabase_migrations.schema_migrations as n where n.version > m.version)
returning m.version, %(identity)s::text as identity
