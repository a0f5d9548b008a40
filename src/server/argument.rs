//! The one object that a command takes, checked before anything begins.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::state::Server;
use super::{convert, protocol as lsp};
use crate::action::{Exchange, Problem};
use crate::document::Snapshot;
use crate::engine::{CodeJob, Place, Task};
use crate::text::Encoding;

/// The one object that a command takes. Which fields count depends on the command.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Argument {
    pub uri: Option<String>,
    pub range: Option<lsp::Range>,
    pub version: Option<i32>,
    pub question: Option<String>,
    pub instruction: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub history: Vec<Exchange>,
    /// Held as they came: editors send more than the protocol names.
    pub diagnostics: Option<Vec<Value>>,
    /// The name of one of the user's own actions.
    pub action: Option<String>,
    pub apply: Option<bool>,
    #[serde(deserialize_with = "or_default")]
    pub again: bool,
    pub work_done_token: Option<lsp::NumberOrString>,
    pub id: Option<String>,
    /// A folder, as a path or a uri.
    pub workspace: Option<String>,
    pub command: Option<String>,
    #[serde(rename = "argument")]
    pub previewed: Option<Value>,
}

/// Null stands for what is not there: JavaScript and Lua write it so.
fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    value: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(value)?.unwrap_or_default())
}

impl Argument {
    /// The argument among a command's.
    pub fn of(arguments: Vec<Value>) -> lsp::Result<Self> {
        match arguments.into_iter().next() {
            None | Some(Value::Null) => Ok(Self::default()),
            // Lua writes an empty map as an empty list.
            Some(Value::Array(list)) if list.is_empty() => Ok(Self::default()),
            Some(value) => serde_json::from_value(value).map_err(|error| {
                lsp::Error::invalid_params(format!(
                    "the command takes one object such as {{uri, range}}: {error}"
                ))
            }),
        }
    }

    /// The argument as this command takes it: one about a whole document has no range, or may have
    /// one.
    #[must_use]
    pub fn for_command(mut self, command: &str) -> Self {
        match command {
            "gloss.explainFile" => self.range = Some(lsp::Range::default()),
            "gloss.writeAllAltText" => {
                self.range.get_or_insert_default();
            }
            _ => {}
        }
        self
    }

    /// The document that an argument names, as it stands now, and the bytes of its range.
    pub fn subject(&self, server: &Server) -> lsp::Result<(Snapshot, std::ops::Range<usize>)> {
        let uri = self
            .uri
            .as_deref()
            .ok_or_else(|| lsp::Error::invalid_params("`uri` is missing"))?;
        let state = server.state();
        let snapshot = state
            .snapshot(uri)
            .ok_or_else(|| lsp::Error::invalid_params(format!("{uri} is not open here")))?;
        if self
            .version
            .is_some_and(|version| version != snapshot.version)
        {
            return Err(lsp::Error::content_modified());
        }
        let range = self
            .range
            .ok_or_else(|| lsp::Error::invalid_params("`range` is missing"))?;
        let bytes = convert::bytes(&snapshot.text, range, state.traits.encoding);
        Ok((snapshot, bytes))
    }

    /// What the engine is given to work on.
    pub fn code_job(
        &self,
        task: Task,
        snapshot: Snapshot,
        selection: std::ops::Range<usize>,
        place: Place,
        encoding: Encoding,
    ) -> CodeJob {
        CodeJob {
            problems: self.problems(&snapshot, encoding),
            wish: self.question.clone().or_else(|| self.instruction.clone()),
            history: self.history.clone(),
            again: self.again,
            ..CodeJob::new(task, snapshot, selection, place)
        }
    }

    /// The problems that it names, as bytes of this text. What is none is left out.
    fn problems(&self, snapshot: &Snapshot, encoding: Encoding) -> Vec<Problem> {
        let diagnostics = self.diagnostics.iter().flatten().take(MOST_DIAGNOSTICS);
        diagnostics
            .filter_map(|value| serde_json::from_value(value.clone()).ok())
            .map(|diagnostic| convert::problem(&snapshot.text, &diagnostic, encoding))
            .collect()
    }
}

/// More than a person can mean at once.
const MOST_DIAGNOSTICS: usize = 100;
