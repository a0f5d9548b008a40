--- The plugin: `:Gloss`, windows that stream, diffs to accept, what other servers know.

local editor = require('editor')
local neighbour = require('neighbour')
local equal, has = editor.equal, editor.has

editor.plugin()

local BASKET = table.concat(vim.fn.readfile(vim.env.REPOSITORY .. '/tests/fixtures/basket.py'), '\n') .. '\n'

local function tabs()
  return #vim.api.nvim_list_tabpages()
end

local function idle()
  editor.wait('all jobs to end', function()
    return next(require('gloss.jobs').running) == nil
  end)
end

test('an explanation streams into a window, and one asks on in it', function()
  editor.open('explain.py', BASKET)
  editor.cursor_on('for name')
  vim.cmd('Gloss explain')
  local float = editor.float_with('no model was asked')
  has(float.text, '`total`')
  equal(float.window, vim.api.nvim_get_current_win())
  idle()
  editor.answer('Why round it?')
  editor.type('a')
  has(editor.float_with('**Why round it?**').text, '---')
  editor.wait('the answer', function()
    local _, answers = editor.text(float.buffer):gsub('no model was asked', '')
    return answers == 2
  end)
  editor.type('q')
  equal({}, editor.floats())
  equal({}, editor.messages)
end)

test('closing the window ends the job that it waits for', function()
  editor.open('closing.py', BASKET)
  editor.cursor_on('def add')
  editor.gate:close()
  vim.cmd('Gloss explain')
  editor.wait('the request', function()
    return #editor.gate.waiting > 0
  end)
  local open = editor.gate.connections
  editor.type('q')
  editor.wait('the connection to close', function()
    return editor.gate.connections < open
  end)
  editor.gate:forget()
  equal({}, editor.messages)
end)

test('a range is explained as the selection it is', function()
  editor.open('range.py', BASKET)
  vim.cmd('12,14Gloss ask What is this?')
  has(editor.float_with('no model was asked').text, 'lines 12 to 14')
  editor.close_floats()
end)

test('a refactoring is a diff, which changes nothing until it is accepted, and one undo takes back', function()
  local buffer = editor.open('accept.py', BASKET)
  local before = editor.text()
  editor.cursor_on('def total')
  vim.cmd('Gloss refactor Tidy this')
  editor.wait('the diff', function()
    return tabs() == 2
  end)
  equal(before, editor.text(buffer))
  has(editor.text(), 'if name not in self.prices:\n                continue')
  local diffs = vim.tbl_map(function(window)
    return vim.wo[window].diff
  end, vim.api.nvim_tabpage_list_wins(0))
  equal({ true, true }, diffs)
  editor.type('a')
  equal(1, tabs())
  equal(buffer, vim.api.nvim_get_current_buf())
  has(editor.text(), 'if name not in self.prices:\n                continue')
  equal(false, vim.wo.diff)
  vim.cmd('silent undo')
  equal(before, editor.text())
end)

test('a diff is refined with what was proposed, and discarded', function()
  local buffer = editor.open('refine.py', BASKET)
  local before = editor.text()
  editor.cursor_on('def total')
  editor.act('refactor.rewrite')
  editor.wait('the diff', function()
    return tabs() == 2
  end)
  editor.answer('Keep the parentheses')
  local sent
  local client = editor.gloss(buffer)
  local request = client.request
  client.request = function(self, method, params, ...)
    sent = method == 'workspace/executeCommand' and params.arguments[1] or sent
    return request(self, method, params, ...)
  end
  editor.type('r')
  equal(1, tabs())
  equal('Keep the parentheses', sent.instruction)
  has(sent.history[1].answer, 'if name not in self.prices:')
  editor.wait('the diff', function()
    return tabs() == 2
  end)
  editor.type('q')
  equal(1, tabs())
  equal(before, editor.text(buffer))
  client.request = request
end)

test('with review off an edit is applied at once', function()
  vim.g.gloss = { review = false }
  local buffer = editor.open('at-once.py', BASKET)
  local before = editor.text()
  editor.cursor_on('def total')
  vim.cmd('Gloss refactor')
  editor.wait('the refactoring', function()
    return editor.text(buffer) ~= before
  end)
  equal(1, tabs())
  vim.g.gloss = nil
end)

test('what a linter reports is fixed, explained and in the menu, though it is not of Gloss', function()
  local buffer = editor.open('problem.py', 'NAME = "é😀"; x = undefined\n')
  local linter = vim.api.nvim_create_namespace('linter')
  vim.diagnostic.set(linter, buffer, {
    { lnum = 0, col = 22, end_lnum = 0, end_col = 31, message = 'undefined name', severity = 1, source = 'linter' },
  })
  editor.cursor_on('undefined')
  local sent = {}
  local client = editor.gloss(buffer)
  local request = client.request
  client.request = function(self, method, params, ...)
    if method == 'workspace/executeCommand' then
      table.insert(sent, { params.command, params.arguments[1].diagnostics })
    end
    return request(self, method, params, ...)
  end
  local titles
  vim.ui.select = function(items, options, _)
    titles = vim.tbl_map(options.format_item, items)
  end
  vim.lsp.buf.code_action()
  editor.wait('the menu', function()
    return titles
  end)
  equal('Fix: undefined name', titles[1])
  equal('Explain this problem', titles[2])
  vim.cmd('Gloss fix')
  vim.cmd('Gloss! explain')
  equal({ 'gloss.fix', 'gloss.explain' }, { sent[1][1], sent[2][1] })
  equal('undefined name', sent[1][2][1].message)
  -- In UTF-8, as Gloss counts here.
  equal({ line = 0, character = 22 }, sent[2][2][1].range.start)
  editor.float_with('no model was asked')
  editor.close_floats()
  client.request = request
  idle()
  while tabs() > 1 do
    vim.cmd.tabclose()
  end
  editor.messages = {}
end)

test('without a problem there is none to fix', function()
  editor.open('sound.py', BASKET)
  vim.cmd('Gloss fix')
  editor.message('no problem is reported here')
end)

test('an image is described in a window', function()
  vim.uv.fs_copyfile(vim.env.REPOSITORY .. '/editors/gloss.png', editor.workspace .. '/picture.png')
  editor.open('picture.md', 'See ![](picture.png)\n')
  editor.cursor_on('picture')
  vim.cmd('Gloss describe')
  editor.float_with('square image')
  editor.close_floats()
end)

test('a failure is said once, and a cancel not at all', function()
  editor.open('cancel.py', BASKET)
  editor.cursor_on('def total')
  editor.gate:close()
  vim.cmd('Gloss refactor')
  editor.wait('the request', function()
    return #editor.gate.waiting > 0
  end)
  has(require('gloss').status(), 'Refactor')
  vim.cmd('Gloss cancel')
  idle()
  editor.gate:forget()
  equal({}, editor.messages)
  vim.api.nvim_buf_set_lines(0, 0, -1, false, {})
  vim.cmd('Gloss refactor')
  editor.message('Gloss: ')
  equal({}, editor.messages)
end)

test('usage and preview are pages, and the status line has the cost of today', function()
  editor.open('pages.py', BASKET)
  editor.cursor_on('def total')
  vim.cmd('Gloss preview refactor')
  has(editor.float_with('def total').text, 'SHIPPING')
  editor.close_floats()
  vim.cmd('Gloss usage')
  has(editor.float_with('| workspace').text, '| all ')
  editor.close_floats()
  vim.cmd('Gloss doctor')
  local report = editor.float_with('✓ **store**').text
  has(report, ('- `base_url` is `"%s"`, from environment, XAI_BASE_URL'):format(editor.gate.url))
  editor.close_floats()
  has(require('gloss').status(), 'Gloss $')
end)

test('Gloss is told what another server knows, by the names in the range', function()
  local path = editor.workspace .. '/far.py'
  vim.fn.writefile({ 'def far():', '    "Goes far."', '', 'use(near())' }, path)
  local function place(line, character)
    local spot = { line = line, character = character }
    return { uri = vim.uri_from_fname(path), range = { start = spot, ['end'] = spot } }
  end
  local asked, used = {}, nil
  vim.lsp.config('neighbour', {
    cmd = neighbour('utf-16', {
      capabilities = { definitionProvider = true, referencesProvider = true, documentSymbolProvider = true },
      ['textDocument/definition'] = function(params)
        table.insert(asked, params.position)
        return { place(0, 4) }
      end,
      ['textDocument/documentSymbol'] = function()
        local spot = { line = 0, character = 12 }
        local range = { start = spot, ['end'] = spot }
        return { { name = 'near', kind = 12, range = range, selectionRange = range } }
      end,
      ['textDocument/references'] = function(params)
        used = params.position
        return { place(3, 4) }
      end,
    }),
    filetypes = { 'python' },
  })
  vim.lsp.enable('neighbour')
  local buffer = editor.open('context.py', 'x = "😀"; y = far()\n')
  editor.wait('the neighbour', function()
    return vim.lsp.get_clients({ name = 'neighbour', bufnr = buffer })[1]
  end)
  editor.cursor_on('far')
  equal('utf-16', vim.lsp.get_clients({ name = 'neighbour' })[1].offset_encoding)
  -- Gloss waits a second for what the editor knows, which may be too short once.
  local text = editor.wait('what the neighbour knows', function()
    editor.close_floats()
    vim.cmd('1Gloss preview explain')
    local text = editor.float_with('y = far()').text
    return text:find('Goes far.', 1, true) and text:find('use(near())', 1, true) and text
  end)
  has(text, 'def far():')
  equal({ line = 0, character = 14 }, asked[#asked])
  equal({ line = 0, character = 12 }, used)
  editor.close_floats()
  vim.lsp.enable('neighbour', false)
end)

test('notes are virtual text where inlay hints are off, until the code is another', function()
  local buffer = editor.open('über notes.py', BASKET)
  local function shown()
    local marks = vim.api.nvim_buf_get_extmarks(buffer, -1, 0, -1, { details = true, type = 'virt_text' })
    return vim.tbl_map(function(mark)
      return { mark[2], mark[4].virt_text[1][1] }
    end, marks)
  end
  local NOTE = { 15, 'Python method total with 1 parameter, 3 branches and 1 loop.' }
  editor.cursor_on('for name')
  equal({}, shown())
  vim.cmd('Gloss explain')
  editor.float_with('no model was asked')
  idle()
  editor.close_floats()
  editor.wait('the note', function()
    return vim.deep_equal({ NOTE }, shown())
  end)
  -- They are not there twice.
  vim.lsp.inlay_hint.enable(true, { bufnr = buffer })
  vim.cmd('silent write')
  editor.wait('the hint alone', function()
    return not vim.list_contains(vim.tbl_map(vim.inspect, shown()), vim.inspect(NOTE))
  end)
  vim.lsp.inlay_hint.enable(false, { bufnr = buffer })
  vim.cmd('silent write')
  editor.wait('the note again', function()
    return vim.deep_equal({ NOTE }, shown())
  end)
  vim.cmd('silent edit!')
  editor.wait('the note in the file that is opened anew', function()
    return vim.deep_equal({ NOTE }, shown())
  end)
  vim.cmd('18substitute/name/item/ | silent write')
  editor.wait('no note of what has changed', function()
    return vim.deep_equal({}, shown())
  end)
end)

test('names complete, unknown ones are refused in words, and health has no errors', function()
  equal({ 'refactor' }, vim.fn.getcompletion('Gloss re', 'cmdline'))
  equal({ 'explain' }, vim.fn.getcompletion('Gloss preview e', 'cmdline'))
  equal(13, #vim.fn.getcompletion('Gloss ', 'cmdline'))
  vim.cmd('Gloss nonsense')
  editor.message('no command `nonsense`')
  vim.cmd('silent checkhealth gloss')
  local report = editor.text()
  equal(nil, report:match('ERROR[^\n]*'))
  has(report, 'Running in')
end)

test('every name has its place in the help', function()
  local folder = vim.env.HOME .. '/doc'
  vim.fn.mkdir(folder)
  assert(vim.uv.fs_copyfile(vim.env.REPOSITORY .. '/editors/nvim/doc/gloss.txt', folder .. '/gloss.txt'))
  vim.cmd.helptags(folder)
  local tags = table.concat(vim.fn.readfile(folder .. '/tags'), '\n')
  for name in pairs(require('gloss.command').NAMES) do
    has(tags, (':Gloss-%s\t'):format(name))
  end
end)
