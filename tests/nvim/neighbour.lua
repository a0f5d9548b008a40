--- Another language server, inside Neovim: it counts as it is told, and answers what it is given.

---@param encoding 'utf-8'|'utf-16'|'utf-32'
---@param answers? table<string, any> by method, values or functions of the parameters
return function(encoding, answers)
  answers = answers or {}
  return function(dispatchers)
    local closing = false
    local server = {}
    function server.request(method, params, callback)
      local answer = answers[method]
      if method == 'initialize' then
        local capabilities = vim.tbl_extend('force', {
          positionEncoding = encoding,
          textDocumentSync = { openClose = true, change = 2 },
        }, answers.capabilities or {})
        answer = { capabilities = capabilities, serverInfo = { name = 'neighbour' } }
      elseif type(answer) == 'function' then
        answer = answer(params)
      end
      vim.schedule(function()
        callback(nil, answer == nil and vim.NIL or answer)
      end)
      return true, 1
    end
    function server.notify(method)
      if method == 'exit' then
        server.terminate()
      end
      return true
    end
    function server.is_closing()
      return closing
    end
    function server.terminate()
      closing = true
      dispatchers.on_exit(0, 0)
    end
    return server
  end
end
