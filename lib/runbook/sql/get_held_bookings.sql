-- Which of these bookings the application holds in a table of its own, and as of which change (epoch seconds). Read only.
select b.uid::text as uid, extract(epoch from b.updated_at)::float8 as updated
  from {table} b
 where b.uid::text = any(string_to_array(%(ids)s::text, ','))
