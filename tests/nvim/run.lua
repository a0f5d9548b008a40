--- Runs the tests of one file, and ends Neovim with 1 where one fails.

package.path = vim.env.REPOSITORY .. '/tests/nvim/?.lua;' .. package.path

local path = assert(_G.arg[1], 'a file of tests is missing')
local failed = 0

---@param sentence string what holds
---@param body fun()
function _G.test(sentence, body)
  local began = vim.uv.hrtime()
  local passed, error = xpcall(body, debug.traceback)
  local took = math.floor((vim.uv.hrtime() - began) / 1e6)
  -- Not by print, which is one of Neovim's own messages: these end no line.
  io.stdout:write(('%s %s (%d ms)\n'):format(passed and 'ok  ' or 'FAIL', sentence, took))
  if not passed then
    failed = failed + 1
    io.stdout:write(error, '\nsaid: ', vim.inspect(require('editor').messages), '\n')
  end
end

io.stdout:write(vim.fs.basename(path), '\n')
dofile(path)
vim.lsp.stop_client(vim.lsp.get_clients())
vim.wait(5000, function()
  return #vim.lsp.get_clients() == 0
end)
os.exit(failed == 0 and 0 or 1)
