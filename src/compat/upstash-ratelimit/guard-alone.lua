-- The guard with nothing behind it, for algorithms that are not Sluice's: its arguments and replies, and {1, fetch}.
-- @include guard
return {1, fetch}
