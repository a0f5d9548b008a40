//! Finds what ends a program in the middle of its text: for a parser no error, as the rest is data.

use crate::syntax::Language;

/// What in `new`, and not in `old`, makes something else of all that stands below.
pub(super) fn hides_what_follows(new: &str, old: &str, language: Language) -> Option<&'static str> {
    let came = |holds: fn(&str) -> bool| holds(new) && !holds(old);
    match language {
        Language::Php if came(|text| text.contains("__halt_compiler")) => Some("__halt_compiler"),
        Language::Php if tag_left(new) != tag_left(old) => Some("?>"),
        Language::Ruby if came(|text| text.lines().any(|line| line == "__END__")) => {
            Some("__END__")
        }
        _ => None,
    }
}

/// The tag of PHP, `<?` or `?>`, that decides what stands below a text; none where it has no tags,
/// or ends as it began.
fn tag_left(text: &str) -> Option<&str> {
    let tags = ["<?", "?>"].iter().flat_map(|tag| text.match_indices(tag));
    let mut tags: Vec<(usize, &str)> = tags.collect();
    tags.sort_unstable();
    let (first, last) = (tags.first()?.1, tags.last()?.1);
    (first == last).then_some(last)
}
