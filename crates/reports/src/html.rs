//! Printable pages: one HTML file each, with its style inside, no script, nothing loaded.
//!
//! Markup can only be written from literals of this program; everything else goes through [`Html::text`] or
//! [`Html::foreign`], which escape. The page forbids itself by policy to load or run anything.

use crate::{Letterhead, Total};

const STYLE: &str = include_str!("page.css");

/// A page under construction.
#[derive(Debug, Default)]
pub(crate) struct Html {
    out: String,
}

/// How loud a cell or a figure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loud {
    Plain,
    Strong,
}

impl Html {
    /// Begins a page: head, style and letterhead. `footer` stands at the foot of each printed page; `dense` is for
    /// amounts of unusual length.
    pub(crate) fn page(
        letterhead: &Letterhead,
        title: &str,
        subtitle: &str,
        footer: &str,
        dense: bool,
    ) -> Self {
        let mut html = Self::default();
        let language = letterhead.language;
        html.raw("<!DOCTYPE html>\n<html lang=\"")
            .raw(language.tag())
            .raw("\">\n<head>\n<meta charset=\"utf-8\">\n");
        html.raw("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n");
        html.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>");
        html.text(title).raw(" · ").text(subtitle).raw(" · ").text(&letterhead.operator);
        html.raw("</title>\n<style>\n").raw(STYLE);
        // The only text inside the style sheet; as hexadecimal escapes it can end neither string nor element.
        html.raw("@page{@bottom-left{content:\"");
        html.css(footer);
        html.raw("\"}@bottom-right{content:");
        html.raw(language.say(
            "\"Page \" counter(page) \" of \" counter(pages)",
            "\"第 \" counter(page) \" 页，共 \" counter(pages) \" 页\"",
        ));
        html.raw("}}\n</style>\n</head>\n<body>\n").raw(if dense {
            "<main class=\"dense\">"
        } else {
            "<main>"
        });
        html.raw("\n<header>\n<p class=\"operator\">").foreign(&letterhead.operator);
        html.raw("</p>\n<div class=\"title\">\n<h1>")
            .text(title)
            .raw("</h1>\n<p>")
            .text(subtitle)
            .raw("</p>\n</div>\n</header>\n");
        html
    }

    /// Ends the page.
    pub(crate) fn finish(mut self) -> String {
        self.raw("</main>\n</body>\n</html>\n");
        self.out
    }

    /// Markup of this program.
    pub(crate) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.out.push_str(markup);
        self
    }

    /// Text, escaped.
    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        for character in text.chars() {
            match character {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '"' => self.out.push_str("&quot;"),
                '\'' => self.out.push_str("&#39;"),
                '\n' | '\t' => self.out.push(character),
                '\r' => self.out.push('\n'),
                // Forced writing directions would show an amount or a name back to front.
                '\u{202d}' | '\u{202e}' => self.out.push('\u{fffd}'),
                control if control.is_control() => self.out.push('\u{fffd}'),
                other => self.out.push(other),
            }
        }
        self
    }

    /// Text that came from outside: escaped, and isolated so that its writing direction stays its own.
    pub(crate) fn foreign(&mut self, text: &str) -> &mut Self {
        self.raw("<bdi>").text(text).raw("</bdi>")
    }

    fn css(&mut self, text: &str) {
        for character in text.chars() {
            let code = if character.is_control() { 0xfffd } else { u32::from(character) };
            if character.is_ascii_alphanumeric() {
                self.out.push(character);
            } else {
                self.out.push_str(&format!("\\{code:06x}"));
            }
        }
    }

    /// One of the facts at the head of a report.
    pub(crate) fn fact(&mut self, name: &str, value: &str) {
        self.raw("<div><dt>").text(name).raw("</dt><dd>").foreign(value).raw("</dd></div>\n");
    }

    /// One of the large figures.
    pub(crate) fn figure(&mut self, name: &str, amount: Total, note: &str, loud: Loud) {
        self.raw(match loud {
            Loud::Plain => "<div>",
            Loud::Strong => "<div class=\"strong\">",
        });
        self.raw("<dt>").text(name).raw("</dt><dd>").text(&amount.grouped());
        self.raw(" <small>").text(amount.currency().code()).raw("</small></dd>");
        if !note.is_empty() {
            self.raw("<dd class=\"note\">").text(note).raw("</dd>");
        }
        self.raw("</div>\n");
    }

    /// Begins a table; a heading with `true` stands over numbers.
    pub(crate) fn table(&mut self, headings: &[(&str, bool)]) {
        self.raw("<div class=\"wide\"><table>\n<thead><tr>");
        for (heading, number) in headings {
            self.raw(if *number { "<th scope=\"col\" class=\"n\">" } else { "<th scope=\"col\">" });
            self.text(heading).raw("</th>");
        }
        self.raw("</tr></thead>\n<tbody>\n");
    }

    pub(crate) fn end_table(&mut self) {
        self.raw("</tbody>\n</table></div>\n");
    }

    /// A cell with an amount; nothing is shown for none.
    pub(crate) fn amount(&mut self, amount: Option<Total>) {
        self.raw("<td class=\"n\">");
        if let Some(amount) = amount {
            self.text(&amount.grouped());
        }
        self.raw("</td>");
    }

    /// A cell with a count.
    pub(crate) fn count(&mut self, count: u64) {
        self.raw("<td class=\"n\">").text(&crate::amount::grouped_count(count)).raw("</td>");
    }

    /// A cell with a word of ours that is not broken.
    pub(crate) fn cell(&mut self, text: &str) {
        self.raw("<td class=\"day\">").text(text).raw("</td>");
    }

    /// The box above everything else: what is wrong with the figures.
    pub(crate) fn alarm(&mut self, title: &str, findings: &[String]) {
        if findings.is_empty() {
            return;
        }
        self.raw("<section class=\"alarm\" role=\"alert\">\n<h2>").text(title).raw("</h2>\n<ul>\n");
        for finding in findings {
            self.raw("<li>").foreign(finding).raw("</li>\n");
        }
        self.raw("</ul>\n</section>\n");
    }

    /// Where people sign.
    pub(crate) fn signatures(&mut self, letterhead: &Letterhead) {
        let language = letterhead.language;
        self.raw("<div class=\"sign\">\n");
        for name in [
            language.say("Prepared by", "制表"),
            language.say("Checked by", "复核"),
            language.say("Date", "日期"),
        ] {
            self.raw("<div>").text(name).raw("</div>\n");
        }
        self.raw("</div>\n");
    }

    /// The small print: when it was made, and which clock it uses.
    pub(crate) fn small_print(&mut self, letterhead: &Letterhead, more: &str) {
        let language = letterhead.language;
        let clock = letterhead.zone.clock(letterhead.issued);
        self.raw("<footer>\n<p>").text(more);
        self.text(language.say(" Made on ", "制表时间："));
        self.text(&clock.words(language));
        self.text(language.say("; days and times are those of ", "；日期和时间按 "));
        self.foreign(letterhead.zone.name());
        if letterhead.zone.name() != clock.offset {
            self.text(language.say(" (UTC", "（UTC")).text(&clock.offset).text(language.say(")", "）"));
        }
        self.text(language.say(".", " 计。")).raw("</p>\n</footer>\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped() {
        let mut html = Html::default();
        html.foreign("<script>alert('&\"')</script>\0\u{1b}\r");
        assert_eq!(
            html.out,
            "<bdi>&lt;script&gt;alert(&#39;&amp;&quot;&#39;)&lt;/script&gt;\u{fffd}\u{fffd}\n</bdi>"
        );
    }

    #[test]
    fn text_in_the_style_stays_a_string() {
        let mut html = Html::default();
        html.css("A1\"}</style>\\\n");
        assert_eq!(html.out, "A1\\000022\\00007d\\00003c\\00002fstyle\\00003e\\00005c\\00fffd");
    }
}
