---@meta
--- What goes between the plugin and `gloss lsp`; see the contract of its commands in the README.

---@class gloss.Options what `vim.g.gloss` may hold
---@field review? boolean show edits as a diff to accept, refine or discard; applied at once where false (true)
---@field notes? boolean show explanations that stay as virtual text where inlay hints are off (true)
---@field context? boolean tell Gloss what the other language servers know of the code (true)

---@class gloss.Exchange
---@field question string
---@field answer string

---@class gloss.Argument
---@field uri string
---@field range? lsp.Range
---@field question? string
---@field instruction? string
---@field history? gloss.Exchange[]
---@field diagnostics? lsp.Diagnostic[]
---@field action? string
---@field apply? boolean
---@field again? boolean
---@field workDoneToken? string

---@class gloss.Result
---@field markdown? string
---@field summary? string
---@field applied? boolean
---@field edit? lsp.WorkspaceEdit
---@field answer? string an answer that could not be applied
---@field usage? table

---@class gloss.Error
---@field code integer
---@field message string

---@class gloss.Finished
---@field id string
---@field command string
---@field uri string
---@field range lsp.Range
---@field result? gloss.Result
---@field error? gloss.Error

---@class gloss.Today
---@field requests integer
---@field total_tokens integer
---@field cost_usd number

---@class gloss.Note
---@field uri string
---@field range lsp.Range
---@field summary string
---@field markdown string
---@field stale boolean
---@field time string
