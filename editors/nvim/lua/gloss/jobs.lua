--- Jobs that run: begun under an id of our own, heard until they finish.

local say = require('gloss.say')

local M = {}

---@class gloss.Hears
---@field delta? fun(text: string)
---@field finished fun(result?: gloss.Result, error?: gloss.Error)

---@class gloss.Job
---@field id string
---@field client vim.lsp.Client
---@field title string
---@field said string how far it is, in the server's words
---@field hears gloss.Hears

---@type table<string, gloss.Job>
M.running = {}

--- What a cancel is told with.
M.CANCELLED = -32800

local count = 0

---@param client vim.lsp.Client
---@param buffer integer
---@param command string
---@param argument gloss.Argument
---@param hears gloss.Hears
---@return string id
function M.begin(client, buffer, command, argument, hears)
  count = count + 1
  local id = ('nvim-%d-%d'):format(vim.fn.getpid(), count)
  M.running[id] = { id = id, client = client, title = command, said = '', hears = hears }
  local params = {
    command = command,
    arguments = { vim.tbl_extend('force', argument, { workDoneToken = id }) },
  }
  client:request('workspace/executeCommand', params, function(error)
    if error then
      M.finish(id, nil, error)
    end
  end, buffer)
  return id
end

--- Cancels the job that began last, or the one of this id.
---@param id? string
function M.cancel(id)
  for _, client in ipairs(vim.lsp.get_clients({ name = 'gloss' })) do
    local params = { command = 'gloss.cancel', arguments = { { id = id } } }
    client:request('workspace/executeCommand', params, function() end)
  end
end

--- Whether the last line of the screen tells of a job.
local echoed = false

---@param text string
local function echo(text)
  if vim.api.nvim_get_mode().mode:match('^[nvV]') then
    vim.api.nvim_echo({ { vim.fn.strcharpart(text, 0, vim.o.columns - 14) } }, false, {})
    echoed = text ~= ''
  end
end

--- Shows how far a job is, where nothing else is being asked or typed.
---@param id string
---@param value { kind: string, title?: string, message?: string }
function M.progress(id, value)
  local job = M.running[id]
  if job and value.kind ~= 'end' then
    job.title = value.title or job.title
    job.said = value.message or ''
    echo(('Gloss: %s… %s'):format(job.title, job.said))
    vim.cmd.redrawstatus({ bang = true })
  end
end

---@param id string
---@param result? gloss.Result
---@param error? gloss.Error
function M.finish(id, result, error)
  local job = M.running[id]
  M.running[id] = nil
  if echoed then
    echo('')
  end
  if job then
    job.hears.finished(result, error)
  elseif error and error.code ~= M.CANCELLED then
    say.error(error.message)
  end
  vim.cmd.redrawstatus({ bang = true })
end

return M
