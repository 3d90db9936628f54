-- Delete the rows of the application's table of sessions that had expired by the approved moment. Undo: cannot be undone.
delete from {table} s
 where s.expires_at < %(until)s::timestamptz
returning 1 as deleted
