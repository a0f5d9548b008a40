--- `:checkhealth gloss`

local health = vim.health

local M = {}

local function program()
  local path = vim.fn.exepath('gloss')
  if path == '' then
    return health.error('`gloss` is not on the PATH', 'cargo install --path . --locked, in a checkout of Gloss')
  end
  local version = vim.system({ path, '--version' }, { text = true }):wait(5000)
  health.ok(('%s: %s'):format(path, vim.trim(version.stdout or '')))
end

local function key()
  if vim.env.XAI_API_KEY and vim.env.XAI_API_KEY ~= '' then
    return health.ok('`XAI_API_KEY` is set')
  end
  local status = vim.system({ 'gloss', 'auth', 'status' }, { text = true }):wait(5000)
  if status.code == 0 then
    return health.ok(vim.trim(status.stdout))
  end
  if vim.env.XAI_BASE_URL then
    return health.info('No key, which a server on this machine does not need: ' .. vim.env.XAI_BASE_URL)
  end
  health.warn('No key is known', 'Start Neovim with XAI_API_KEY in its environment; https://console.x.ai has keys')
end

local function clients()
  if not vim.lsp.is_enabled('gloss') then
    return health.error('Not enabled', "vim.lsp.enable('gloss') in your init.lua")
  end
  local running = vim.lsp.get_clients({ name = 'gloss' })
  if #running == 0 then
    return health.warn('Enabled, and running nowhere', 'Open a file whose type Neovim knows; see :LspLog')
  end
  for _, client in ipairs(running) do
    local buffers = vim.tbl_count(client.attached_buffers)
    health.ok(('Running in %d buffers, counting in %s'):format(buffers, client.offset_encoding))
  end
end

function M.check()
  health.start('Gloss')
  if vim.fn.has('nvim-0.11') == 0 then
    return health.error('Neovim is older than 0.11', 'Update Neovim')
  end
  program()
  if vim.fn.executable('gloss') == 1 then
    key()
  end
  clients()
end

return M
