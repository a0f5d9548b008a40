//! The Secret Service of Linux desktops by its own command line, `secret-tool` of libsecret.

use std::any::Any;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::io::{ErrorKind, Write as _};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use keyring_core::api::{Credential, CredentialApi, CredentialStoreApi};
use keyring_core::{Entry, Error, Result};

/// Secrets by service and user name. A client of its own for the bus would weigh 1.4 MB.
#[derive(Clone, Debug)]
pub(super) struct Store {
    program: &'static str,
}

impl Store {
    /// Never fails: whether it is there shows when it is asked.
    #[allow(clippy::unnecessary_wraps, reason = "the stores of other systems can")]
    pub fn new() -> Result<Arc<Self>> {
        Ok(Arc::new(Self {
            program: "secret-tool",
        }))
    }

    /// Runs it, and hands it what it is to read.
    fn run(&self, arguments: &[&OsStr], input: &[u8]) -> Result<Output> {
        let child = Command::new(self.program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = child.map_err(|error| match error.kind() {
            ErrorKind::NotFound => failure("secret-tool is not there: install libsecret-tools"),
            _ => Error::NoStorageAccess(error.into()),
        })?;
        if let Some(mut stdin) = child.stdin.take() {
            // One that fails does not read to the end, and says why by itself.
            let _ = stdin.write_all(input);
        }
        child
            .wait_with_output()
            .map_err(|error| Error::NoStorageAccess(error.into()))
    }
}

fn failure(why: &str) -> Error {
    Error::NoStorageAccess(why.to_owned().into())
}

/// Its exit code is 1 for what is not there as well, and then it says nothing.
fn checked(output: Output) -> Result<Vec<u8>> {
    let said = String::from_utf8_lossy(&output.stderr);
    match said.trim() {
        _ if output.status.success() => Ok(output.stdout),
        "" => Err(Error::NoEntry),
        said => Err(failure(said)),
    }
}

impl CredentialStoreApi for Store {
    fn vendor(&self) -> String {
        "libsecret".into()
    }

    fn id(&self) -> String {
        self.program.into()
    }

    fn build(&self, service: &str, user: &str, _: Option<&HashMap<&str, &str>>) -> Result<Entry> {
        let secret = Secret {
            tool: self.clone(),
            service: service.to_owned(),
            user: user.to_owned(),
        };
        Ok(Entry::new_with_credential(Arc::new(secret)))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[derive(Clone, Debug)]
struct Secret {
    tool: Store,
    service: String,
    user: String,
}

impl Secret {
    /// Runs a subcommand on this secret. What it is called names no secret.
    fn run(&self, subcommand: &[&str], input: &[u8]) -> Result<Output> {
        let attributes = ["service", &self.service, "username", &self.user];
        let arguments = subcommand.iter().chain(&attributes).map(OsStr::new);
        self.tool.run(&arguments.collect::<Vec<_>>(), input)
    }
}

impl CredentialApi for Secret {
    fn set_secret(&self, secret: &[u8]) -> Result<()> {
        let label = format!("--label={} key for {}", self.service, self.user);
        checked(self.run(&["store", &label], secret)?).map(|_| ())
    }

    fn get_secret(&self) -> Result<Vec<u8>> {
        checked(self.run(&["lookup"], &[])?)
    }

    fn delete_credential(&self) -> Result<()> {
        // It says nothing of whether there was one.
        self.get_secret()?;
        checked(self.run(&["clear"], &[])?).map(|_| ())
    }

    fn get_credential(&self) -> Result<Option<Arc<Credential>>> {
        self.get_secret()?;
        Ok(None)
    }

    fn get_specifiers(&self) -> Option<(String, String)> {
        Some((self.service.clone(), self.user.clone()))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tool that is a shell script: what it is asked comes back, or what it says.
    fn asked(script: &str) -> Result<String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tool");
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        std::fs::set_permissions(&path, mode).unwrap();
        let program = Box::leak(path.display().to_string().into_boxed_str());
        let entry = Store { program }.build("gloss", "api.x.ai", None)?;
        entry.set_password("xai-a")?;
        let found = entry.get_password()?;
        entry.delete_credential()?;
        Ok(found)
    }

    #[test]
    fn it_is_asked_as_its_manual_says() {
        let script = "test \"$1\" = clear && exit; test \"$1\" = store && { test \"$(cat)\" = xai-a; exit; }; printf %s \"$*\"";
        assert_eq!(
            asked(script).unwrap(),
            "lookup service gloss username api.x.ai"
        );
        assert!(matches!(asked("exit 1"), Err(Error::NoEntry)));
        let error = asked("echo no bus >&2; exit 1").unwrap_err();
        assert!(matches!(error, Error::NoStorageAccess(why) if why.to_string() == "no bus"));
        let nowhere = Store {
            program: "gloss-no-such-tool",
        };
        let entry = nowhere.build("gloss", "a", None).unwrap();
        assert!(matches!(
            entry.get_password(),
            Err(Error::NoStorageAccess(_))
        ));
    }
}
