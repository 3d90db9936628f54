-- All rows of one table as JSON, encrypted to an OpenPGP public key before they leave the database. Read only.
with asked as (
    select pg_catalog.query_to_xml(
               'select count(*) as rows, coalesce(jsonb_agg(to_jsonb(t)), ''[]'')::text as content from '
               || pg_catalog.quote_ident(%(schema)s::text) || '.' || pg_catalog.quote_ident(%(table_name)s::text) || ' t',
               false, true, '') as answer
)
select x.rows, extensions.armor(extensions.pgp_pub_encrypt(x.content, extensions.dearmor(%(public_key)s::text),
                                                           'compress-algo=2, cipher-algo=aes256')) as message
  from asked a,
       xmltable('/row' passing a.answer columns rows bigint path 'rows', content text path 'content') x
