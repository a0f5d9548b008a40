--- What a status line can show: what runs, and what today came to.

local jobs = require('gloss.jobs')

local M = {}

---@type gloss.Today?
local today

---@param params { busy: boolean, today?: gloss.Today }
function M.heard(params)
  today = params.today ~= vim.NIL and params.today or today
  vim.cmd.redrawstatus({ bang = true })
end

---@return string
function M.text()
  local parts = {}
  local job = jobs.running[vim.iter(vim.tbl_keys(jobs.running)):next()]
  if job then
    table.insert(parts, job.title .. '…')
  end
  if today then
    table.insert(parts, ('$%.4f'):format(today.cost_usd))
  end
  return #parts > 0 and 'Gloss ' .. table.concat(parts, ' ') or ''
end

return M
