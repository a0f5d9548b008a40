--- A gate between Gloss and the stand-in: shut, it keeps requests waiting, so that a test says when
--- an answer comes, and sees whether Gloss hangs up.

local Gate = {}
Gate.__index = Gate

---@param stand_in string the base URL behind the gate
function Gate.open(stand_in)
  local self = setmetatable({ shut = false, waiting = {}, connections = 0 }, Gate)
  self.behind = tonumber(stand_in:match(':(%d+)/'))
  self.listener = assert(vim.uv.new_tcp())
  assert(self.listener:bind('127.0.0.1', 0))
  assert(self.listener:listen(64, function()
    self:accept()
  end))
  self.url = ('http://127.0.0.1:%d/v1'):format(self.listener:getsockname().port)
  return self
end

function Gate:accept()
  local near, far = assert(vim.uv.new_tcp()), assert(vim.uv.new_tcp())
  self.listener:accept(near)
  self.connections = self.connections + 1
  local function close()
    if not near:is_closing() then
      near:close()
      self.connections = self.connections - 1
    end
    if not far:is_closing() then
      far:close()
    end
  end
  local function pass(from, to, held)
    from:read_start(function(error, bytes)
      if error or not bytes then
        close()
      elseif held and self.shut then
        table.insert(self.waiting, function()
          if not to:is_closing() then
            to:write(bytes)
          end
        end)
      else
        to:write(bytes)
      end
    end)
  end
  far:connect('127.0.0.1', self.behind, function(error)
    if error then
      return close()
    end
    pass(near, far, true)
    pass(far, near, false)
  end)
end

--- Requests wait from now on.
function Gate:close()
  self.shut = true
end

--- Those that wait, and all to come, go on.
function Gate:pass()
  self.shut = false
  for _, send in ipairs(self.waiting) do
    send()
  end
  self.waiting = {}
end

--- Those that wait are never answered.
function Gate:forget()
  self.shut = false
  self.waiting = {}
end

return Gate
