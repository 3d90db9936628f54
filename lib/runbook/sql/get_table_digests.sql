-- Every table of ours: its rows, those written after a moment, and digests of all, of those until then, of each. Read only.
-- Null: no column tells when a row was written, or the table is too large: to be read in time, of each with over 500 rows.
with ours as (
    select n.nspname::text as schema, c.relname::text as name,
           pg_catalog.pg_table_size(c.oid) <= %(most_bytes)s::bigint as small,
           (select 't.' || pg_catalog.quote_ident(a.attname)
              from pg_catalog.pg_attribute a
             where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
               and a.atttypid = 'pg_catalog.timestamptz'::pg_catalog.regtype
               and a.attname in ('created_at', 'inserted_at', 'received_at')
             order by a.attnum limit 1) as written
      from pg_catalog.pg_class c
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema', 'extensions', 'vault', 'cron', 'net')
       and not pg_catalog.starts_with(n.nspname::text, 'pg_') and pg_catalog.has_table_privilege(c.oid, 'select')
), parts as (
    select o.*, pg_catalog.quote_literal(%(moment)s::text) || '::timestamptz' as moment,
           'coalesce(pg_catalog.md5(string_agg(pg_catalog.md5(t::text), '''' order by pg_catalog.md5(t::text))' as digest,
           'coalesce(string_agg(pg_catalog.substr(pg_catalog.md5(t::text), 1, 12), '' ''), '''')' as each
      from ours o
), answers as (
    select p.schema, p.name, p.small,
           pg_catalog.query_to_xml(
               'select count(*) as rows'
               || coalesce(', count(*) filter (where ' || p.written || ' > ' || p.moment || ') as after', '')
               || case when p.small then ', ' || p.digest || '), ''empty'') as digest' else '' end
               || case when p.small and p.written is not null then ', ' || p.digest || ' filter (where ' || p.written || ' <= '
                       || p.moment || ')), ''empty'') as digest_until' else '' end
               || case when p.small then ', case when count(*) <= 500 then ' || p.each || ' end as each' else '' end
               || ' from ' || pg_catalog.quote_ident(p.schema) || '.' || pg_catalog.quote_ident(p.name) || ' t',
               false, true, '') as answer
      from parts p
)
select a.schema || '.' || a.name as table_name, a.small, x.rows, x.after, x.digest, x.digest_until, x.each
  from answers a,
       xmltable('/row' passing a.answer columns rows bigint path 'rows', after bigint path 'after',
                digest text path 'digest', digest_until text path 'digest_until', each text path 'each') x
 order by 1
 limit 500
