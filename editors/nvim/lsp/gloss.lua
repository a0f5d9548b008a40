-- Gloss for Neovim 0.11 or later: with this folder's parent on the runtime path, or this
-- file as ~/.config/nvim/lsp/gloss.lua, `vim.lsp.enable('gloss')` is enough.

---@type vim.lsp.Config
return {
  cmd = { 'gloss', 'lsp' },
  -- No `filetypes`: Neovim then starts Gloss for every file whose type it knows. That is
  -- meant: Gloss stands beside the language's own server, and works in any text. To
  -- narrow it: vim.lsp.config('gloss', { filetypes = { 'rust', 'markdown' } }).
  root_markers = { '.gloss.toml', '.git' },
}
