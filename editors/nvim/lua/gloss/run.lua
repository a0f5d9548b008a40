--- A command of the server, begun the way its outcome is shown.

local edit = require('gloss.edit')
local explain = require('gloss.explain')
local jobs = require('gloss.jobs')
local say = require('gloss.say')

local M = {}

---@param client vim.lsp.Client
---@param name string
local function has(client, name)
  local provider = client.server_capabilities.executeCommandProvider
  if provider and vim.list_contains(provider.commands or {}, name) then
    return true
  end
  say.warning(('this version of gloss does not know %s; a newer one may'):format(name))
  return false
end

--- A job whose kind of outcome is known only in the end, or that shows none but words.
---@param client vim.lsp.Client
---@param buffer integer
---@param command string
---@param argument gloss.Argument
local function whatever_comes(client, buffer, command, argument)
  jobs.begin(client, buffer, command, argument, {
    finished = function(result, error)
      if error then
        return error.code ~= jobs.CANCELLED and edit.failed(result, error)
      end
      require('gloss.notes').refresh(buffer)
      if result and result.markdown then
        require('gloss.float').open(command == 'gloss.describeImage' and 'image' or 'answer'):show(result.markdown)
      elseif result and result.summary then
        say.briefly(result.summary)
      end
    end,
  })
end

M.SHOWN = {
  ['gloss.explain'] = explain.begin,
  ['gloss.refactor'] = edit.begin,
  ['gloss.fix'] = edit.begin,
  ['gloss.run'] = whatever_comes,
  ['gloss.describeImage'] = whatever_comes,
  ['gloss.writeAltText'] = edit.begin,
  ['gloss.writeAllAltText'] = edit.begin,
  ['gloss.explainFile'] = whatever_comes,
}

---@param client vim.lsp.Client
---@param command string
---@param argument gloss.Argument
function M.begin(client, command, argument)
  if has(client, command) then
    M.SHOWN[command](client, vim.uri_to_bufnr(argument.uri), command, argument)
  end
end

--- A command that answers at once.
---@param client vim.lsp.Client
---@param command string
---@param argument table
---@param shows fun(answer: any)
function M.ask(client, command, argument, shows)
  if not has(client, command) then
    return
  end
  client:request('workspace/executeCommand', { command = command, arguments = { argument } }, function(error, answer)
    if error then
      say.error(error.message)
    else
      shows(answer)
    end
  end)
end

return M
