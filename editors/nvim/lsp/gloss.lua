-- Gloss for Neovim 0.11 or later: with this folder's parent on the runtime path, or this
-- file as ~/.config/nvim/lsp/gloss.lua, `vim.lsp.enable('gloss')` is enough.

--- Ends what one undo takes back: an edit that comes while a person types, or just after, is
--- undone alone.
---@param buffer integer
local function close_undo_block(buffer)
  vim.bo[buffer].undolevels = vim.bo[buffer].undolevels
end

---@param uri string
---@param client vim.lsp.Client
---@return integer
local function buffer_of(uri, client)
  if uri ~= 'file://' then
    return vim.uri_to_bufnr(uri)
  end
  -- Neovim names a buffer without a name so, and does not find it again by that.
  local nameless = vim.tbl_filter(function(buffer)
    return vim.api.nvim_buf_get_name(buffer) == ''
  end, vim.tbl_keys(client.attached_buffers))
  assert(#nameless == 1, 'of several buffers without a name it is not known which one is meant')
  return nameless[1]
end

---@param edit lsp.WorkspaceEdit
---@param client vim.lsp.Client
local function apply(edit, client)
  for _, change in ipairs(edit.documentChanges) do
    local buffer = buffer_of(change.textDocument.uri, client)
    local version = change.textDocument.version
    assert(version >= vim.lsp.util.buf_versions[buffer], 'the buffer is newer than the edit')
    close_undo_block(buffer)
    vim.lsp.util.apply_text_edits(change.edits, buffer, client.offset_encoding)
    close_undo_block(buffer)
  end
end

---@type vim.lsp.Config
local config = {
  cmd = { 'gloss', 'lsp' },
  -- No `filetypes`: Neovim then starts Gloss for every file whose type it knows. That is
  -- meant: Gloss stands beside the language's own server, and works in any text. To
  -- narrow it: vim.lsp.config('gloss', { filetypes = { 'rust', 'markdown' } }).
  root_markers = { '.gloss.toml', '.git' },
  -- Neovim understands edits that name the version they are for, without saying so.
  capabilities = { workspace = { workspaceEdit = { documentChanges = true } } },
  handlers = {
    ['workspace/applyEdit'] = function(_, params, context)
      local client = assert(vim.lsp.get_client_by_id(context.client_id))
      local applied, reason = pcall(apply, params.edit, client)
      return { applied = applied, failureReason = not applied and tostring(reason) or nil }
    end,
    -- Neovim's own ends each message with an empty line, which has to be dismissed by Enter.
    ['window/showMessage'] = function(_, params)
      local levels = { vim.log.levels.ERROR, vim.log.levels.WARN, vim.log.levels.INFO }
      vim.notify(params.message, levels[params.type] or vim.log.levels.INFO)
    end,
  },
}

-- With the plugin beside it, outcomes come as data: streamed, and as diffs to look at.
local has_plugin, plugin = pcall(require, 'gloss.client')
if has_plugin then
  config.capabilities = vim.tbl_deep_extend('force', config.capabilities, plugin.capabilities)
  config.handlers = vim.tbl_extend('force', config.handlers, plugin.handlers)
  config.commands = plugin.commands
end

return config
