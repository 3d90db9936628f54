-- Client sessions by role, application and state, with the role's own limit (-1: none). Read only.
select coalesce(a.usename, '-')::text as role,
       coalesce(nullif(a.application_name, ''), '-') as application,
       coalesce(a.state, '-') as state,
       count(*)::int as sessions,
       coalesce(max(r.rolconnlimit), -1)::int as role_limit,
       max(extract(epoch from pg_catalog.now() - a.state_change))::float8 as oldest_seconds
  from pg_catalog.pg_stat_activity a
  left join pg_catalog.pg_roles r on r.oid = a.usesysid
 where a.backend_type = 'client backend'
 group by 1, 2, 3
 order by sessions desc, role, application, state
 limit 100
