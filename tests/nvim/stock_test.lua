--- Neovim as it is, with `vim.lsp.enable('gloss')` and no more.

local editor = require('editor')
local equal, has = editor.equal, editor.has

editor.stock()

local BASKET = table.concat(vim.fn.readfile(vim.env.REPOSITORY .. '/tests/fixtures/basket.py'), '\n') .. '\n'

test('Gloss attaches to a file beside nothing, and offers its menu', function()
  editor.open('menu.py', BASKET)
  editor.cursor_on('def total')
  editor.offers({ 'Explain `total`', 'Refactor `total`', 'Explain every function in this file' })
end)

test('an explanation is told, and then is the hover on its line', function()
  editor.open('explain.py', BASKET)
  editor.cursor_on('for name')
  editor.act('gloss.explain')
  has(editor.message('`total`'), 'Hover over line 16 to read on.')
  editor.cursor_on('def total')
  has(editor.hover_until('`total`'), 'offline stand-in')
end)

test('a refactoring is in the text, and one undo takes it back', function()
  local buffer = editor.open('refactor.py', BASKET)
  local before = editor.text()
  editor.cursor_on('def total')
  editor.act('refactor.rewrite')
  editor.wait('the refactoring', function()
    return editor.text(buffer) ~= before
  end)
  has(editor.text(), 'if name not in self.prices:')
  vim.cmd('silent undo')
  equal(before, editor.text())
end)

test('of a file with CRLF, tabs and emoji every byte outside the edit stays', function()
  local text =
    '# 🦀 été\r\ndef first(a):\r\n\tif not a in "😀é": return 1\r\n\treturn 2\r\n\r\nNAME = "👩‍👩‍👧"\r\n'
  local buffer = editor.open('crlf.py', text)
  equal('dos', vim.bo.fileformat)
  local before = editor.text()
  editor.cursor_on('def first')
  editor.act('refactor.rewrite')
  editor.wait('the refactoring', function()
    return editor.text(buffer) ~= before
  end)
  vim.cmd('silent write')
  local file = assert(io.open(vim.api.nvim_buf_get_name(buffer), 'rb'))
  local written = file:read('a')
  file:close()
  equal((text:gsub('not a in', 'a not in')), written)
  vim.cmd('silent undo')
  equal(before, editor.text())
end)

test('what is typed meanwhile above the range stays, and undo takes back one thing at a time', function()
  local buffer = editor.open('typing.py', BASKET)
  local before = editor.text()
  editor.cursor_on('def total')
  editor.gate:close()
  editor.act('refactor.rewrite')
  editor.wait('the request', function()
    return #editor.gate.waiting > 0
  end)
  editor.type('ggO# é😀 typed<Esc>')
  editor.gate:pass()
  editor.wait('the refactoring', function()
    return editor.text(buffer):find('if name not in self.prices:\n                continue', 1, true)
  end)
  equal('# é😀 typed', vim.fn.getline(1))
  vim.cmd('silent undo')
  equal('# é😀 typed\n' .. before, editor.text())
  vim.cmd('silent undo')
  equal(before, editor.text())
end)

test('what is typed into the range stops the edit, in words', function()
  editor.open('inside.py', BASKET)
  editor.cursor_on('def total')
  editor.gate:close()
  editor.act('refactor.rewrite')
  editor.wait('the request', function()
    return #editor.gate.waiting > 0
  end)
  editor.type('A # mine<Esc>')
  local before = editor.text()
  editor.gate:pass()
  has(editor.message('changed'), 'Gloss: ')
  equal(before, editor.text())
end)

test('the menu cancels a job, which hangs up and says nothing', function()
  editor.open('cancel.py', BASKET)
  editor.cursor_on('def total')
  local before = editor.text()
  editor.gate:close()
  editor.act('refactor.rewrite')
  editor.wait('the request', function()
    return #editor.gate.waiting > 0
  end)
  local open = editor.gate.connections
  editor.messages = {}
  editor.act('gloss.cancel')
  editor.wait('the connection to close', function()
    return editor.gate.connections < open
  end)
  editor.offers({ 'Explain `total`', 'Refactor `total`', 'Explain every function in this file' })
  editor.gate:forget()
  equal({}, editor.messages)
  equal(before, editor.text())
end)

test('an image is described by the hover, and by the menu', function()
  vim.fn.mkdir(editor.workspace .. '/img', 'p')
  for _, name in ipairs({ 'one', 'two' }) do
    vim.uv.fs_copyfile(vim.env.REPOSITORY .. '/editors/gloss.png', ('%s/img/%s.png'):format(editor.workspace, name))
  end
  editor.open('images.md', '# Pictures\n\n![](img/one.png)\n')
  editor.cursor_on('![](img/one.png)')
  editor.offers({ 'Describe image one.png', 'Write alt text for one.png', 'Write missing alt text in this file' }, 3)
  has(editor.hover_until('offline stand-in'), '**one.png**')
  has(editor.message('hover_images'), 'describes images when you hover')
  editor.act('gloss.describe')
  has(editor.message('square image'), 'Gloss: ')
end)

test('missing alternative text is written by one edit, and one undo takes it back', function()
  vim.uv.fs_copyfile(vim.env.REPOSITORY .. '/editors/gloss.png', editor.workspace .. '/alt.png')
  local text = '# Pictures\n\n![](alt.png)\n\nAnd ![named](alt.png), and <img src="alt.png">.\n'
  local buffer = editor.open('alt.md', text)
  local before = editor.text()
  editor.cursor_on('![](alt.png)')
  editor.act('source.gloss')
  editor.wait('the alternative text', function()
    return editor.text(buffer) ~= before
  end)
  has(editor.text(), '\n![Medium-bright')
  has(editor.text(), '<img src="alt.png" alt="Medium-bright')
  has(editor.text(), 'And ![named](alt.png), and')
  vim.cmd('silent undo')
  equal(before, editor.text())
end)

test('an unsaved buffer without a name is refactored, too', function()
  vim.cmd.enew()
  local lines = { 'def f(a):', '    if not a in [1]:', '        return 1', '    return 2' }
  vim.api.nvim_buf_set_lines(0, 0, -1, true, lines)
  vim.bo.filetype = 'python'
  editor.gloss()
  vim.api.nvim_win_set_cursor(0, { 1, 0 })
  local before = editor.text()
  editor.act('refactor.rewrite')
  editor.wait('the refactoring', function()
    return editor.text():find('a not in', 1, true)
  end)
  vim.cmd('silent undo')
  equal(before, editor.text())
end)

test('of two buffers without a name neither is edited in place of the other', function()
  local first = vim.api.nvim_get_current_buf()
  vim.cmd.enew({ bang = true })
  local second = vim.api.nvim_create_buf(true, false)
  vim.api.nvim_set_current_buf(second)
  vim.api.nvim_buf_set_lines(second, 0, -1, true, { 'def g(a):', '    return not a in [1]' })
  vim.bo.filetype = 'python'
  editor.gloss()
  local before = { editor.text(first), editor.text(second) }
  editor.act('refactor.rewrite')
  has(editor.message('the editor refused the edit'), 'hover')
  equal(before, { editor.text(first), editor.text(second) })
end)
