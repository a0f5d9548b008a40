//! The chain of sources in order, by a keyring in memory and a file in a folder of its own.

use std::path::Path;
use std::time::Duration;

use super::*;

/// Which of the sources hold a key; each key is named after its source.
struct Setup<'a> {
    given: Option<&'a str>,
    command: Option<&'a str>,
    keyring: Keyring,
    folder: &'a Path,
}

impl<'a> Setup<'a> {
    fn of(folder: &'a Path) -> Self {
        Self {
            given: None,
            command: None,
            keyring: Keyring::none(),
            folder,
        }
    }

    fn keys(&self) -> Keys {
        let command = self.command.map(|line| KeyCommand {
            program: "/bin/sh".into(),
            arguments: vec!["-c".into(), line.into()],
        });
        let file = KeyFile::in_folder(self.folder.to_path_buf());
        let given = self.given.map(Key::new);
        Keys::with(
            given,
            command,
            "api.x.ai".into(),
            self.keyring.clone(),
            Some(file),
        )
    }
}

fn key(text: &str) -> Key {
    Key::new(text).unwrap()
}

/// The key that is found, and the word for its source.
async fn found(keys: &Keys) -> Option<(String, &'static str)> {
    let found = keys.find().await.unwrap().found?;
    Some((found.key.expose().to_owned(), found.source.name()))
}

#[cfg(unix)]
#[tokio::test]
async fn the_first_source_that_has_a_key_wins() {
    let folder = tempfile::tempdir().unwrap();
    let mut setup = Setup::of(folder.path());
    setup.keyring = Keyring::in_memory();
    let check = async |setup: &Setup<'_>, expected: Option<(&str, &'static str)>| {
        let expected = expected.map(|(key, source)| (key.to_owned(), source));
        assert_eq!(found(&setup.keys()).await, expected);
    };
    check(&setup, None).await;
    setup.keys().keep_in_file(&key("from-file")).unwrap();
    check(&setup, Some(("from-file", "file"))).await;
    setup
        .keyring
        .set("api.x.ai", &key("from-keyring"))
        .await
        .unwrap();
    check(&setup, Some(("from-keyring", "keyring"))).await;
    setup.command = Some("echo from-command");
    check(&setup, Some(("from-command", "command"))).await;
    setup.given = Some("from-environment");
    check(&setup, Some(("from-environment", "environment"))).await;
    setup.given = Some("  ");
    check(&setup, Some(("from-command", "command"))).await;
    // A source that was chosen and fails is not passed over.
    setup.command = Some("echo no luck >&2; exit 1");
    assert!(setup.keys().find().await.unwrap_err().contains("no luck"));
    setup.given = Some("two words");
    assert!(
        setup
            .keys()
            .find()
            .await
            .unwrap_err()
            .contains("XAI_API_KEY")
    );
}

#[cfg(unix)]
#[tokio::test]
async fn a_command_is_run_once_and_again_after_its_key_was_refused() {
    let folder = tempfile::tempdir().unwrap();
    let line = format!(
        "cd {}; echo x >> runs; echo key-$(wc -l < runs)",
        folder.path().display()
    );
    let mut setup = Setup::of(folder.path());
    setup.command = Some(&line);
    let keys = setup.keys();
    assert!(!folder.path().join("runs").exists());
    let all = futures::future::join_all((0..20).map(|_| found(&keys))).await;
    let first = Some(("key-1".to_owned(), "command"));
    assert!(all.iter().all(|found| *found == first), "{all:?}");
    keys.forget(&key("another"));
    assert_eq!(found(&keys.clone()).await, first);
    keys.forget(&key("key-1"));
    assert_eq!(found(&keys).await, Some(("key-2".to_owned(), "command")));
}

#[tokio::test]
async fn a_keyring_that_is_locked_or_broken_is_passed_over_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let (held, gate) = std::sync::mpsc::channel();
    let mut setup = Setup::of(folder.path());
    setup.keyring = Keyring::locked(gate, Duration::from_millis(20));
    let keys = setup.keys();
    let search = keys.find().await.unwrap();
    assert!(search.found.is_none());
    assert!(search.passed_over.unwrap().contains("did not answer"));
    // It is not asked a second time while the first question hangs.
    let search = keys.find().await.unwrap();
    assert!(
        search
            .passed_over
            .unwrap()
            .contains("still does not answer")
    );
    keys.keep_in_file(&key("from-file")).unwrap();
    assert_eq!(found(&keys).await, Some(("from-file".to_owned(), "file")));
    drop(held);

    setup.keyring = Keyring::broken();
    let keys = setup.keys();
    assert_eq!(found(&keys).await, Some(("from-file".to_owned(), "file")));
    assert!(keys.keep_in_keyring(&key("new")).await.is_err());
}

#[tokio::test]
async fn what_is_kept_is_removed_wherever_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let mut setup = Setup::of(folder.path());
    setup.keyring = Keyring::in_memory();
    let keys = setup.keys();
    assert_eq!(keys.remove().await, (Vec::new(), Vec::new()));
    keys.keep_in_file(&key("old")).unwrap();
    // One in the keyring takes the place of one in the file.
    keys.keep_in_keyring(&key("new")).await.unwrap();
    assert!(!keys.file().unwrap().path().exists());
    keys.keep_in_file(&key("other")).unwrap();
    let (removed, faults) = keys.remove().await;
    let names: Vec<_> = removed.iter().map(Source::name).collect();
    assert_eq!((names, faults), (vec!["keyring", "file"], Vec::new()));
    assert_eq!(found(&keys).await, None);
}

#[test]
fn keys_do_not_print() {
    let folder = tempfile::tempdir().unwrap();
    let mut setup = Setup::of(folder.path());
    setup.given = Some("xai-secret");
    let printed = format!("{:?}", setup.keys());
    assert!(!printed.contains("secret"), "{printed}");
    let environment = Environment::from([("XAI_API_KEY".into(), "xai-secret".into())]);
    let printed = format!("{environment:?} {:?}", environment.key());
    assert!(!printed.contains("secret"), "{printed}");
    assert_eq!(environment.get("XAI_API_KEY"), None);
}
