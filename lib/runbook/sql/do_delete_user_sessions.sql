-- Delete one user's rows of the application's table of sessions. Undo: cannot be undone, that person signs in again.
delete from {table} s
 where s.user_id::text = %(user_id)s::text
returning 1 as deleted
