-- For which of these payments the application gave what was paid for, and how often. Read only.
select g.payment_id::text as payment_id, count(*)::bigint as times
  from {table} g
 where g.payment_id::text = any(string_to_array(%(ids)s::text, ','))
 group by 1
