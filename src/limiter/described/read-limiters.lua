-- Reads the descriptions of limiters.
--
-- KEYS[1]  the descriptions, a hash by limiter name
-- Reply    names and descriptions, in turn
return redis.call('HGETALL', KEYS[1])
