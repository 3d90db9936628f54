-- Every table of ours: its rows, how many were written after a moment, and digests of all rows and of those until then. Read only.
-- each: a short digest of every row, of at most 500. Null: the table has no column that tells when a row was written, or is too large to be read within the time limit.
with ours as (
    select n.nspname::text as schema, c.relname::text as name, pg_catalog.pg_table_size(c.oid) <= %(most_bytes)s::bigint as small,
           (select a.attname::text
              from pg_catalog.pg_attribute a
             where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
               and a.atttypid = 'pg_catalog.timestamptz'::pg_catalog.regtype
               and a.attname in ('created_at', 'inserted_at', 'received_at')
             order by a.attnum limit 1) as written
      from pg_catalog.pg_class c
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema', 'extensions', 'vault', 'cron', 'net')
       and n.nspname not like 'pg\_%%' and pg_catalog.has_table_privilege(c.oid, 'select')
), read as (
    select o.schema, o.name, o.small, o.written,
           pg_catalog.query_to_xml(pg_catalog.format(
               'select count(*) as rows, %%s as after, %%s as digest, %%s as digest_until,'
               ' case when count(*) <= %%s then coalesce(string_agg(substr(pg_catalog.md5(t::text), 1, 12), '' ''), '''') end as each from %%I.%%I t',
               case when o.written is null then 'null::bigint'
                    else pg_catalog.format('count(*) filter (where t.%%I > %%L)', o.written, %(moment)s::text) end,
               case when o.small then 'coalesce(pg_catalog.md5(string_agg(pg_catalog.md5(t::text), '''' order by pg_catalog.md5(t::text))), ''empty'')'
                    else 'null::text' end,
               case when o.small and o.written is not null then pg_catalog.format(
                    'coalesce(pg_catalog.md5(string_agg(pg_catalog.md5(t::text), '''' order by pg_catalog.md5(t::text))'
                    ' filter (where t.%%I <= %%L)), ''empty'')', o.written, %(moment)s::text)
                    else 'null::text' end,
               case when o.small then 500 else -1 end, o.schema, o.name), false, true, '') as answer
      from ours o
)
select r.schema || '.' || r.name as table_name, r.small, x.rows, x.after, x.digest, x.digest_until, x.each
  from read r,
       xmltable('/row' passing r.answer columns rows bigint path 'rows', after bigint path 'after',
                digest text path 'digest', digest_until text path 'digest_until', each text path 'each') x
 order by 1
 limit 500
