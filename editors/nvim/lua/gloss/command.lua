--- `:Gloss NAME …`: each name, what it does, and what completes it.

local jobs = require('gloss.jobs')
local pages = require('gloss.pages')
local place = require('gloss.place')
local run = require('gloss.run')
local say = require('gloss.say')

local M = {}

---@class gloss.Invocation
---@field client vim.lsp.Client
---@field argument gloss.Argument uri and range of what it is about
---@field words string what stands behind the name
---@field bang boolean

---@param client vim.lsp.Client
---@param argument gloss.Argument
---@return lsp.Diagnostic[]?
local function problems(client, argument)
  local found = place.diagnostics(vim.api.nvim_get_current_buf(), client, argument.range)
  if #found > 0 then
    return found
  end
  say.warning('no problem is reported here')
end

---@param words string
---@return string?
local function given(words)
  return words:find('%S') and words or nil
end

---@type table<string, fun(called: gloss.Invocation)>
M.NAMES = {
  explain = function(called)
    if called.bang then
      called.argument.diagnostics = problems(called.client, called.argument)
      if not called.argument.diagnostics then
        return
      end
    end
    run.begin(called.client, 'gloss.explain', called.argument)
  end,

  ask = function(called)
    local function ask(question)
      if question and question:find('%S') then
        called.argument.question = question
        run.begin(called.client, 'gloss.explain', called.argument)
      end
    end
    if given(called.words) then
      ask(called.words)
    else
      vim.ui.input({ prompt = 'Ask Gloss: ' }, ask)
    end
  end,

  refactor = function(called)
    called.argument.instruction = given(called.words)
    run.begin(called.client, 'gloss.refactor', called.argument)
  end,

  fix = function(called)
    called.argument.instruction = given(called.words)
    called.argument.diagnostics = problems(called.client, called.argument)
    if called.argument.diagnostics then
      run.begin(called.client, 'gloss.fix', called.argument)
    end
  end,

  describe = function(called)
    called.argument.again = called.bang
    run.begin(called.client, 'gloss.describeImage', called.argument)
  end,

  alt = function(called)
    if called.bang then
      run.begin(called.client, 'gloss.writeAllAltText', { uri = called.argument.uri })
    else
      run.begin(called.client, 'gloss.writeAltText', called.argument)
    end
  end,

  file = function(called)
    run.begin(called.client, 'gloss.explainFile', { uri = called.argument.uri })
  end,

  usage = function(called)
    run.ask(called.client, 'gloss.usage', vim.empty_dict(), pages.usage)
  end,

  notes = function(called)
    require('gloss.notes').list(called.client)
  end,

  preview = function(called)
    local command = 'gloss.' .. (given(called.words) or 'explain')
    run.ask(called.client, 'gloss.preview', { command = command, argument = called.argument }, pages.preview)
  end,

  cancel = function()
    jobs.cancel()
  end,

  doctor = function(called)
    run.ask(called.client, 'gloss.doctor', vim.empty_dict(), pages.doctor)
  end,

  log = function()
    vim.cmd.tabedit(vim.fn.fnameescape(vim.lsp.log.get_filename()))
    vim.cmd.normal({ 'G', bang = true })
  end,
}

--- Names that need no client.
local ALONE = { cancel = true, log = true }

---@param command vim.api.keyset.create_user_command.command_args
function M.run(command)
  local name, words = command.args:match('^(%S+)%s*(.*)$')
  local does = M.NAMES[name]
  if not does then
    local names = table.concat(vim.fn.sort(vim.tbl_keys(M.NAMES)), ', ')
    return say.error(('no command `%s`; there are %s'):format(name, names))
  end
  if ALONE[name] then
    return does()
  end
  local client = place.client(vim.api.nvim_get_current_buf())
  if client then
    local argument = { uri = vim.uri_from_bufnr(0), range = place.range(client, command) }
    does({ client = client, argument = argument, words = words, bang = command.bang })
  end
end

--- What `:Gloss` completes to.
---@param typed string
---@param line string
---@return string[]
function M.complete(typed, line)
  local candidates = {}
  if line:match('Gloss!?%s+%S*$') then
    candidates = vim.fn.sort(vim.tbl_keys(M.NAMES))
  elseif line:match('Gloss!?%s+preview%s+%S*$') then
    candidates = { 'describeImage', 'explain', 'fix', 'refactor' }
  end
  return vim.tbl_filter(function(candidate)
    return vim.startswith(candidate, typed)
  end, candidates)
end

return M
