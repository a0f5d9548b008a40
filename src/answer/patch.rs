//! Applies a patch that was sent back in place of code, where it fits the old text exactly.

use super::Refusal;
use super::fences::Block;

/// The code that a patch leads to; the block as it is where it is none.
///
/// # Errors
/// When it says that it is a patch and does not fit, or holds marks of a merge.
pub(super) fn without_marks(block: Block, old: &str) -> Result<String, Refusal> {
    let Block { info, text } = block;
    if has_merge_marks(&text) && !has_merge_marks(old) {
        return Err(Refusal::Patch);
    }
    let says_so = says_it_is_one(&info, &text) && !says_it_is_one("", old);
    let looks_so = text.lines().any(|line| line.starts_with(['+', '-']))
        && text
            .lines()
            .all(|line| line.is_empty() || line.starts_with(['+', '-', ' ', '\\', '@']));
    if !says_so && !looks_so {
        return Ok(text);
    }
    match patched(&text, old) {
        Some(new) => Ok(new),
        None if says_so => Err(Refusal::Patch),
        None => Ok(text),
    }
}

fn says_it_is_one(info: &str, text: &str) -> bool {
    let named = info.split_whitespace().next().is_some_and(|word| {
        word.eq_ignore_ascii_case("diff") || word.eq_ignore_ascii_case("patch")
    });
    let mut lines = text.lines().peekable();
    let mut headed = false;
    while let Some(line) = lines.next() {
        headed |= is_hunk_head(line)
            || line.starts_with("--- ")
                && lines.peek().is_some_and(|next| next.starts_with("+++ "));
    }
    named || headed
}

fn is_hunk_head(line: &str) -> bool {
    line.starts_with("@@ ") && line.get(3..).is_some_and(|rest| rest.contains("@@"))
}

fn has_merge_marks(text: &str) -> bool {
    let begins = |mark: &str| text.lines().any(|line| line.trim_start().starts_with(mark));
    begins("<<<<<<< ") && begins("=======") && begins(">>>>>>> ")
}

/// One place of a patch: the lines it wants to find, and what stands there then.
#[derive(Default)]
struct Hunk<'a> {
    old: Vec<&'a str>,
    new: Vec<&'a str>,
}

/// `old` with the patch applied; each of its places must be found exactly once, in order.
fn patched(patch: &str, old: &str) -> Option<String> {
    let lines: Vec<&str> = old.lines().collect();
    let mut new: Vec<&str> = Vec::new();
    let mut passed = 0;
    for hunk in hunks(patch) {
        let at = only_place(&lines, &hunk.old).filter(|at| *at >= passed)?;
        new.extend(lines.get(passed..at)?);
        new.extend(&hunk.new);
        passed = at + hunk.old.len();
    }
    new.extend(lines.get(passed..)?);
    (passed > 0).then(|| new.join("\n"))
}

fn hunks(patch: &str) -> Vec<Hunk<'_>> {
    let mut hunks = vec![Hunk::default()];
    let mut before_hunks = true;
    for line in patch.trim_end_matches('\n').split('\n') {
        let names_a_file = before_hunks
            && ["--- ", "+++ ", "diff ", "index "]
                .iter()
                .any(|head| line.starts_with(head));
        if names_a_file || line.starts_with('\\') {
            continue;
        }
        before_hunks = false;
        if is_hunk_head(line) {
            hunks.push(Hunk::default());
            continue;
        }
        let Some(hunk) = hunks.last_mut() else {
            continue;
        };
        match line.split_at_checked(1) {
            Some(("+", came)) => hunk.new.push(came),
            Some(("-", gone)) => hunk.old.push(gone),
            Some((" ", kept)) => {
                hunk.old.push(kept);
                hunk.new.push(kept);
            }
            _ => {
                hunk.old.push(line);
                hunk.new.push(line);
            }
        }
    }
    hunks.retain(|hunk| !hunk.old.is_empty() || !hunk.new.is_empty());
    hunks
}

/// Where `wanted` stands in `lines`, if at one place alone. The first line of a range may lack the
/// indentation that stands before it.
fn only_place(lines: &[&str], wanted: &[&str]) -> Option<usize> {
    if wanted.is_empty() {
        return None;
    }
    let fits = |at: &usize| {
        let found = lines.iter().skip(*at).take(wanted.len());
        found.zip(wanted).enumerate().all(|(nth, (line, wanted))| {
            line.trim_end() == wanted.trim_end() || at + nth == 0 && line.trim() == wanted.trim()
        })
    };
    let last = lines.len().checked_sub(wanted.len())?;
    let mut places = (0..=last).filter(fits);
    places.next().filter(|_| places.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_is_applied_where_it_fits_and_refused_where_not() {
        let check = |info: &str, text: &str, old: &str, expected: Result<&str, Refusal>| {
            let block = Block {
                info: info.into(),
                text: text.into(),
            };
            assert_eq!(
                without_marks(block, old),
                expected.map(str::to_owned),
                "{text:?}"
            );
        };
        let old = "a\nb\nc\nd";
        check("diff", " a\n-b\n+x\n c\n d", old, Ok("a\nx\nc\nd"));
        check("", " a\n-b\n+x\n c\n d", old, Ok("a\nx\nc\nd"));
        check(
            "",
            "--- a/f\n+++ b/f\n@@ -2,2 +2,1 @@\n b\n-c\n",
            old,
            Ok("a\nb\nd"),
        );
        check(
            "diff",
            "@@ -1 @@\n-a\n+y\n@@ -4 @@\n-d\n+z",
            old,
            Ok("y\nb\nc\nz"),
        );
        check("diff", "-q\n+x", old, Err(Refusal::Patch));
        check("diff", "+x", old, Err(Refusal::Patch));
        check("diff", "-a\n+x", "a\na", Err(Refusal::Patch));
        check("", "- q\n- x", old, Ok("- q\n- x"));
        check("yaml", "- a\n+ b", "- a", Ok("- a\n+ b"));
        check(
            "",
            "<<<<<<< A\na\n=======\nb\n>>>>>>> B",
            old,
            Err(Refusal::Patch),
        );
    }
}
