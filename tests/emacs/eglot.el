;;; Gloss in Emacs by eglot, as a person uses it. The first step that fails ends Emacs with an error.  -*- lexical-binding: t -*-

(package-initialize)
(require 'eglot)
(require 'python)

(defvar said nil "What the server said, newest first.")

(cl-defmethod eglot-handle-notification :before (_server (_method (eql window/showMessage)) &key message &allow-other-keys)
  (push message said))

(defun wait-for (what condition)
  "Wait until CONDITION gives a value; give up in words that name WHAT."
  (let ((late (+ (float-time) 30)) value)
    (while (not (or (setq value (funcall condition)) (> (float-time) late)))
      (accept-process-output nil 0.05))
    (or value (error "Waited in vain for %s" what))))

(defun hold (sentence holds)
  (if holds (message "ok   %s" sentence) (error "FAIL %s" sentence)))

(defun act (kind)
  "Run the one action of KIND at point."
  (eglot-code-actions (point) (point) kind t))

(defun documented (what)
  "The one block of Emacs Lisp in editors/README.md that says WHAT; all of them must be readable."
  (with-temp-buffer
    (insert-file-contents "editors/README.md")
    (let (blocks)
      (while (re-search-forward "^```elisp\n\\(\\(?:.*\n\\)*?\\)```$" nil t)
        (push (match-string 1) blocks))
      (dolist (block blocks) (read (format "(progn %s)" block)))
      (let ((found (seq-filter (lambda (block) (string-search what block)) blocks)))
        (hold (format "the documents have `%s' once" what) (length= found 1))
        (read (format "(progn %s)" (car found)))))))

(eval (documented "markdown-mode text-mode"))
(eval (documented "defun gloss-explain"))
(hold "the documented set-up is for text" (equal "gloss" (cadr (assoc '(markdown-mode text-mode) eglot-server-programs))))

(setq eglot-sync-connect t
      eglot-confirm-server-initiated-edits nil
      eglot-server-programs '((python-mode . ("gloss" "lsp"))))

(find-file (expand-file-name "basket.py" (getenv "WORKSPACE")))
(python-mode)
(call-interactively #'eglot)
(let ((server (wait-for "the server" #'eglot-current-server)))
  (hold "eglot starts it" (eq (plist-get (eglot--capabilities server) :hoverProvider) t))

  (search-forward "for name")
  (call-interactively #'gloss-explain)
  (hold "an explanation is told, with the line to read on"
        (wait-for "a message"
                  (lambda () (seq-find (lambda (text) (string-match-p "`total`.*Hover over line 16" text)) said))))

  (goto-char (point-min))
  (search-forward "def to")
  (let ((hover (jsonrpc-request server :textDocument/hover (eglot--TextDocumentPositionParams))))
    (hold "the explanation is the hover on its line"
          (string-match-p "offline stand-in" (plist-get (plist-get hover :contents) :value))))

  (let ((before (buffer-string)))
    (buffer-enable-undo)
    (undo-boundary)
    (act "refactor.rewrite")
    (wait-for "the refactoring" (lambda () (not (equal before (buffer-string)))))
    (hold "a refactoring is in the text" (string-match-p "if voucher is not None:" (buffer-string)))
    (undo-boundary)
    (undo)
    (hold "and one undo takes it back" (equal before (buffer-string)))))
(set-buffer-modified-p nil)
(eglot-shutdown (eglot-current-server))
