-- Who answers and since when: version, start time, whether it is a replica. Read only.
select pg_catalog.current_setting('server_version') as version,
       pg_catalog.current_database()::text as database,
       pg_catalog.to_char(pg_catalog.pg_postmaster_start_time() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as started_at,
       extract(epoch from pg_catalog.now() - pg_catalog.pg_postmaster_start_time())::float8 as up_seconds,
       pg_catalog.pg_is_in_recovery() as is_replica
