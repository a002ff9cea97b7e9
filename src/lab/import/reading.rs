//! Written signs as a voice reads them: dates, ranges, slashes, dots; remarks in brackets stay silent.
//!
//! Thread: any · In: a text · Out: a text · Memory: the text · Source: ours.

use patter_language::text::is_ideograph;

/// Without what stands in round brackets.
pub(super) fn without_asides(text: &str) -> (String, bool) {
    let mut depth = 0_usize;
    let mut kept = String::with_capacity(text.len());
    let mut had = false;
    for letter in text.chars() {
        match letter {
            '（' | '(' => {
                depth += 1;
                had = true;
            }
            '）' | ')' if depth > 0 => depth -= 1,
            _ if depth == 0 => kept.push(letter),
            _ => {}
        }
    }
    // A bracket that never closes would silence the rest of the line.
    if depth > 0 {
        return (text.replace(['（', '(', '）', ')'], "，"), false);
    }
    (kept, had)
}

/// Dots as a comma, or a full stop at the end.
pub(super) fn pauses(text: &str, spoken: bool) -> String {
    let mut done = String::with_capacity(text.len());
    let rest = text.replace("...", "…");
    let parts: Vec<&str> = rest.split('…').collect();
    for (index, part) in parts.iter().enumerate() {
        if index > 0
            && !part.is_empty()
            && !done.is_empty()
            && !done.ends_with(['，', '。', '？', '！', '：', ':', '、'])
            && !part.starts_with(['，', '。', '？', '！'])
        {
            done.push('，');
        }
        done.push_str(part);
    }
    for (marks, mark) in [("...", "。"), ("？？", "？"), ("??", "?")] {
        while done.contains(marks) {
            done = done.replace(marks, mark);
        }
    }
    if parts.len() > 1 && spoken && done.ends_with(is_ideograph) {
        done.push('。');
    }
    done
}

/// Dates, ranges and slashes as they are read.
pub(super) fn in_words(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let mut done = String::with_capacity(text.len());
    let mut at = 0;
    while at < letters.len() {
        let number_end = |from: usize| {
            letters[from..]
                .iter()
                .take_while(|letter| letter.is_ascii_digit())
                .count()
                + from
        };
        let end = number_end(at);
        if end > at {
            at = number(&letters, at, end, &number_end, &mut done);
            continue;
        }
        let letter = letters[at];
        if matches!(letter, '/' | '／') && at > 0 {
            // 20元/天, but 短信/微信.
            let per = matches!(letters[at - 1], '元' | '%' | '次' | '分' | '}');
            done.push_str(if per { "每" } else { "或" });
        } else {
            done.push(letter);
        }
        at += 1;
    }
    done
}

/// Reads the number in `letters[at..end]` and what belongs to it; returns where it went on to.
fn number(
    letters: &[char],
    at: usize,
    end: usize,
    number_end: &dyn Fn(usize) -> usize,
    done: &mut String,
) -> usize {
    let text = |from: usize, to: usize| -> String { letters[from..to].iter().collect() };
    let value = |from: usize, to: usize| text(from, to).parse::<u32>().unwrap_or(0);
    let is = |place: usize, signs: &str| {
        letters
            .get(place)
            .is_some_and(|letter| signs.contains(*letter))
    };
    let next = |from: usize| {
        let to = is(from, "-~～—–").then(|| number_end(from + 1));
        to.filter(|to| *to > from + 1)
    };
    let second = next(end);
    let is_month = |from: usize, to: usize| to - from == 2 && (1..=12).contains(&value(from, to));
    let is_day = |from: usize, to: usize| to - from == 2 && (1..=31).contains(&value(from, to));
    if let Some(second) = second {
        if end - at == 4
            && is_month(end + 1, second)
            && let Some(third) = next(second)
            && is_day(second + 1, third)
        {
            done.push_str(&format!(
                "{}年{}月{}日",
                text(at, end),
                value(end + 1, second),
                value(second + 1, third)
            ));
            return third;
        }
        if is_month(at, end) && letters[at] == '0' && is_day(end + 1, second) {
            done.push_str(&format!("{}月{}日", value(at, end), value(end + 1, second)));
            return second;
        }
        if end - at <= 3 && second - end <= 4 && next(second).is_none() {
            done.push_str(&format!("{}到{}", text(at, end), text(end + 1, second)));
            return second;
        }
    }
    done.push_str(&text(at, end));
    end
}
