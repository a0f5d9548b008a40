--- What a command answers at once, as a page in a floating window.

local Float = require('gloss.float')

local M = {}

---@param number number
---@return string
local function dollars(number)
  return ('$%.4f'):format(number)
end

--- A table in Markdown, its columns as wide as what stands in them.
---@param rows string[][] the heading first
---@return string[]
local function aligned(rows)
  local widths = {}
  for _, row in ipairs(rows) do
    for column, cell in ipairs(row) do
      widths[column] = math.max(widths[column] or 0, vim.fn.strdisplaywidth(cell))
    end
  end
  local function line(row)
    local cells = {}
    for column, cell in ipairs(row) do
      local space = (' '):rep(widths[column] - vim.fn.strdisplaywidth(cell))
      table.insert(cells, column == 1 and cell .. space or space .. cell)
    end
    return ('| %s |'):format(table.concat(cells, ' | '))
  end
  local lines = vim.tbl_map(line, rows)
  local rule = vim.tbl_map(function(width)
    return ('-'):rep(width)
  end, widths)
  table.insert(lines, 2, line(rule))
  return lines
end

--- The ledger, as `gloss.usage` answers it.
---@param report { rows: table[], total: table }
function M.usage(report)
  local rows = { { 'workspace', 'requests', 'tokens', 'cost' } }
  local function add(name, sums)
    table.insert(rows, { name, tostring(sums.requests), tostring(sums.total_tokens), dollars(sums.cost_usd) })
  end
  for _, sums in ipairs(report.rows) do
    add(vim.fn.fnamemodify(sums.workspace, ':~'), sums)
  end
  add('all', report.total)
  local lines = aligned(rows)
  vim.list_extend(lines, { '', '`gloss usage` has it by day, model, action and request, too.' })
  Float.open('usage'):show(table.concat(lines, '\n'))
end

--- What would be sent, as `gloss.preview` answers it.
---@param preview { prompt: string, tokens: integer, cost_usd?: number }
function M.preview(preview)
  local cost = type(preview.cost_usd) == 'number' and (', at least %s'):format(dollars(preview.cost_usd)) or ''
  local title = ('would send about %d tokens%s'):format(preview.tokens, cost)
  Float.open(title):show(preview.prompt)
end

--- Where a setting comes from, in words.
---@param origin { layer: string, path?: string, line?: integer, name?: string }
---@return string
local function place(origin)
  local path = origin.path and origin.line and ('%s:%d'):format(origin.path, origin.line) or origin.path
  return table.concat(vim.list_extend({ origin.layer }, { path or origin.name }), ', ')
end

--- What the doctor looked at, and which settings are not the built-in ones, as `gloss.doctor` answers it.
---@param report { version: string, checks: table[], configuration: { settings: table[] } }
function M.doctor(report)
  local lines = {}
  for _, check in ipairs(report.checks) do
    local mark = check.state == 'ok' and '✓' or '✗'
    table.insert(lines, ('- %s **%s**: %s'):format(mark, check.name, check.told))
  end
  table.insert(lines, '')
  for _, setting in ipairs(report.configuration.settings) do
    if setting.origin.layer ~= 'built-in' then
      local value = vim.json.encode(setting.value)
      table.insert(lines, ('- `%s` is `%s`, from %s'):format(setting.key, value, place(setting.origin)))
    end
  end
  table.insert(lines, 'All other settings are the built-in ones.')
  Float.open('Gloss ' .. report.version):show(table.concat(lines, '\n'))
end

return M
