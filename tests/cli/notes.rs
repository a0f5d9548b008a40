//! What was explained is exported, by editor or command line, and deleted by one command.

use super::Shell;

#[test]
fn notes_are_exported_and_deleted() {
    let shell = Shell::new();
    let (code, out, _) = shell.run(&["notes"]);
    assert_eq!(code, 0);
    assert!(out.starts_with("There are no notes yet."), "{out}");
    let (code, said, _) = shell.run(&["explain", "total.py:3"]);
    assert_eq!(code, 0);
    let (code, out, _) = shell.run(&["notes"]);
    assert_eq!(code, 0);
    let root = shell.folder.path().canonicalize().unwrap();
    let head = format!(
        "# Notes on {}\n\n## total.py\n\n### Line 1, `function total`\n\n",
        root.display()
    );
    assert!(out.starts_with(&head), "{out}");
    assert!(out.contains(said.trim()), "{out}");
    // A question and another text leave none; a text that changed makes it stale.
    shell.run(&["explain", "total.py:3", "--question", "Why?"]);
    shell.run(&["explain", "page.md:1"]);
    let changed = shell.read("total.py").replace("sum = 0;", "sum = 1");
    std::fs::write(shell.path("total.py"), format!("import os\n\n{changed}")).unwrap();
    let (_, out, _) = shell.run(&["notes", "--format", "json", "--workspace", "."]);
    let notes: serde_json::Value = serde_json::from_str(&out).unwrap();
    let notes = notes.as_array().unwrap();
    assert_eq!(notes.len(), 2, "{out}");
    let total = notes
        .iter()
        .find(|note| note["file"] == "total.py")
        .unwrap();
    assert_eq!(total["stale"], true);
    assert_eq!(total["range"]["start"]["line"], 2);
    assert_eq!(total["markdown"], said.trim());
    assert_eq!(total["model"], "grok-4.3 (stand-in)");
    let page = notes.iter().find(|note| note["file"] == "page.md").unwrap();
    assert_eq!(page["stale"], false);

    let (code, _, error) = shell.run(&["notes", "clear"]);
    assert_eq!(code, 2, "{error}");
    assert!(error.contains("--yes"), "{error}");
    let (code, out, _) = shell.run(&["notes", "clear", "--yes"]);
    assert_eq!(
        (code, out.starts_with("Deleted 2 notes on ")),
        (0, true),
        "{out}"
    );
    let (_, out, _) = shell.run(&["notes", "--format", "json"]);
    assert_eq!(out.trim(), "[]");
    let (code, out, _) = shell.run(&["notes", "clear"]);
    assert_eq!(
        (code, out.starts_with("Nothing to delete")),
        (0, true),
        "{out}"
    );
}
