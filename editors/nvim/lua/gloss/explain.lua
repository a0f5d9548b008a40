--- An explanation in a floating window, as it streams; and the questions that follow.

local Float = require('gloss.float')
local jobs = require('gloss.jobs')
local say = require('gloss.say')

local M = {}

---@param client vim.lsp.Client
---@param buffer integer
---@param command string
---@param argument gloss.Argument
function M.begin(client, buffer, command, argument)
  ---@type gloss.Exchange[]
  local history = vim.deepcopy(argument.history or {})
  local id ---@type string?
  local before, answer = '', ''
  local float ---@type gloss.Float

  local function ask(question)
    answer = ''
    local told = vim.tbl_extend('force', argument, { history = history, question = question })
    float:show(before .. '*…*')
    id = jobs.begin(client, buffer, command, told, {
      delta = function(text)
        answer = answer .. text
        float:show(before .. answer)
      end,
      finished = function(result, error)
        id = nil
        if error then
          local said = error.code == jobs.CANCELLED and '*Cancelled.*' or ('*%s*'):format(error.message)
          float:show(before .. answer .. (answer == '' and '' or '\n\n') .. said)
          return
        end
        answer = result and result.markdown or answer
        float:show(before .. answer)
        table.insert(history, { question = question or 'Explain this.', answer = answer })
        require('gloss.notes').refresh(buffer)
      end,
    })
  end

  local function ask_on()
    if id then
      return say.info('the answer is still on its way; c cancels it')
    end
    vim.ui.input({ prompt = 'Ask Gloss: ' }, function(question)
      if question and question:find('%S') and float:is_open() then
        before = ('%s\n\n---\n**%s**\n\n'):format(float.text, question)
        ask(question)
      end
    end)
  end

  float = Float.open(argument.question or (argument.diagnostics and 'this problem') or 'explanation', {
    a = { says = 'ask on', does = ask_on },
    c = {
      says = 'cancel',
      does = function()
        if id then
          jobs.cancel(id)
        end
      end,
    },
  })
  vim.api.nvim_create_autocmd('WinClosed', {
    pattern = tostring(float.window),
    once = true,
    callback = function()
      -- What nobody will read is not paid for.
      if id then
        jobs.cancel(id)
      end
    end,
  })
  ask(argument.question)
end

return M
