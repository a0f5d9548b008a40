--- A floating window with Markdown that grows while it is written.

---@class gloss.Float
---@field window integer
---@field buffer integer
---@field text string
local Float = {}
Float.__index = Float

local WIDEST = 84
local HIGHEST = 24

--- Opens beside the cursor and takes it; `q` and Escape close.
---@param title string
---@param keys? table<string, { says: string, does: fun() }>
---@return gloss.Float
function Float.open(title, keys)
  local self = setmetatable({ text = '' }, Float)
  self.buffer = vim.api.nvim_create_buf(false, true)
  vim.bo[self.buffer].bufhidden = 'wipe'
  vim.bo[self.buffer].modifiable = false
  if not pcall(vim.treesitter.start, self.buffer, 'markdown') then
    vim.bo[self.buffer].syntax = 'markdown'
  end
  local footer = {}
  for key, action in vim.spairs(keys or {}) do
    vim.keymap.set('n', key, action.does, { buffer = self.buffer, nowait = true, desc = action.says })
    table.insert(footer, ('%s %s'):format(key, action.says))
  end
  table.insert(footer, 'q close')
  for _, key in ipairs({ 'q', '<Esc>' }) do
    vim.keymap.set('n', key, function()
      self:close()
    end, { buffer = self.buffer, nowait = true, desc = 'close' })
  end
  self.window = vim.api.nvim_open_win(self.buffer, true, {
    relative = 'cursor',
    row = 1,
    col = 0,
    width = math.max(20, math.min(WIDEST, vim.o.columns - 4)),
    height = 1,
    border = vim.o.winborder ~= '' and vim.o.winborder or 'rounded',
    title = (' Gloss: %s '):format(title),
    footer = (' %s '):format(table.concat(footer, ' · ')),
    style = 'minimal',
  })
  for name, value in pairs({ wrap = true, linebreak = true, conceallevel = 2, concealcursor = 'nc' }) do
    vim.api.nvim_set_option_value(name, value, { win = self.window, scope = 'local' })
  end
  return self
end

---@return boolean
function Float:is_open()
  return vim.api.nvim_win_is_valid(self.window)
end

function Float:close()
  if self:is_open() then
    vim.api.nvim_win_close(self.window, true)
  end
end

---@param text string
function Float:append(text)
  self:show(self.text .. text)
end

--- Shows this text in place of what stands there.
---@param text string
function Float:show(text)
  self.text = text
  if not self:is_open() then
    return
  end
  vim.bo[self.buffer].modifiable = true
  vim.api.nvim_buf_set_lines(self.buffer, 0, -1, false, vim.split(text, '\n'))
  vim.bo[self.buffer].modifiable = false
  local needed = vim.api.nvim_win_text_height(self.window, {}).all
  local height = math.max(1, math.min(needed, HIGHEST, vim.o.lines - 6))
  vim.api.nvim_win_set_config(self.window, { height = height })
end

return Float
