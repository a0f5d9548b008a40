//! The fields of a request that a model may refuse, by the names they have on either wire.

/// A field of the request that a model may refuse, and that we can do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    ReasoningEffort,
    Temperature,
    MaxCompletionTokens,
    MaxTokens,
    MaxOutputTokens,
    ResponseFormat,
    StreamOptions,
    PromptCacheKey,
}

impl Field {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::ReasoningEffort,
        Self::Temperature,
        Self::MaxCompletionTokens,
        Self::MaxTokens,
        Self::MaxOutputTokens,
        Self::ResponseFormat,
        Self::StreamOptions,
        Self::PromptCacheKey,
    ];

    /// Its name on the wire; on both, where they differ only in where they put it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ReasoningEffort => "reasoning_effort",
            Self::Temperature => "temperature",
            Self::MaxCompletionTokens => "max_completion_tokens",
            Self::MaxTokens => "max_tokens",
            Self::MaxOutputTokens => "max_output_tokens",
            Self::ResponseFormat => "response_format",
            Self::StreamOptions => "stream_options",
            Self::PromptCacheKey => "prompt_cache_key",
        }
    }

    /// The field called `name`, in whatever case: servers write `reasoningEffort` and
    /// `reasoning.effort` too.
    pub fn named(name: &str) -> Option<Self> {
        let name = letters(name);
        match name.as_str() {
            "reasoning" => Some(Self::ReasoningEffort),
            "text" | "textformat" => Some(Self::ResponseFormat),
            _ => Self::ALL
                .into_iter()
                .find(|field| letters(field.name()) == name),
        }
    }

    /// The field that `text` mentions first.
    pub fn mentioned(text: &str) -> Option<Self> {
        let text = letters(text);
        let mut places: Vec<(usize, Self)> = Vec::new();
        for field in Self::ALL {
            places.extend(text.find(&letters(field.name())).map(|at| (at, field)));
        }
        for name in ["jsonschema", "structuredoutput", "textformat"] {
            places.extend(text.find(name).map(|at| (at, Self::ResponseFormat)));
        }
        places.into_iter().min().map(|(_, field)| field)
    }
}

fn letters(text: &str) -> String {
    let letters = text.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|c| c.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_known_however_a_server_spells_them() {
        let check = |name: &str, expected: Option<Field>| {
            assert_eq!(Field::named(name), expected, "{name}");
        };
        check("reasoning_effort", Some(Field::ReasoningEffort));
        check("reasoningEffort", Some(Field::ReasoningEffort));
        check("reasoning.effort", Some(Field::ReasoningEffort));
        check("reasoning", Some(Field::ReasoningEffort));
        check("`max_tokens`", Some(Field::MaxTokens));
        check("maxOutputTokens", Some(Field::MaxOutputTokens));
        check("text.format", Some(Field::ResponseFormat));
        check("prompt_cache_key", Some(Field::PromptCacheKey));
        check("presencePenalty", None);
        check("store", None);
        check("", None);
        let check = |text: &str, expected: Option<Field>| {
            assert_eq!(Field::mentioned(text), expected, "{text}");
        };
        check(
            "use max_completion_tokens, not max_tokens",
            Some(Field::MaxCompletionTokens),
        );
        check(
            "max_tokens: use max_completion_tokens",
            Some(Field::MaxTokens),
        );
        check(
            "Structured outputs are not supported",
            Some(Field::ResponseFormat),
        );
        check("text.format is unsupported", Some(Field::ResponseFormat));
        check("no reasoning effort here", Some(Field::ReasoningEffort));
        check(
            "a reasoning model has no temperature",
            Some(Field::Temperature),
        );
        check("nothing of ours", None);
    }
}
