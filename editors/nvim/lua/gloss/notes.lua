--- Explanations that stay: as virtual text where inlay hints are off, and as a list.

local options = require('gloss.options')
local run = require('gloss.run')
local say = require('gloss.say')

local M = {}

local NAMESPACE = vim.api.nvim_create_namespace('gloss.notes')

---@param client vim.lsp.Client
---@param shows fun(notes: gloss.Note[])
local function known(client, shows)
  run.ask(client, 'gloss.notes', vim.empty_dict(), function(notes)
    shows(type(notes) == 'table' and notes or {})
  end)
end

--- The line of a buffer that shows a note, from 0.
---@param buffer integer
---@param note gloss.Note
---@return integer
local function line_of(buffer, note)
  return math.min(note.range.start.line, vim.api.nvim_buf_line_count(buffer) - 1)
end

--- The notes that show in a buffer. Gloss writes a uri otherwise than Neovim, and knows no links.
---@param notes gloss.Note[]
---@param buffer integer
---@return gloss.Note[]
local function fresh_in(notes, buffer)
  local name = vim.api.nvim_buf_get_name(buffer)
  local real = vim.uv.fs_realpath(name)
  return vim.tbl_filter(function(note)
    local of = vim.uri_to_fname(note.uri)
    return not note.stale and (of == name or of == real)
  end, notes)
end

--- Shows the notes of a buffer anew.
---@param buffer integer
function M.refresh(buffer)
  local client = vim.lsp.get_clients({ name = 'gloss', bufnr = buffer })[1]
  local provider = client and client.server_capabilities.executeCommandProvider
  if not provider or not vim.list_contains(provider.commands, 'gloss.notes') then
    return
  end
  known(client, function(notes)
    if not vim.api.nvim_buf_is_loaded(buffer) then
      return
    end
    vim.api.nvim_buf_clear_namespace(buffer, NAMESPACE, 0, -1)
    local hinted = client:supports_method('textDocument/inlayHint')
      and vim.lsp.inlay_hint.is_enabled({ bufnr = buffer })
    if hinted or not options('notes') then
      return
    end
    for _, note in ipairs(fresh_in(notes, buffer)) do
      local plain = note.summary:gsub('`', '')
      vim.api.nvim_buf_set_extmark(buffer, NAMESPACE, line_of(buffer, note), 0, {
        virt_text = { { plain, 'LspInlayHint' } },
        virt_text_pos = 'eol',
        hl_mode = 'combine',
        invalidate = true,
      })
    end
  end)
end

--- All notes as the quickfix list.
---@param client vim.lsp.Client
function M.list(client)
  known(client, function(notes)
    if #notes == 0 then
      return say.info('no notes yet. `:Gloss explain` leaves one')
    end
    local items = vim.tbl_map(function(note)
      return {
        filename = vim.uri_to_fname(note.uri),
        lnum = note.range.start.line + 1,
        col = 1,
        text = (note.stale and '(stale) ' or '') .. note.summary,
      }
    end, notes)
    vim.fn.setqflist({}, ' ', { title = 'Gloss: notes', items = items })
    vim.cmd('botright copen')
  end)
end

return M
