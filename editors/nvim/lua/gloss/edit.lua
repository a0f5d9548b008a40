--- A job that edits: its outcome as a diff to look at, or applied at once.

local jobs = require('gloss.jobs')
local options = require('gloss.options')
local review = require('gloss.review')
local say = require('gloss.say')

local M = {}

---@param client vim.lsp.Client
---@param buffer integer
---@param command string
---@param argument gloss.Argument
function M.begin(client, buffer, command, argument)
  local told = vim.tbl_extend('keep', argument, { apply = not options('review') })
  jobs.begin(client, buffer, command, told, {
    finished = function(result, error)
      if error then
        if error.code ~= jobs.CANCELLED then
          M.failed(result, error)
        end
      elseif result and result.edit and vim.api.nvim_buf_is_loaded(buffer) then
        review.open(client, buffer, result, function(wish, proposed)
          local history = vim.deepcopy(argument.history or {})
          local fenced = ('```\n%s\n```'):format(proposed)
          table.insert(history, { question = argument.instruction or 'Refactor this.', answer = fenced })
          M.begin(client, buffer, command, vim.tbl_extend('force', argument, { history = history, instruction = wish }))
        end)
      elseif result and result.summary then
        say.briefly(result.summary)
      end
    end,
  })
end

--- Says why, and shows the answer that was not applied.
---@param result? gloss.Result
---@param error gloss.Error
function M.failed(result, error)
  say.error(error.message)
  if result and result.answer then
    require('gloss.float').open('an answer that was not applied'):show(result.answer)
  end
end

return M
