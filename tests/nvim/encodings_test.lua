--- Gloss beside a server that counts characters another way.

local editor = require('editor')
local neighbour = require('neighbour')
local equal, has = editor.equal, editor.has

editor.stock()

local TEXT = table.concat({
  'NAME = "😀😀😀"; LIST = [1]',
  'def f(a): # é😀',
  '    x = "é😀é"; y = not a in x; return y # 😀',
  '',
}, '\n')
local AFTER = TEXT:gsub('not a in x', 'a not in x')

---@param own? string the only encoding that Neovim offers Gloss
---@param chosen string the one that Gloss takes
---@param other string the neighbour's
local function check(own, chosen, other)
  local sentence = ('Gloss counting in %s edits the right place beside a server counting in %s'):format(chosen, other)
  test(sentence, function()
    local capabilities = vim.lsp.protocol.make_client_capabilities()
    capabilities.general.positionEncodings = own and { own } or capabilities.general.positionEncodings
    vim.lsp.config('gloss', { capabilities = capabilities })
    vim.lsp.config('neighbour', { cmd = neighbour(other), filetypes = { 'python' } })
    vim.lsp.enable({ 'neighbour', 'gloss' })
    local buffer = editor.open(('%s-%s.py'):format(chosen, other), TEXT)
    equal(chosen, editor.gloss().offset_encoding)
    editor.wait('the neighbour', function()
      return vim.lsp.get_clients({ name = 'neighbour', bufnr = buffer })[1]
    end)
    local before = editor.text()
    editor.cursor_on('return y')
    editor.act('refactor.rewrite')
    editor.wait('the refactoring', function()
      return editor.text(buffer) ~= before
    end)
    equal(AFTER, editor.text() .. '\n')
    vim.cmd('silent undo')
    equal(before, editor.text())
    editor.cursor_on('é😀')
    editor.act('gloss.explain')
    editor.message('`f`')
    has(editor.hover_until('`f`'), 'offline stand-in')
    vim.lsp.stop_client(vim.lsp.get_clients())
    editor.wait('both to end', function()
      return #vim.lsp.get_clients({ _uninitialized = true }) == 0
    end)
  end)
end

check(nil, 'utf-8', 'utf-16')
check(nil, 'utf-8', 'utf-32')
check('utf-16', 'utf-16', 'utf-8')
check('utf-32', 'utf-32', 'utf-16')
