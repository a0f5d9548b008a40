--- What the other language servers of a buffer know of the names in a range, when Gloss asks.

local M = {}

--- How long they may take together, in milliseconds; Gloss waits a second.
local PATIENCE = 800
--- How many names are looked up.
local MOST = 30
--- How many places are told of one.
local MOST_PLACES = 20
--- How many lines are told of a definition whose end is not known.
local LINES = 15

local ASKED = {
  definitions = 'textDocument/definition',
  types = 'textDocument/typeDefinition',
  references = 'textDocument/references',
}

--- Where each name stands for the first time, by line and byte from 0.
---@param buffer integer
---@param range lsp.Range
---@return { line: integer, byte: integer }[]
local function names(buffer, range)
  local seen, found = {}, {}
  local lines = vim.api.nvim_buf_get_lines(buffer, range.start.line, range['end'].line + 1, false)
  for index, line in ipairs(lines) do
    for at, name in line:gmatch('()([%a_\128-\255][%w_\128-\255]*)') do
      if not seen[name] and #name > 1 and #found < MOST then
        seen[name] = true
        table.insert(found, { line = range.start.line + index - 1, byte = at - 1 })
      end
    end
  end
  return found
end

--- The lines of a place, from its buffer or its file.
---@param uri string
---@param first integer from 0
---@param last integer
---@return string[]
local function lines_of(uri, first, last)
  local buffer = vim.fn.bufnr(vim.uri_to_fname(uri))
  if buffer ~= -1 and vim.api.nvim_buf_is_loaded(buffer) then
    return vim.api.nvim_buf_get_lines(buffer, first, last + 1, false)
  end
  local read, lines = pcall(vim.fn.readfile, vim.uri_to_fname(uri), '', last + 1)
  return read and vim.list_slice(lines, first + 1, last + 1) or {}
end

--- A place as Gloss is told of it.
---@param location lsp.Location|lsp.LocationLink
---@param whole boolean whether more than its line is told
local function told(location, whole)
  local uri = location.uri or location.targetUri
  local range = location.targetRange or location.range
  if not uri:match('^file:') then
    return nil
  end
  local first, last = range.start.line, range['end'].line
  local ends = last > first
  if whole and not ends then
    last = first + LINES
  end
  local lines = lines_of(uri, first, last)
  if whole and not ends then
    for index, line in ipairs(lines) do
      if index > 1 and not line:find('%S') then
        lines = vim.list_slice(lines, 1, index - 1)
        break
      end
    end
  end
  return #lines > 0 and { uri = uri, range = range, text = table.concat(lines, '\n') } or nil
end

--- Where the name stands that the range defines, by a server's symbols of the document.
---@param symbols (lsp.DocumentSymbol|lsp.SymbolInformation)[]
---@param range lsp.Range
---@return lsp.Position?
local function defined(symbols, range)
  local first
  for _, symbol in ipairs(symbols) do
    local spot = (symbol.selectionRange or symbol.location.range).start
    local inside = spot.line >= range.start.line and spot.line <= range['end'].line
    local found = inside and spot or defined(symbol.children or {}, range)
    if found and (not first or found.line < first.line) then
      first = found
    end
  end
  return first
end

--- Asks all servers but Gloss about each name; ends when all have answered, or it took too long.
---@param clients vim.lsp.Client[]
---@param buffer integer
---@param range lsp.Range
---@param done fun(known: table<string, table[]>)
local function ask(clients, buffer, range, done)
  -- What each question came to, in the order asked, so that a prompt begins as the one before.
  local answers, open = {}, 1
  local timer = assert(vim.uv.new_timer())
  local function close()
    if open > 0 then
      open = 0
      timer:close()
      local known, seen = { definitions = {}, types = {}, references = {} }, {}
      for _, answer in ipairs(answers) do
        for _, place in ipairs(answer.places) do
          local key = ('%s %s %d'):format(answer.list, place.uri, place.range.start.line)
          if not seen[key] then
            seen[key] = true
            table.insert(known[answer.list], place)
          end
        end
      end
      done(known)
    end
  end
  local function one_less()
    if open == 1 then
      return close()
    end
    open = open - 1
  end
  local late = vim.schedule_wrap(function()
    if not timer:is_closing() then
      close()
    end
  end)
  timer:start(PATIENCE, 0, late)

  ---@param client vim.lsp.Client
  local function request(client, method, params, takes)
    if not client:supports_method(method, buffer) then
      return
    end
    open = open + 1
    params.textDocument = { uri = vim.uri_from_bufnr(buffer) }
    local sent = client:request(method, params, function(_, result)
      if open > 0 then
        if type(result) == 'table' then
          takes(result)
        end
        one_less()
      end
    end, buffer)
    if not sent then
      one_less()
    end
  end
  ---@param list 'definitions'|'types'|'references'
  local function places(client, list, position)
    local answer = { list = list, places = {} }
    table.insert(answers, answer)
    local params = { position = position, context = list == 'references' and { includeDeclaration = false } or nil }
    request(client, ASKED[list], params, function(result)
      for _, location in ipairs(vim.list_slice(vim.islist(result) and result or { result }, 1, MOST_PLACES)) do
        table.insert(answer.places, told(location, list ~= 'references'))
      end
    end)
  end
  for _, name in ipairs(names(buffer, range)) do
    local line = vim.api.nvim_buf_get_lines(buffer, name.line, name.line + 1, false)[1]
    for _, client in ipairs(clients) do
      local at = vim.str_utfindex(line, client.offset_encoding, name.byte, false)
      places(client, 'definitions', { line = name.line, character = at })
      places(client, 'types', { line = name.line, character = at })
    end
  end
  for _, client in ipairs(clients) do
    request(client, 'textDocument/documentSymbol', {}, function(symbols)
      local spot = defined(symbols, range)
      if spot then
        places(client, 'references', spot)
      end
    end)
  end
  one_less()
end

---@param params { uri: string, range: lsp.Range }
---@param own integer the client of Gloss
---@return table<string, table[]>
function M.known(params, own)
  local buffer = vim.uri_to_bufnr(params.uri)
  local clients = vim.tbl_filter(function(client)
    return client.id ~= own
  end, vim.lsp.get_clients({ bufnr = buffer }))
  local waiting, answer = false, nil
  local this = assert(coroutine.running())
  ask(clients, buffer, params.range, function(known)
    answer = known
    if waiting then
      coroutine.resume(this)
    end
  end)
  if not answer then
    waiting = true
    coroutine.yield()
  end
  return answer
end

return M
