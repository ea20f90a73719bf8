//! Pages of a text display: where they break, and the header of each.

use crate::cells::{BLUE, BOLD, INVERSE, UNDERLINED, pad, put, width};
use crate::theme::Language;
use crate::words::Word;

/// Where each page begins, counted in rows; at least one page, and none longer than `body_rows`. `stays` says of each
/// row whether it stays with the one above: those go to the next page together, unless a page cannot hold them.
pub(crate) fn page_starts(stays: &[bool], body_rows: usize) -> Vec<usize> {
    let body_rows = body_rows.max(1);
    let mut starts = vec![0];
    let mut begin = 0;
    let mut at = 0;
    while at < stays.len() {
        let together = 1 + stays.iter().skip(at + 1).take_while(|stays| **stays).count();
        let used = at - begin;
        let fits_here = used + together <= body_rows;
        // What is longer than a page begins where at least two of its rows can be seen.
        let begins_here = together > body_rows && used + 2 <= body_rows;
        if used > 0 && !fits_here && !begins_here {
            begin = at;
            starts.push(begin);
        }
        at += together;
        while at - begin > body_rows {
            begin += body_rows;
            starts.push(begin);
        }
    }
    starts
}

/// An app's title without what the platform's own screens begin with: a `*` or anything else that is no letter or
/// digit, which might be taken for one, and the platform's name.
pub(crate) fn app_title(title: &str, language: Language) -> &str {
    let name = Word::Platform.text(language);
    let mut title = title;
    loop {
        title = title.trim_start_matches(|character: char| !character.is_alphanumeric());
        match title.get(..name.len()) {
            Some(start) if start.eq_ignore_ascii_case(name) => {
                title = title.get(name.len()..).unwrap_or_default();
            }
            _ => return title,
        }
    }
}

/// The title and, when there are several, which page this is. The platform's own screens are inverse
/// with its name; no app's are.
pub(crate) fn header(
    platform: bool,
    title: &str,
    language: Language,
    columns: usize,
    (shown, pages): (usize, usize),
) -> Vec<u32> {
    let attributes = if platform { BOLD | INVERSE | BLUE } else { BOLD | UNDERLINED };
    let mut cells = Vec::new();
    let pager = if pages > 1 { format!(" {}/{pages}", shown + 1) } else { String::new() };
    let room = columns.saturating_sub(width(&pager));
    if platform && columns >= 40 {
        let name = format!(" {} · {} | ", Word::Platform.text(language), Word::Secure.text(language));
        put(&mut cells, &name, attributes, room);
    } else if platform {
        put(&mut cells, "*", attributes, room);
    }
    put(&mut cells, title, attributes, room);
    pad(&mut cells, attributes, room);
    put(&mut cells, &pager, attributes, columns);
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_belong_together_share_a_page() {
        let starts = |rows: &str, body_rows| {
            let stays: Vec<bool> = rows.chars().map(|row| row == '+').collect();
            page_starts(&stays, body_rows)
        };
        assert_eq!(starts("", 3), [0]);
        assert_eq!(starts("......", 3), [0, 3]);
        assert_eq!(starts("..+..", 2), [0, 1, 3], "the pair moves on together");
        assert_eq!(starts(".++.++", 3), [0, 3]);
        assert_eq!(starts(".+.++.", 3), [0, 2, 5]);
        assert_eq!(starts("..+++", 3), [0, 3], "longer than a page: broken");
        assert_eq!(starts("...+++", 3), [0, 2, 5], "but not behind its first row");
        assert_eq!(starts("+.+", 1), [0, 1, 2]);
    }

    #[test]
    fn an_apps_title_begins_with_its_own_letters() {
        for (title, expected) in [
            ("*Confirm payment", "Confirm payment"),
            (" \u{200b}＊ ★ Confirm", "Confirm"),
            ("ThinPay · Secure screen | Confirm", "Secure screen | Confirm"),
            ("* thinpay*ThinPay: 付款", "付款"),
            ("银行卡", "银行卡"),
            ("***", ""),
        ] {
            assert_eq!(app_title(title, Language::English), expected);
        }
    }
}
