//! Tells a person something in a message, in which nothing is left that an editor would act on.

use super::protocol as lsp;
use super::state::Shared;
use crate::text::visible_message;

impl Shared {
    /// Shows a message. What strangers wrote may stand in it as it is.
    pub async fn say(&self, kind: lsp::MessageType, message: &str) {
        self.client
            .show_message(kind, visible_message(message))
            .await;
    }
}
