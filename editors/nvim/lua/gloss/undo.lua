--- One undo for one edit.

local M = {}

--- Ends what one undo takes back: an edit that comes while a person types, or just after, is
--- undone alone.
---@param buffer integer
function M.close_block(buffer)
  vim.bo[buffer].undolevels = vim.bo[buffer].undolevels
end

return M
