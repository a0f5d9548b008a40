//! The clean-ups that go by syntax tree, each so narrow that it cannot change what code does.

use std::ops::Range as Span;

use tree_sitter::Node;

use super::facts::is_comment;
use super::parse::{self, Parsed, named_children, preorder};
use crate::syntax::Language;

/// What was tidied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cleanup {
    Return,
    BoolComparison,
    Parentheses,
    NotOperator,
    Semicolon,
    FieldName,
    RangeVariable,
    TrailingBlanks,
    BlankLines,
}

impl Cleanup {
    /// What it is called, one and many.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Return => ("needless `return` dropped", "needless `return`s dropped"),
            Self::BoolComparison => (
                "comparison with a boolean literal shortened",
                "comparisons with boolean literals shortened",
            ),
            Self::Parentheses => (
                "pair of needless parentheses removed",
                "pairs of needless parentheses removed",
            ),
            Self::NotOperator => (
                "negated operator put in order",
                "negated operators put in order",
            ),
            Self::Semicolon => ("stray semicolon removed", "stray semicolons removed"),
            Self::FieldName => (
                "repeated field name shortened",
                "repeated field names shortened",
            ),
            Self::RangeVariable => (
                "unused range variable dropped",
                "unused range variables dropped",
            ),
            Self::TrailingBlanks => (
                "line freed of trailing white space",
                "lines freed of trailing white space",
            ),
            Self::BlankLines => ("surplus blank line removed", "surplus blank lines removed"),
        }
    }
}

/// Put this text in place of these bytes of [`Parsed::source`].
#[derive(Debug, PartialEq, Eq)]
pub struct Edit {
    pub span: Span<usize>,
    pub text: String,
    pub cleanup: Cleanup,
}

/// Whether white space within such a node may mean something, and nothing in it is touched.
pub fn is_closed(kind: &str) -> bool {
    is_comment(kind)
        || matches!(
            kind,
            "string_literal"
                | "raw_string_literal"
                | "char_literal"
                | "interpreted_string_literal"
                | "rune_literal"
                | "string"
                | "template_string"
                | "template_literal_type"
                | "regex"
                | "jsx_element"
                | "jsx_self_closing_element"
                | "jsx_fragment"
                // What a macro makes of its tokens is not known.
                | "token_tree"
                | "macro_definition"
        )
}

/// The edits that apply, in order, none within another.
pub fn edits(language: Language, parsed: &Parsed) -> Vec<Edit> {
    let mut edits: Vec<Edit> = Vec::new();
    for node in parsed.nodes_unless(is_closed) {
        let Some(edit) = edit(language, parsed, node) else {
            continue;
        };
        let overlaps = edits
            .last()
            .is_some_and(|last| edit.span.start < last.span.end);
        let outside = edit.span.start < parsed.start || edit.span.end > parsed.end;
        if !overlaps && !outside {
            edits.push(edit);
        }
    }
    edits
}

fn edit(language: Language, parsed: &Parsed, node: Node<'_>) -> Option<Edit> {
    use Language::{Go, JavaScript, Python, Rust, Tsx, TypeScript};
    match (language, node.kind()) {
        (Rust, "return_expression") => needless_return(parsed, node),
        (Rust, "binary_expression") => bool_comparison(parsed, node),
        (Rust, "field_initializer") => field_name(parsed, node),
        (
            Rust | Python,
            "if_expression" | "if_statement" | "elif_clause" | "while_expression"
            | "while_statement",
        )
        | (Go, "if_statement" | "for_statement") => condition(language, parsed, node),
        (JavaScript | TypeScript | Tsx, "if_statement" | "while_statement" | "do_statement") => {
            doubled_parentheses(parsed, node)
        }
        (Python, "not_operator") => not_operator(parsed, node),
        (Python, ";") => python_semicolon(parsed, node),
        (Rust | JavaScript | TypeScript | Tsx, "empty_statement") => {
            doubled_semicolon(parsed, node)
        }
        (Go, "range_clause") => range_variable(parsed, node),
        _ => None,
    }
}

fn only_named_child(node: Node<'_>) -> Option<Node<'_>> {
    node.named_child(0)
        .filter(|_| node.named_child_count() == 1)
}

/// `return x;` as the last statement of a function or a closure.
fn needless_return(parsed: &Parsed, node: Node<'_>) -> Option<Edit> {
    let value = only_named_child(node).filter(|value| is_plain_value(parsed, *value))?;
    let parent = node.parent()?;
    let statement = if parent.kind() == "expression_statement" {
        parent
    } else {
        node
    };
    let block = statement.parent().filter(|block| block.kind() == "block")?;
    let owner = block.parent()?;
    let is_body = matches!(owner.kind(), "function_item" | "closure_expression")
        && owner.child_by_field_name("body") == Some(block);
    let last = named_children(block)
        .filter(|child| !is_comment(child.kind()))
        .last();
    // An attribute may take the statement out, so that another one is the last.
    let has_attribute = statement
        .prev_named_sibling()
        .is_some_and(|before| before.kind() == "attribute_item");
    (is_body && last == Some(statement) && !has_attribute).then(|| Edit {
        span: statement.byte_range(),
        text: parsed.text(value).to_owned(),
        cleanup: Cleanup::Return,
    })
}

/// Whether a value leaves no temporary behind that would now live until after the function's
/// variables are gone: before edition 2024 those of a last expression do, and may not compile.
fn is_plain_value(parsed: &Parsed, value: Node<'_>) -> bool {
    preorder(value)
        .filter(Node::is_named)
        .all(|node| match node.kind() {
            "field_expression" => node.child_by_field_name("value").is_some_and(is_place),
            "reference_expression" => node.child_by_field_name("value").is_some_and(is_place),
            "unary_expression" => {
                !parsed.text(node).starts_with('*') || node.named_child(0).is_some_and(is_place)
            }
            "binary_expression" => {
                let operator = node.child_by_field_name("operator");
                let compares = operator.is_some_and(|operator| {
                    matches!(parsed.text(operator), "==" | "!=" | "<" | ">" | "<=" | ">=")
                });
                !compares || named_children(node).all(is_place_or_literal)
            }
            "identifier"
            | "self"
            | "crate"
            | "super"
            | "field_identifier"
            | "type_identifier"
            | "primitive_type"
            | "scoped_identifier"
            | "scoped_type_identifier"
            | "call_expression"
            | "arguments"
            | "parenthesized_expression"
            | "tuple_expression"
            | "unit_expression"
            | "struct_expression"
            | "field_initializer_list"
            | "field_initializer"
            | "shorthand_field_initializer"
            | "type_cast_expression"
            | "mutable_specifier"
            | "integer_literal"
            | "float_literal"
            | "boolean_literal"
            | "char_literal"
            | "string_literal"
            | "string_content"
            | "escape_sequence" => true,
            _ => false,
        })
}

/// A variable, or a field of one.
fn is_place(node: Node<'_>) -> bool {
    let mut at = node;
    while at.kind() == "field_expression" {
        match at.child_by_field_name("value") {
            Some(value) => at = value,
            None => return false,
        }
    }
    matches!(at.kind(), "identifier" | "self")
}

fn is_place_or_literal(node: Node<'_>) -> bool {
    is_place(node) || node.kind().ends_with("_literal")
}

/// `x == true` and its like, where `x` is seen to be a `bool`: a type of
/// one's own may be compared with one too, as `serde_json::Value` is.
fn bool_comparison(parsed: &Parsed, node: Node<'_>) -> Option<Edit> {
    let field = |name| node.child_by_field_name(name);
    let (left, right) = (field("left")?, field("right")?);
    if node.named_child_count() != 2 || right.kind() != "boolean_literal" || !is_bool(parsed, left)
    {
        return None;
    }
    let holds = match (parsed.text(field("operator")?), parsed.text(right)) {
        ("==", "true") | ("!=", "false") => true,
        ("==", "false") | ("!=", "true") => false,
        _ => return None,
    };
    let operand = parsed.text(left);
    let binds_tightly = matches!(
        left.kind(),
        "identifier" | "call_expression" | "parenthesized_expression"
    );
    let text = match (holds, binds_tightly) {
        (true, _) => operand.to_owned(),
        (false, true) => format!("!{operand}"),
        (false, false) => format!("!({operand})"),
    };
    Some(Edit {
        span: node.byte_range(),
        text,
        cleanup: Cleanup::BoolComparison,
    })
}

fn is_bool(parsed: &Parsed, node: Node<'_>) -> bool {
    let mut at = node;
    while at.kind() == "parenthesized_expression" {
        match only_named_child(at) {
            Some(inner) => at = inner,
            None => return false,
        }
    }
    match at.kind() {
        "boolean_literal" => true,
        "identifier" => is_declared_bool(parsed, at),
        "binary_expression" => at.child_by_field_name("operator").is_some_and(|operator| {
            matches!(
                parsed.text(operator),
                "==" | "!=" | "<" | ">" | "<=" | ">=" | "&&" | "||"
            )
        }),
        "call_expression" => at
            .child_by_field_name("function")
            .and_then(|function| function.child_by_field_name("field"))
            .is_some_and(|method| is_predicate(parsed.text(method))),
        _ => false,
    }
}

/// Methods of the standard library that answer with a `bool`.
fn is_predicate(method: &str) -> bool {
    matches!(
        method,
        "is_empty"
            | "is_some"
            | "is_none"
            | "is_ok"
            | "is_err"
            | "is_file"
            | "is_dir"
            | "is_alphabetic"
            | "is_alphanumeric"
            | "is_ascii"
            | "is_ascii_digit"
            | "is_numeric"
            | "is_whitespace"
            | "contains_key"
            | "starts_with"
            | "ends_with"
    )
}

/// Whether a name is a parameter `name: bool` of the function around it, and
/// nothing else in that function binds the name.
fn is_declared_bool(parsed: &Parsed, node: Node<'_>) -> bool {
    let name = parsed.text(node);
    let mut around = std::iter::successors(node.parent(), Node::parent);
    let Some(function) = around.find(|node| node.kind() == "function_item") else {
        return false;
    };
    let mut bindings = preorder(function)
        .filter(|other| matches!(other.kind(), "identifier" | "shorthand_field_identifier"))
        .filter(|other| parsed.text(*other) == name)
        .filter_map(binding);
    let only = bindings.next().filter(|_| bindings.next().is_none());
    only.is_some_and(|binding| {
        let of_this_function = binding.parent() == function.child_by_field_name("parameters");
        let declared = binding.child_by_field_name("type");
        binding.kind() == "parameter"
            && of_this_function
            && declared.is_some_and(|declared| parsed.text(declared) == "bool")
    })
}

/// What binds a name, where it stands in a pattern: a parameter, a `let`, an arm, a closure.
fn binding(name: Node<'_>) -> Option<Node<'_>> {
    let mut at = name;
    loop {
        let parent = at.parent()?;
        if parent.child_by_field_name("pattern") == Some(at)
            || parent.kind() == "closure_parameters"
        {
            return Some(parent);
        }
        if !parent.kind().ends_with("_pattern") {
            return None;
        }
        at = parent;
    }
}

/// `A { b: b }`.
fn field_name(parsed: &Parsed, node: Node<'_>) -> Option<Edit> {
    let (field, value) = (
        node.child_by_field_name("field")?,
        node.child_by_field_name("value")?,
    );
    let is_same = field.kind() == "field_identifier"
        && value.kind() == "identifier"
        && parsed.text(field) == parsed.text(value)
        && node.named_child_count() == 2;
    is_same.then(|| Edit {
        span: node.byte_range(),
        text: parsed.text(field).to_owned(),
        cleanup: Cleanup::FieldName,
    })
}

/// `if (x) {` where the language wants no parentheses.
fn condition(language: Language, parsed: &Parsed, node: Node<'_>) -> Option<Edit> {
    let condition = node
        .child_by_field_name("condition")
        .or_else(|| {
            node.named_child(0)
                .filter(|_| node.kind() == "for_statement")
        })
        .filter(|condition| condition.kind() == "parenthesized_expression")?;
    let inner = innermost(condition)?;
    let text = parsed.text(condition);
    // A brace could be taken for that of the body; in Go and Python a line break
    // within parentheses does not end the statement.
    if text.contains(['{', '\n', '\r']) || !may_stand_bare(language, inner.kind()) {
        return None;
    }
    let before = parsed
        .source
        .get(..condition.start_byte())?
        .chars()
        .last()?;
    let after = parsed.source.get(condition.end_byte()..)?.chars().next()?;
    let lead = if before.is_whitespace() { "" } else { " " };
    let tail = if after.is_whitespace() || after == ':' {
        ""
    } else {
        " "
    };
    Some(Edit {
        span: condition.byte_range(),
        text: format!("{lead}{}{tail}", parsed.text(inner)),
        cleanup: Cleanup::Parentheses,
    })
}

/// What stands in any number of parentheses; none where a comment stands there too.
fn innermost(node: Node<'_>) -> Option<Node<'_>> {
    let mut at = node;
    while at.kind() == "parenthesized_expression" {
        at = only_named_child(at)?;
    }
    Some(at)
}

fn may_stand_bare(language: Language, kind: &str) -> bool {
    let common = matches!(
        kind,
        "identifier"
            | "binary_expression"
            | "unary_expression"
            | "call_expression"
            | "index_expression"
            | "true"
            | "false"
    );
    common
        || match language {
            Language::Rust => matches!(kind, "field_expression" | "boolean_literal"),
            Language::Go => kind == "selector_expression",
            Language::Python => matches!(
                kind,
                "call"
                    | "comparison_operator"
                    | "boolean_operator"
                    | "not_operator"
                    | "attribute"
                    | "subscript"
            ),
            _ => false,
        }
}

/// `if ((x))`. Around an assignment the second pair says that it is meant.
fn doubled_parentheses(parsed: &Parsed, node: Node<'_>) -> Option<Edit> {
    let condition = node.child_by_field_name("condition")?;
    let second =
        only_named_child(condition).filter(|inner| inner.kind() == "parenthesized_expression")?;
    let inner = innermost(second)?;
    let is_meant = matches!(
        inner.kind(),
        "assignment_expression" | "augmented_assignment_expression" | "sequence_expression"
    );
    (!is_meant).then(|| Edit {
        span: condition.byte_range(),
        text: format!("({})", parsed.text(inner)),
        cleanup: Cleanup::Parentheses,
    })
}

/// `not x in y` and `not x is y`.
fn not_operator(parsed: &Parsed, node: Node<'_>) -> Option<Edit> {
    let comparison =
        only_named_child(node).filter(|inner| inner.kind() == "comparison_operator")?;
    let operator = comparison
        .child(1)
        .filter(|_| comparison.child_count() == 3)?;
    let (left, right) = (comparison.child(0)?, comparison.child(2)?);
    let text = |node| parsed.text(node);
    let operator = match operator.kind() {
        "in" => "not in",
        "is" => "is not",
        _ => return None,
    };
    let is_negated_itself = node
        .parent()
        .is_some_and(|parent| parent.kind() == "not_operator");
    (!is_negated_itself && !text(comparison).contains(['\n', '\r'])).then(|| Edit {
        span: node.byte_range(),
        text: format!("{} {operator} {}", text(left), text(right)),
        cleanup: Cleanup::NotOperator,
    })
}

/// `x = 1;` at the end of a line.
fn python_semicolon(parsed: &Parsed, node: Node<'_>) -> Option<Edit> {
    let before = parsed.source.get(parsed.start..node.start_byte())?;
    let after = parsed.source.get(node.end_byte()..parsed.end)?;
    let ends_line = after
        .trim_start_matches([' ', '\t'])
        .starts_with(['\n', '\r', '#']);
    let blanks = before.len() - before.trim_end_matches([' ', '\t']).len();
    ends_line.then(|| Edit {
        span: node.start_byte() - blanks..node.end_byte(),
        text: String::new(),
        cleanup: Cleanup::Semicolon,
    })
}

/// The second semicolon of `x;;`.
fn doubled_semicolon(parsed: &Parsed, node: Node<'_>) -> Option<Edit> {
    let holds_statements = matches!(
        node.parent()?.kind(),
        "block" | "source_file" | "statement_block" | "program"
    );
    let before = node.prev_sibling()?;
    let is_doubled = holds_statements
        && parsed.text(node) == ";"
        && !is_comment(before.kind())
        && before.end_byte() == node.start_byte()
        && parsed.text(before).ends_with(';');
    is_doubled.then(|| Edit {
        span: node.byte_range(),
        text: String::new(),
        cleanup: Cleanup::Semicolon,
    })
}

/// `for i, _ := range x` and `for _ = range x`, which the specification of Go
/// calls equivalent to the clause without the blank identifier.
fn range_variable(parsed: &Parsed, node: Node<'_>) -> Option<Edit> {
    let left = node.child_by_field_name("left")?;
    let names: Vec<Node<'_>> = named_children(left).collect();
    let is_blank = |node: &Node<'_>| parsed.text(*node) == "_";
    let (span, text) = match names.as_slice() {
        [only] if is_blank(only) => {
            let range = (0..node.child_count())
                .filter_map(|index| node.child(index))
                .find(|child| child.kind() == "range")?;
            (node.start_byte()..range.start_byte(), String::new())
        }
        [first, second] if is_blank(second) && !is_blank(first) => {
            (left.byte_range(), parsed.text(*first).to_owned())
        }
        _ => return None,
    };
    let has_comment = parse::preorder(node).any(|child| is_comment(child.kind()));
    (!has_comment).then_some(Edit {
        span,
        text,
        cleanup: Cleanup::RangeVariable,
    })
}
