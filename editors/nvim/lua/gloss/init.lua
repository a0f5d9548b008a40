--- What a configuration may call.

local M = {}

--- For a status line: `%{%v:lua.require'gloss'.status()%}`. Empty while there is nothing to say.
---@return string
function M.status()
  return (require('gloss.status').text():gsub('%%', '%%%%'))
end

return M
