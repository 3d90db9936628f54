-- Supabase's roles as a project has them; passwords are set by the launcher. Undo: none, the cluster is thrown away.
CREATE ROLE postgres LOGIN CREATEROLE CREATEDB;
CREATE ROLE authenticator LOGIN;
CREATE ROLE supabase_auth_admin LOGIN CREATEROLE;
CREATE ROLE supabase_storage_admin LOGIN;
CREATE ROLE supabase_replication_admin LOGIN REPLICATION;
CREATE ROLE supabase_read_only_user LOGIN;
CREATE ROLE app LOGIN CONNECTION LIMIT 24;
CREATE ROLE reporting LOGIN CONNECTION LIMIT 4;
CREATE ROLE runbook LOGIN;
GRANT pg_monitor, pg_read_all_data TO supabase_read_only_user;
GRANT pg_monitor, pg_read_all_data, pg_signal_backend TO postgres;
GRANT pg_monitor, pg_read_all_data, pg_signal_backend TO runbook;
ALTER ROLE runbook SET log_statement = 'all';
CREATE SCHEMA extensions;
GRANT USAGE ON SCHEMA extensions TO PUBLIC;
CREATE EXTENSION pg_stat_statements SCHEMA extensions;
CREATE EXTENSION pgcrypto SCHEMA extensions;
