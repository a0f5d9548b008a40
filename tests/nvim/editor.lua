--- What a person does in Neovim, and what they see.

local Gate = require('gate')

local M = {
  gate = Gate.open(vim.env.STAND_IN),
  workspace = vim.env.HOME .. '/workspace',
  --- What was said, in order.
  messages = {},
}

vim.env.XAI_BASE_URL = M.gate.url
vim.o.swapfile = false
vim.o.showmode = false
vim.fn.mkdir(M.workspace .. '/.git', 'p')

vim.notify = function(message)
  table.insert(M.messages, message)
end

--- How long anything may take before a test gives up, in milliseconds; nothing waits for it to pass.
local PATIENCE = tonumber(vim.env.PATIENCE) or 20000

--- Gloss by the one file that is enough, and nothing else of the plugin.
function M.stock()
  local folder = vim.env.HOME .. '/stock'
  vim.fn.mkdir(folder .. '/lsp', 'p')
  assert(vim.uv.fs_copyfile(vim.env.REPOSITORY .. '/editors/nvim/lsp/gloss.lua', folder .. '/lsp/gloss.lua'))
  vim.opt.runtimepath:append(folder)
  vim.lsp.enable('gloss')
end

--- Gloss with the plugin, as a plugin manager puts it in place.
function M.plugin()
  vim.opt.runtimepath:append(vim.env.REPOSITORY .. '/editors/nvim')
  vim.cmd.runtime('plugin/gloss.lua')
  vim.lsp.enable('gloss')
end

---@generic T
---@param what string
---@param condition fun(): T?
---@return T
function M.wait(what, condition)
  local value
  local came = vim.wait(PATIENCE, function()
    value = condition()
    return value ~= nil and value ~= false
  end, 5)
  assert(came, 'waited in vain for ' .. what)
  return value
end

---@param expected any
---@param actual any
function M.equal(expected, actual)
  if not vim.deep_equal(expected, actual) then
    error(('expected %s\n     got %s'):format(vim.inspect(expected), vim.inspect(actual)), 2)
  end
end

---@param text string
---@param part string
function M.has(text, part)
  if not text:find(part, 1, true) then
    error(('%q is not in %q'):format(part, text), 2)
  end
end

--- Writes a file into the workspace and opens it, with Gloss attached.
---@param name string
---@param text string
---@return integer buffer
function M.open(name, text)
  local path = M.workspace .. '/' .. name
  local file = assert(io.open(path, 'wb'))
  file:write(text)
  file:close()
  M.close_floats()
  vim.cmd.edit(vim.fn.fnameescape(path))
  vim.cmd('filetype detect')
  local buffer = vim.api.nvim_get_current_buf()
  M.gloss(buffer)
  return buffer
end

--- The client of Gloss in a buffer.
---@param buffer? integer
---@return vim.lsp.Client
function M.gloss(buffer)
  return M.wait('Gloss to attach', function()
    local client = vim.lsp.get_clients({ name = 'gloss', bufnr = buffer or 0 })[1]
    return client and client.initialized and client
  end)
end

--- The text of a buffer, as it would be written.
---@param buffer? integer
---@return string
function M.text(buffer)
  return table.concat(vim.api.nvim_buf_get_lines(buffer or 0, 0, -1, true), '\n')
end

--- Puts the cursor on the first letter of a text.
---@param text string
function M.cursor_on(text)
  for number, line in ipairs(vim.api.nvim_buf_get_lines(0, 0, -1, true)) do
    local column = line:find(text, 1, true)
    if column then
      return vim.api.nvim_win_set_cursor(0, { number, column - 1 })
    end
  end
  error(text .. ' is not in the buffer', 2)
end

--- Types as a person does; what is left of an insertion ends.
---@param keys string
function M.type(keys)
  vim.api.nvim_feedkeys(vim.keycode(keys), 'xt', false)
end

--- Chooses the one action of a kind for the place of the cursor, or the selection.
---@param kind string
function M.act(kind)
  vim.lsp.buf.code_action({ apply = true, context = { only = { kind }, diagnostics = {} } })
end

--- The titles that the menu offers at the cursor.
---@return string[]
function M.menu()
  local client = M.gloss()
  local params = vim.lsp.util.make_range_params(0, client.offset_encoding)
  params.context = { diagnostics = {}, triggerKind = 1 }
  local reply = assert(client:request_sync('textDocument/codeAction', params, PATIENCE, 0))
  return vim.tbl_map(function(action)
    return action.title
  end, reply.result or {})
end

--- Waits until the menu at the cursor offers these, and nothing behind them: it waits for what is found
--- in the text only a moment.
---@param titles string[]
---@param from? integer where in the menu they begin
function M.offers(titles, from)
  M.wait('the menu to offer ' .. table.concat(titles, ', '), function()
    return vim.deep_equal(titles, vim.list_slice(M.menu(), from or 1))
  end)
end

--- The windows that float, with their text.
---@return { window: integer, buffer: integer, text: string }[]
function M.floats()
  local floats = {}
  for _, window in ipairs(vim.api.nvim_list_wins()) do
    if vim.api.nvim_win_get_config(window).relative ~= '' then
      local buffer = vim.api.nvim_win_get_buf(window)
      table.insert(floats, { window = window, buffer = buffer, text = M.text(buffer) })
    end
  end
  return floats
end

function M.close_floats()
  for _, float in ipairs(M.floats()) do
    vim.api.nvim_win_close(float.window, true)
  end
end

--- Waits until a floating window shows this part; gives the window.
---@param part string
function M.float_with(part)
  return M.wait('a window with ' .. part, function()
    for _, float in ipairs(M.floats()) do
      if float.text:find(part, 1, true) then
        return float
      end
    end
  end)
end

--- Answers the next question that is asked in the command line.
---@param answer string
function M.answer(answer)
  vim.ui.input = function(_, take)
    take(answer)
  end
end

--- Hovers until the text shows this part; gives the whole of it.
---@param part string
---@return string
function M.hover_until(part)
  local text = M.wait('a hover with ' .. part, function()
    M.close_floats()
    vim.lsp.buf.hover({ silent = true })
    vim.wait(PATIENCE, function()
      return #M.floats() > 0
    end, 5)
    local float = M.floats()[1]
    return float and float.text:find(part, 1, true) and float.text
  end)
  M.close_floats()
  return text
end

--- Waits until a server says a message with this part; gives it and forgets all.
---@param part string
---@return string
function M.message(part)
  return M.wait('a message with ' .. part, function()
    for _, message in ipairs(M.messages) do
      if message:find(part, 1, true) then
        M.messages = {}
        return message
      end
    end
  end)
end

return M
