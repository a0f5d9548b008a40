-- `:Gloss`, and what comes with each buffer that Gloss is attached to.

if vim.fn.has('nvim-0.11') == 0 or vim.g.loaded_gloss then
  return
end
vim.g.loaded_gloss = true

vim.api.nvim_create_user_command('Gloss', function(command)
  require('gloss.command').run(command)
end, {
  nargs = '+',
  range = true,
  bang = true,
  complete = function(...)
    return require('gloss.command').complete(...)
  end,
  desc = 'Explain, refactor and describe with Gloss',
})

local group = vim.api.nvim_create_augroup('gloss', {})
local wrapped = setmetatable({}, { __mode = 'k' })

local function client_of(event)
  local client = vim.lsp.get_client_by_id(event.data.client_id)
  return client and client.name == 'gloss' and client or nil
end

vim.api.nvim_create_autocmd('LspAttach', {
  group = group,
  callback = function(event)
    local client = client_of(event)
    if not client then
      return
    end
    if not wrapped[client] then
      wrapped[client] = true
      require('gloss.client').pass_on_diagnostics(client)
    end
    require('gloss.notes').refresh(event.buf)
  end,
})

vim.api.nvim_create_autocmd('LspProgress', {
  group = group,
  callback = function(event)
    if client_of(event) then
      require('gloss.jobs').progress(event.data.params.token, event.data.params.value)
    end
  end,
})

vim.api.nvim_create_autocmd({ 'BufWritePost', 'InsertLeave' }, {
  group = group,
  callback = function(event)
    if #vim.lsp.get_clients({ name = 'gloss', bufnr = event.buf }) > 0 then
      require('gloss.notes').refresh(event.buf)
    end
  end,
})
