--- What the plugin adds to the language client: outcomes as data, and what other servers know.

local jobs = require('gloss.jobs')
local options = require('gloss.options')
local run = require('gloss.run')

local M = {
  capabilities = { experimental = { gloss = { stream = true, context = options('context') } } },
  handlers = {},
  commands = {},
}

M.handlers['gloss/stream'] = function(_, params)
  local job = jobs.running[params.id]
  if job and job.hears.delta then
    job.hears.delta(params.delta)
  end
end

M.handlers['gloss/finished'] = function(_, params)
  ---@cast params gloss.Finished
  jobs.finish(params.id, params.result, params.error)
end

M.handlers['gloss/status'] = function(_, params)
  require('gloss.status').heard(params)
end

M.handlers['gloss/context'] = function(_, params, context)
  return require('gloss.context').known(params, context.client_id)
end

-- What is chosen from the menu of actions comes the way of `:Gloss`.
for name in pairs(run.SHOWN) do
  M.commands[name] = function(command, context)
    local client = assert(vim.lsp.get_client_by_id(context.client_id))
    run.begin(client, name, command.arguments[1])
  end
end

--- Neovim hands each server its own diagnostics alone; Gloss fixes and explains those of all.
---@param client vim.lsp.Client
function M.pass_on_diagnostics(client)
  local request = client.request
  ---@diagnostic disable-next-line: duplicate-set-field
  client.request = function(self, method, params, handler, buffer)
    if method == 'textDocument/codeAction' then
      local of = vim.uri_to_bufnr(params.textDocument.uri)
      params = vim.deepcopy(params)
      vim.list_extend(params.context.diagnostics, require('gloss.place').diagnostics(of, self, params.range))
    end
    return request(self, method, params, handler, buffer)
  end
end

return M
