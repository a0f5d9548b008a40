--- Messages, all in one voice.

local M = {}

---@param message string
function M.info(message)
  vim.notify('Gloss: ' .. message, vim.log.levels.INFO)
end

--- In one line of the screen, so that no Enter is asked for; `:messages` has it, too.
---@param message string
function M.briefly(message)
  local most = vim.o.columns - 14
  local line = 'Gloss: ' .. message:gsub('%s+', ' ')
  if vim.fn.strdisplaywidth(line) > most then
    line = vim.fn.strcharpart(line, 0, most - 1) .. '…'
  end
  vim.api.nvim_echo({ { line } }, true, {})
end

---@param message string
function M.warning(message)
  vim.notify('Gloss: ' .. message, vim.log.levels.WARN)
end

---@param message string
function M.error(message)
  vim.notify('Gloss: ' .. message, vim.log.levels.ERROR)
end

return M
