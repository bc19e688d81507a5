-- fixed-window.lua behind a guard: the arguments and replies of lua/guard.lua around its own.
-- @include guard
local function step()
  -- @include fixed-window
end
-- @include guarded
