-- Reads the history of the rules, the newest entry first.
--
-- KEYS[1]  the history
-- Reply    its entries
return redis.call('LRANGE', KEYS[1], 0, -1)
