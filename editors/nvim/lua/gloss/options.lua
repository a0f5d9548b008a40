--- What a person has set in `vim.g.gloss`.

local DEFAULTS = { review = true, notes = true, context = true }

---@param name 'review'|'notes'|'context'
---@return boolean
return function(name)
  local set = vim.tbl_extend('force', DEFAULTS, vim.g.gloss or {})
  return set[name] == true
end
