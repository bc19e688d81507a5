-- Keys expire by the clock of Redis, but what they hold counts by the time that a call brings, and a call may be a while on
-- its way. So a key outlives what it holds: else a call delayed longer than the one before it would find nothing. From a
-- clock that runs further ahead than that it counts no longer than its life.
local GRACE = 1000
