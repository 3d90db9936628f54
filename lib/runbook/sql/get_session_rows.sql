-- How many rows of the application's own table of sessions there are, have expired by a moment, and are one user's. Read only.
select count(*)::bigint as rows,
       (count(*) filter (where s.expires_at < %(until)s::timestamptz))::bigint as expired,
       (count(*) filter (where s.user_id::text = %(user_id)s::text))::bigint as of_user
  from {table} s
