-- Keep everybody out of one table while it is changed. Undo: ends with its transaction.
lock table {table} in access exclusive mode
