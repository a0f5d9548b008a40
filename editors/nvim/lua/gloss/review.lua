--- An edit as a diff in a tab of its own: to accept, to refine, or to discard.

local say = require('gloss.say')
local undo = require('gloss.undo')

local M = {}

---@param edit lsp.WorkspaceEdit
---@return lsp.TextEdit[]
local function edits_of(edit)
  if edit.documentChanges then
    return vim
      .iter(edit.documentChanges)
      :map(function(change)
        return change.edits
      end)
      :flatten()
      :totable()
  end
  return vim.iter(vim.tbl_values(edit.changes or {})):flatten():totable()
end

---@param buffer integer
local function lines_of(buffer)
  return vim.api.nvim_buf_get_lines(buffer, 0, -1, false)
end

--- The lines of a proposal between the first that differs and the last.
---@param before string[]
---@param after string[]
---@return string
local function changed(before, after)
  local first, last = 1, 0
  while first <= #after and before[first] == after[first] do
    first = first + 1
  end
  while last < #after - first + 1 and before[#before - last] == after[#after - last] do
    last = last + 1
  end
  return table.concat(vim.list_slice(after, first, #after - last), '\n')
end

---@param client vim.lsp.Client
---@param buffer integer the document, which stays as it is until the edit is accepted
---@param result gloss.Result
---@param refine fun(wish: string, proposed: string)
function M.open(client, buffer, result, refine)
  local edits = edits_of(assert(result.edit))
  local before = lines_of(buffer)
  local proposal = vim.api.nvim_create_buf(false, true)
  vim.api.nvim_buf_set_lines(proposal, 0, -1, false, before)
  vim.lsp.util.apply_text_edits(edits, proposal, client.offset_encoding)
  local after = lines_of(proposal)
  vim.bo[proposal].buflisted = false
  vim.bo[proposal].modifiable = false
  vim.bo[proposal].bufhidden = 'wipe'
  vim.bo[proposal].syntax = vim.bo[buffer].syntax
  local language = vim.treesitter.language.get_lang(vim.bo[buffer].filetype)
  pcall(vim.treesitter.start, proposal, language)

  vim.cmd('tab sbuffer ' .. buffer)
  local tab = vim.api.nvim_get_current_tabpage()
  vim.cmd('diffthis')
  -- On both sides, so that their lines stand beside each other.
  vim.wo[0][0].winbar = ' As it is'
  vim.cmd('rightbelow vertical sbuffer ' .. proposal)
  vim.cmd('diffthis')
  vim.wo[0][0].winbar = ' Proposed: a accept, r refine, q discard, dp one change%<'
  pcall(vim.cmd, 'normal! gg]c')
  if result.summary then
    say.briefly(result.summary)
  end

  local function close()
    if vim.api.nvim_tabpage_is_valid(tab) then
      vim.cmd(vim.api.nvim_tabpage_get_number(tab) .. 'tabclose')
    end
  end

  local function accept()
    if not vim.deep_equal(lines_of(buffer), before) then
      return say.warning('the text has changed meanwhile: take single changes by dp, or refine')
    end
    close()
    undo.close_block(buffer)
    vim.lsp.util.apply_text_edits(edits, buffer, client.offset_encoding)
    undo.close_block(buffer)
  end

  local function ask_to_refine()
    vim.ui.input({ prompt = 'What should be different? ' }, function(wish)
      if wish and wish:find('%S') then
        close()
        refine(wish, changed(before, after))
      end
    end)
  end

  for key, does in pairs({ a = accept, r = ask_to_refine, q = close }) do
    vim.keymap.set('n', key, does, { buffer = proposal, nowait = true })
  end
end

return M
