-- Reads the figures of several hours.
--
-- KEYS   the hours of one limiter
-- Reply  their values, nil where there is none
return redis.call('MGET', unpack(KEYS))
