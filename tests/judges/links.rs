//! Links to images: their places lie in the text, and what is written there means itself.

use std::path::Path;

use gloss::image::{Alt, ImageLink, Markup, as_decorative, links, with_alt};
use gloss::text::{Edit, apply};

/// The input is a language, an alternative text and a document.
pub fn judge(input: &[u8]) {
    let [language, alt, document] = super::texts(input);
    if let Some(markup) = Markup::from_language(&language, Some(Path::new(&language))) {
        lie_in_the_text(markup, &document, &alt);
        let documents = DOCUMENTS.iter().filter(|(its, _)| *its == markup);
        documents.for_each(|(_, document)| means_itself(markup, document, &alt));
    }
}

/// Every range is one of the document's, whatever it holds; half-typed ones are the rule.
pub fn lie_in_the_text(markup: Markup, document: &str, alt: &str) {
    let mut start = 0;
    for link in links(markup, document) {
        assert!(start <= link.range.start, "out of order in {document:?}");
        start = link.range.start;
        assert!(
            document
                .get(link.range.clone())
                .is_some_and(|text| !text.is_empty()),
            "{link:?} in {document:?}"
        );
        assert!(
            document.get(link.alt_range.clone()).is_some(),
            "{link:?} in {document:?}"
        );
        let written = with_alt(&link, alt);
        assert_eq!(link.takes_alt(), !written.is_empty());
        fit(document, &written);
        fit(
            document,
            &as_decorative(document, &link).unwrap_or_default(),
        );
        super::judge_message(&link.file_name(), 60);
    }
}

/// Edits stand in order, on chars of the document.
fn fit(document: &str, edits: &[Edit]) {
    let mut done = 0;
    for edit in edits {
        assert!(done <= edit.range.start, "{edits:?} in {document:?}");
        assert!(
            document.get(edit.range.clone()).is_some(),
            "{edits:?} in {document:?}"
        );
        done = edit.range.end;
    }
}

/// What tells links apart, without their places.
pub fn told(links: Vec<ImageLink>) -> Vec<(Markup, String, Alt, Option<String>)> {
    let told = links
        .into_iter()
        .map(|link| (link.markup, link.target, link.alt, link.title));
    told.collect()
}

/// Alternative text that is written to any link of a document is read back as what it says, and
/// nothing else has changed. What is blank marks an image as decorative where that can be said so.
pub fn means_itself(markup: Markup, text: &str, alt: &str) {
    let words = words(markup, alt);
    if words.is_empty() {
        return;
    }
    let found = links(markup, text);
    for (at, link) in found.iter().enumerate() {
        let edits = with_alt(link, alt);
        let mut expected = told(found.clone());
        if !edits.is_empty() {
            expected[at].2 = Alt::Text(words.clone());
        }
        let edited = apply(text, &edits);
        assert_eq!(told(links(markup, &edited)), expected, "{edited}");
    }
}

/// A text in one line, as far as its markup can say it.
fn words(markup: Markup, alt: &str) -> String {
    let printed = |word: &str| word.chars().filter(|sign| !sign.is_control()).collect();
    let words: Vec<String> = alt.split_whitespace().map(printed).collect();
    let words: Vec<&str> = words
        .iter()
        .map(|word| match markup {
            Markup::Org => word.trim_start_matches(':'),
            _ => word,
        })
        .filter(|word| !word.is_empty())
        .collect();
    let line = words.join(" ");
    match markup {
        Markup::AsciiDoc => line.trim_end_matches(['\\', ' ']).to_owned(),
        _ => line,
    }
}

/// Documents with images in every way to write them.
pub const DOCUMENTS: &[(Markup, &str)] = &[
    (
        Markup::Markdown,
        "# ![](a.png)\n\nb ![c *d*](<e f.png> 'g')![h\ni](j_k.png)\n\n\
     > - ![](l.png)\n> - ![m] ![n][] ![o][p]\n\n\
     | q | r |\n| - | - |\n| ![](s.png) | ![t](u.png) |\n\n\
     [![](v.png)](w)\n<!-- gloss: decorative -->\n![](x.png)\n\n\
     [m]: m.png 'M'\n[n]: n.png\n[p]: p.png\n\n<p>\n<img src=q.png>\n</p>\n\n\
     r <img src='s.png' alt='t'> | u |\n|-|-|\n| <img src=v.png> | ![](w.png) |\n",
    ),
    (
        Markup::Html,
        "<img src=a.png><img src='b.png' alt='c'/>\n<img alt=\"d &amp; e\" src=f.png title=g>\
         <img src=h.png alt><img alt= src=i.png><img src=j.png alt=k/>\
         <picture><source srcset='l.png 1x, m.png 2x'><img\n\tsrc=n.png></picture>\
         <img :src=o src=p.png aria-hidden=true><img src=q.png :alt=r><style>a{b:url(s.png)}</style>",
    ),
    (
        Markup::Component,
        "{#if a < b}<img src=\"c.png\" alt='{d}'><img on:e={() => f > 'g'} src='h.png'/>{/if}",
    ),
    (
        Markup::Jsx,
        "/** ![](a.png) ![b] \n * | ![](c.png) |\n *\n * [b]: d.png */\n\
         const a = <p><img src=\"e.png\" alt={'f'} /><img src={'g.png'}\n/><img alt='' src='h.png' /></p>;\n",
    ),
    (
        Markup::Rust,
        "//! ![](a.png)\nlet b = \"![](c.png)\"; /// ![d\n/// e](f.png)\nfn f() {}\n/** <img src=g.png> */\n",
    ),
    (
        Markup::Rst,
        ".. image:: a.png\n\n.. figure:: b.png\n    :width: 3\n\n    c\n\n* .. |d| image:: e.png\n\n\
         .. image:: f.png\n   :alt:\n\n.. image:: g.png\n   :alt: h\n     i\n   :width: 3\n",
    ),
    (
        Markup::AsciiDoc,
        "image::a.png[]\n\nimage::b.png[c,300]\n\nd image:e.png[] image:f.png[\"g, h\"] image:i.png[width=3]\n\n\
         image::j.png[alt=k,width=3]\n\nimage::l.png[,3]\n\n\
         |===\n|m |image:n.png[] |image:o.png[p \\| q]\n\na|\nimage::r.png[\"s\"]\n|===\n",
    ),
    (
        Markup::Latex,
        "\\includegraphics{a} \\includegraphics*[]{b}\n\\includegraphics[width=1cm]{c}\\includegraphics[alt=d]{e}\n\
         \\includegraphics[alt={f, g}, width=2cm,]{h}\\includegraphics[width=2cm,]{i}",
    ),
    (
        Markup::Typst,
        "#image(\"a.png\") #figure(image(\"b.png\", width: 3cm), caption: [#image(\"c.png\", alt: \"d\")])\n\
         #let e = image(\"f.png\", alt: g)\n",
    ),
    (
        Markup::Org,
        "[[file:a.png]]\n\n  [[file:b.png]] c [[file:d.png]]\n\n#+ATTR_HTML: :width 3\n[[file:e.png]]\n\n\
         #+CAPTION: f\n#+ATTR_HTML: :alt g :width 3\n[[file:h.png]]\n",
    ),
];
