//! Counts tokens by a documented estimate, and remembers what prompts began with.
//!
//! A token is a run of at most [`LONGEST_WORD`] letters with the one blank before it, a run of
//! at most three digits, a run of at most two equal marks, a run of white space, or one other
//! character. For English and for code this comes within a fifth of what models count.

use std::collections::hash_map::DefaultHasher;
use std::collections::{HashSet, VecDeque};
use std::hash::{Hash, Hasher};

const LONGEST_WORD: usize = 7;

/// The tokens of `text`, in order; joined they are `text`.
pub fn tokens(text: &str) -> Tokens<'_> {
    Tokens { rest: text }
}

/// How many tokens `text` has.
pub fn count(text: &str) -> u64 {
    tokens(text).map(|_| 1).sum()
}

/// See [`tokens`].
pub struct Tokens<'a> {
    rest: &'a str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Letter,
    Digit,
    Space,
    Mark,
    Other,
}

fn class(character: char) -> Class {
    match character {
        'a'..='z' | 'A'..='Z' | '_' => Class::Letter,
        '0'..='9' => Class::Digit,
        '!'..='~' => Class::Mark,
        _ if character.is_whitespace() => Class::Space,
        _ => Class::Other,
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let length = length_of_first(self.rest)?;
        let (token, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(token)
    }
}

/// The length in bytes of the first token; none in an empty text.
fn length_of_first(text: &str) -> Option<usize> {
    let first = text.chars().next()?;
    let second = text.chars().nth(1).map(class);
    let lead = usize::from(first == ' ' && second == Some(Class::Letter));
    let body = text.get(lead..)?;
    let start = body.chars().next()?;
    let limit = match class(start) {
        Class::Letter => LONGEST_WORD,
        Class::Digit => 3,
        Class::Mark => 2,
        // The blank before a word belongs to the word.
        Class::Space => return Some(length_of_space(body)),
        Class::Other => 1,
    };
    let run: usize = body
        .chars()
        .take(limit)
        .take_while(|next| same_run(start, *next))
        .map(char::len_utf8)
        .sum();
    Some(lead + run)
}

fn same_run(start: char, next: char) -> bool {
    match class(start) {
        Class::Mark => start == next,
        class_of_start => class_of_start == class(next),
    }
}

fn length_of_space(text: &str) -> usize {
    let length = text
        .find(|character| class(character) != Class::Space)
        .unwrap_or(text.len());
    let word_follows = text
        .get(length..)
        .and_then(|rest| rest.chars().next())
        .is_some_and(|next| class(next) == Class::Letter);
    let blank_before_it = text.get(..length).is_some_and(|space| space.ends_with(' '));
    if word_follows && blank_before_it && length > 1 {
        length - 1
    } else {
        length
    }
}

/// One piece of a prompt, as the cache sees it.
pub enum Piece<'a> {
    Text(&'a str),
    /// What stands for an image, and the tokens it costs.
    Image(&'a str, u64),
}

/// Remembers, by hash alone, the beginnings of the prompts seen, so that
/// repeated ones can be counted as cached. Texts are not kept.
pub struct Prefixes {
    known: HashSet<u64>,
    order: VecDeque<u64>,
    limit: usize,
}

/// Caches work in blocks; so many text tokens make one.
const BLOCK: u64 = 16;

impl Prefixes {
    /// Remembers at most `limit` blocks, the oldest forgotten first.
    pub fn new(limit: usize) -> Self {
        Self {
            known: HashSet::new(),
            order: VecDeque::new(),
            limit,
        }
    }

    /// How many tokens at the beginning of this prompt an earlier one began with too.
    /// From now on this prompt is an earlier one.
    pub fn cached_tokens(&mut self, blocks: &[Block]) -> u64 {
        let cached = blocks
            .iter()
            .take_while(|block| self.known.contains(&block.hash))
            .last()
            .map_or(0, |block| block.tokens);
        for block in blocks.iter().take(self.limit) {
            self.remember(block.hash);
        }
        cached
    }

    fn remember(&mut self, hash: u64) {
        if self.known.insert(hash) {
            self.order.push_back(hash);
        }
        while self.order.len() > self.limit {
            if let Some(oldest) = self.order.pop_front() {
                self.known.remove(&oldest);
            }
        }
    }
}

/// The beginning of a prompt up to some token, as a hash of all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    hash: u64,
    tokens: u64,
}

/// Splits a prompt for `model` into the beginnings a cache would keep.
pub fn blocks(model: &str, pieces: &[Piece<'_>]) -> Vec<Block> {
    let mut hasher = DefaultHasher::new();
    model.hash(&mut hasher);
    let mut blocks = Vec::new();
    let (mut total, mut open) = (0, 0);
    for piece in pieces {
        match piece {
            Piece::Text(text) => {
                for token in tokens(text) {
                    token.hash(&mut hasher);
                    total += 1;
                    open += 1;
                    if open == BLOCK {
                        open = 0;
                        blocks.push(Block {
                            hash: hasher.finish(),
                            tokens: total,
                        });
                    }
                }
            }
            Piece::Image(url, cost) => {
                url.hash(&mut hasher);
                total += cost;
                open = 0;
                blocks.push(Block {
                    hash: hasher.finish(),
                    tokens: total,
                });
            }
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_falls_into_word_like_tokens() {
        let check = |text: &str, expected: &[&str]| {
            assert_eq!(tokens(text).collect::<Vec<_>>(), expected, "{text:?}");
        };
        check("", &[]);
        check("Hello, world", &["Hello", ",", " world"]);
        check("a  b", &["a", " ", " b"]);
        check("x == 12345", &["x", " ", "==", " ", "123", "45"]);
        check(
            "if a {\n    b\n}",
            &["if", " a", " ", "{", "\n   ", " b", "\n", "}"],
        );
        check("zażółć", &["za", "ż", "ó", "ł", "ć"]);
        check("considerably", &["conside", "rably"]);
    }

    fn beginnings(text: &str) -> Vec<Block> {
        blocks("grok-4.3", &[Piece::Text(text)])
    }

    #[test]
    fn a_repeated_beginning_counts_as_cached_in_whole_blocks() {
        let mut prefixes = Prefixes::new(1000);
        let shared = "one two three four ".repeat(16);
        assert_eq!(prefixes.cached_tokens(&beginnings(&shared)), 0);
        let cached = prefixes.cached_tokens(&beginnings(&format!("{shared}and more")));
        assert_eq!(cached, 64);
        assert_eq!(
            prefixes.cached_tokens(&beginnings("something else entirely")),
            0
        );
        let other_model = blocks("grok-4.7", &[Piece::Text(&shared)]);
        assert_eq!(prefixes.cached_tokens(&other_model), 0);
    }

    #[test]
    fn an_image_is_a_block_of_its_own() {
        let mut prefixes = Prefixes::new(1000);
        let prompt = |text| blocks("m", &[Piece::Image("data:a", 300), Piece::Text(text)]);
        prefixes.cached_tokens(&prompt("what is this"));
        assert_eq!(prefixes.cached_tokens(&prompt("and this")), 300);
    }

    #[test]
    fn memory_stays_bounded() {
        let mut prefixes = Prefixes::new(10);
        for number in 0..100 {
            prefixes.cached_tokens(&beginnings(&format!("{number} ").repeat(64)));
        }
        assert_eq!(prefixes.known.len(), 10);
        assert_eq!(prefixes.order.len(), 10);
    }

    proptest! {
        #[test]
        fn tokens_joined_are_the_text(text in "[a-z0-9 \\n\\t.,=ąß😀]{0,80}") {
            prop_assert_eq!(tokens(&text).collect::<String>(), text);
        }
    }
}
