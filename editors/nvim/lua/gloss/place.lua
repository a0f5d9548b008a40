--- What a command is about: the buffer, the range as Gloss counts it, the problems there.

local say = require('gloss.say')

local M = {}

--- The client of Gloss in a buffer; says so where there is none.
---@param buffer integer
---@return vim.lsp.Client?
function M.client(buffer)
  local client = vim.lsp.get_clients({ name = 'gloss', bufnr = buffer })[1]
  if not client then
    say.warning("not running in this buffer. `vim.lsp.enable('gloss')` starts it; `:checkhealth gloss` says more")
  end
  return client
end

--- A place of a buffer, by line and byte from 0, as a client counts it.
---@param buffer integer
---@param client vim.lsp.Client
---@param line integer
---@param byte integer
---@return lsp.Position
local function position(buffer, client, line, byte)
  local text = vim.api.nvim_buf_get_lines(buffer, line, line + 1, false)[1] or ''
  local character = vim.str_utfindex(text, client.offset_encoding, math.min(byte, #text), false)
  return { line = line, character = character }
end

--- Whole lines, from 1, both included.
---@param buffer integer
---@param client vim.lsp.Client
---@param first integer
---@param last integer
---@return lsp.Range
local function lines(buffer, client, first, last)
  return { start = { line = first - 1, character = 0 }, ['end'] = position(buffer, client, last - 1, math.huge) }
end

--- The range of a command: the selection as it was drawn where its lines are given, whole lines
--- where others are, else the cursor.
---@param client vim.lsp.Client
---@param command? vim.api.keyset.create_user_command.command_args
---@return lsp.Range
function M.range(client, command)
  local buffer = vim.api.nvim_get_current_buf()
  if not command or command.range == 0 then
    local cursor = vim.api.nvim_win_get_cursor(0)
    local at = position(buffer, client, cursor[1] - 1, cursor[2])
    return { start = at, ['end'] = at }
  end
  local first, last = vim.fn.getpos("'<"), vim.fn.getpos("'>")
  local is_selection = vim.fn.visualmode() == 'v' and first[2] == command.line1 and last[2] == command.line2
  if not is_selection then
    return lines(buffer, client, command.line1, command.line2)
  end
  return vim.lsp.util.make_given_range_params(nil, nil, buffer, client.offset_encoding).range
end

--- What all servers and linters say of the lines of a range, as Gloss counts them; never Gloss's own.
---@param buffer integer
---@param client vim.lsp.Client
---@param range lsp.Range
---@return lsp.Diagnostic[]
function M.diagnostics(buffer, client, range)
  local own = vim.lsp.diagnostic.get_namespace(client.id)
  local found = {}
  for _, diagnostic in ipairs(vim.diagnostic.get(buffer)) do
    local last = diagnostic.end_lnum or diagnostic.lnum
    local is_here = diagnostic.lnum <= range['end'].line and last >= range.start.line
    if is_here and diagnostic.namespace ~= own then
      table.insert(found, {
        range = {
          start = position(buffer, client, diagnostic.lnum, diagnostic.col),
          ['end'] = position(buffer, client, last, diagnostic.end_col or diagnostic.col),
        },
        severity = diagnostic.severity,
        source = diagnostic.source,
        code = diagnostic.code,
        message = diagnostic.message,
      })
    end
  end
  return found
end

return M
