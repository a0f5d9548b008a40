//! `gloss describe` of documents and folders: alternative text as a diff, or written.

use super::{Shell, said};

/// A workspace with documents that lack alternative text.
fn shell() -> Shell {
    let shell = Shell::new();
    std::fs::create_dir_all(shell.path("docs/old")).unwrap();
    for (name, text) in [
        (
            "docs/a.md",
            "# A\r\n\r\n![](../red.png) and ![b](../red.png)\r\n",
        ),
        ("docs/b.html", "<p><img src=/red.png></p>\n"),
        ("docs/old/c.md", "![](/red.png)\n"),
        ("docs/d.md", "![](gone.png) ![]({{ e }}.png)\n"),
        (".gitignore", "old/\n"),
    ] {
        std::fs::write(shell.path(name), text).unwrap();
    }
    shell
}

/// What the stand-in says of the picture.
const ALT: &str = "Medium-bright plain area, all red (offline stand-in)";

#[test]
fn documents_get_a_diff_and_stay_as_they_are() {
    let shell = shell();
    let (code, out, err) = shell.run(&["describe", "docs/a.md"]);
    assert_eq!(code, 0, "{err}");
    let expected = format!(
        "--- a/docs/a.md\n+++ b/docs/a.md\n@@ -1,3 +1,3 @@\n # A\r\n \r\n\
         -![](../red.png) and ![b](../red.png)\r\n+![{ALT}](../red.png) and ![b](../red.png)\r\n"
    );
    assert_eq!(out, expected);
    assert!(
        err.contains("Wrote the alternative text of red.png"),
        "{err}"
    );
    assert!(shell.read("docs/a.md").contains("![](../red.png)"));
    let row = &shell.usage()["rows"][0];
    assert_eq!(
        (&row["action"], &row["file"]),
        (&"alt_text".into(), &"docs/a.md".into())
    );
    let (code, out, err) = shell.run(&["describe", "page.md"]);
    assert_eq!((code, out.as_str()), (0, ""));
    assert!(err.contains("no image lacks alternative text"), "{err}");
}

#[test]
fn a_folder_is_written_once_that_is_agreed_to() {
    let shell = shell();
    let (code, out, err) = shell.run(&["describe", "docs", "--write"]);
    assert_eq!((code, out.as_str()), (2, ""), "{err}");
    assert!(
        err.contains("write alternative text for 3 images in 3 documents, for about $0.00")
            && err.contains("--yes"),
        "{err}"
    );
    assert!(shell.statuses().is_empty());
    let (code, out, err) = shell.run(&["describe", "docs", "--write", "--yes"]);
    // One of them has no file.
    assert_eq!((code, out.as_str()), (1, ""), "{err}");
    assert!(err.contains("gone.png"), "{err}");
    assert_eq!(
        shell.read("docs/a.md"),
        format!("# A\r\n\r\n![{ALT}](../red.png) and ![b](../red.png)\r\n")
    );
    assert_eq!(
        shell.read("docs/b.html"),
        format!("<p><img src=/red.png alt=\"{ALT}\"></p>\n")
    );
    assert_eq!(shell.read("docs/old/c.md"), "![](/red.png)\n");
    // What is written lacks nothing any more.
    let (_, _, err) = shell.run(&["describe", "docs", "--write"]);
    assert!(
        err.contains("for 1 image in 1 document, for nothing"),
        "{err}"
    );
}

#[test]
fn what_would_be_sent_is_shown_and_what_may_not_be_is_not_sent() {
    let shell = shell();
    let (code, out, err) = shell.run(&["describe", "docs/a.md", "--dry-run"]);
    assert_eq!(code, 0, "{err}");
    assert!(
        out.contains("<before-the-link") && out.contains("nothing was sent"),
        "{out}"
    );
    std::fs::write(shell.path(".glossignore"), "docs/a.md\n").unwrap();
    let (code, _, err) = shell.run(&["describe", "docs/a.md"]);
    assert_eq!(code, 1);
    assert!(err.contains("never sent"), "{err}");
    assert_eq!(shell.statuses(), ["refused"]);
    // A folder is done without what may not be sent of it.
    std::fs::write(shell.path(".glossignore"), "docs/d.md\n").unwrap();
    std::fs::write(shell.path(".gloss.toml"), "exclude = [\"docs/a.md\"]\n").unwrap();
    let (code, out, err) = shell.run(&["describe", "docs"]);
    assert_eq!(code, 0, "{err}");
    assert!(
        err.contains("1 image in 1 document") && out.contains("b.html"),
        "{err}"
    );
    for arguments in [
        &["describe", "docs", "--write", "--dry-run"][..],
        &["describe", "docs", "--write", "--check"],
    ] {
        assert_eq!(shell.run(arguments).0, 2, "{arguments:?}");
    }
}

#[test]
fn a_document_that_cannot_be_written_costs_nothing() {
    let shell = shell();
    let path = shell.path("docs/b.html");
    let mut permissions = std::fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(&path, permissions).unwrap();
    let mut command = shell.command(&["describe", "docs", "--write", "--yes"]);
    let (code, _, err) = said(command.output().unwrap());
    assert_eq!(code, 1);
    assert!(err.contains("is read-only"), "{err}");
    assert!(shell.statuses().is_empty());
}

#[test]
fn a_document_that_is_named_twice_is_written_once() {
    let shell = shell();
    let arguments = [
        "describe",
        "docs/b.html",
        "docs",
        "./docs/b.html",
        "--write",
        "--yes",
    ];
    let (_, _, err) = shell.run(&arguments);
    assert!(err.contains("3 images in 3 documents"), "{err}");
    assert!(!err.contains("was changed"), "{err}");
    assert!(shell.read("docs/b.html").contains(ALT));
}

#[test]
fn what_is_wrong_for_all_ends_the_run_and_is_said_once() {
    let shell = shell();
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", nobody.local_addr().unwrap());
    drop(nobody);
    for arguments in [
        &["describe", "docs/a.md", "docs/b.html"][..],
        &["describe", "red.png", "page.md", "red.png"],
    ] {
        let mut command = shell.command(arguments);
        let (code, out, err) = said(command.env("XAI_BASE_URL", &url).output().unwrap());
        assert_eq!((code, out.as_str()), (1, ""), "{err}");
        assert_eq!(err.matches("nothing listens").count(), 1, "{err}");
    }
}
