-- Which of these events the application has noted as handled, in a table of its own. Read only.
select distinct e.event_id::text as event_id
  from {table} e
 where e.event_id::text = any(string_to_array(%(ids)s::text, ','))
