//! A word without the endings of English grammar.
//!
//! In: a word in lower case. Out: the word without its endings. Memory: the word's own. Source: Porter, "An algorithm
//! for suffix stripping" (1980), step 1; the later steps join words that differ in meaning ("general", "generate"), and
//! what they would win the trigrams of retrieval win.
//!
//! Two ways for two uses. [`singular`] takes off the plural alone and leaves a word that stands in lists: "companies"
//! is "company". [`stem`] cuts more and leaves what is only compared: "cancelling" is "cancel", but "companies"
//! "compani".

/// Shorter words have no endings.
const SHORTEST: usize = 3;

/// The stem of `word`: without plurals, past and "-ing". A word with any letter beyond a to z stays as it is.
pub fn stem(mut word: String) -> String {
    let plain = word.bytes().all(|letter| letter.is_ascii_lowercase());
    if plain && word.len() >= SHORTEST {
        plural(&mut word);
        past_and_ing(&mut word);
        final_y(&mut word);
    }
    word
}

/// A word without its plural or possessive: "companies" is "company", "year's" is "year".
pub fn singular(plain: &str) -> String {
    let word = plain.strip_suffix("'s").unwrap_or(plain);
    let stemmed = match word {
        _ if word.len() < 4 || word.ends_with("ss") || word.ends_with("us") => word,
        _ if word.ends_with("ies") => return format!("{}y", &word[..word.len() - 3]),
        _ if ["sses", "xes", "ches", "shes"]
            .iter()
            .any(|end| word.ends_with(end)) =>
        {
            &word[..word.len() - 2]
        }
        _ => word.strip_suffix('s').unwrap_or(word),
    };
    stemmed.to_owned()
}

/// Step 1a.
fn plural(word: &mut String) {
    let cut = match word.as_str() {
        word if word.ends_with("sses") || word.ends_with("ies") => 2,
        word if word.ends_with("ss") => 0,
        word if word.ends_with('s') => 1,
        _ => 0,
    };
    word.truncate(word.len() - cut);
}

/// Step 1b.
fn past_and_ing(word: &mut String) {
    if let Some(before) = word.strip_suffix("eed") {
        if measure(before) > 0 {
            word.pop();
        }
        return;
    }
    let ending = ["ed", "ing"]
        .into_iter()
        .find(|end| word.strip_suffix(end).is_some_and(has_vowel));
    let Some(ending) = ending else {
        return;
    };
    word.truncate(word.len() - ending.len());
    if ["at", "bl", "iz"].iter().any(|end| word.ends_with(end)) {
        word.push('e');
    } else if ends_doubled(word) && !word.ends_with(['l', 's', 'z']) {
        word.pop();
    } else if measure(word) == 1 && ends_short(word) {
        word.push('e');
    }
}

/// Step 1c.
fn final_y(word: &mut String) {
    if word.strip_suffix('y').is_some_and(has_vowel) {
        word.pop();
        word.push('i');
    }
}

/// Whether each letter is a vowel; "y" is one after a consonant.
fn vowels(word: &str) -> impl Iterator<Item = bool> {
    let mut before = true;
    word.bytes().map(move |letter| {
        before = matches!(letter, b'a' | b'e' | b'i' | b'o' | b'u') || letter == b'y' && !before;
        before
    })
}

fn has_vowel(word: &str) -> bool {
    vowels(word).any(|vowel| vowel)
}

/// Porter's m: how often consonants follow vowels.
fn measure(word: &str) -> usize {
    let mut before = false;
    vowels(word)
        .filter(|&vowel| std::mem::replace(&mut before, vowel) && !vowel)
        .count()
}

/// Whether it ends in the same consonant twice.
fn ends_doubled(word: &str) -> bool {
    let consonant = vowels(word).last() == Some(false);
    let mut letters = word.bytes().rev();
    consonant && letters.next() == letters.next()
}

/// Porter's *o: whether it ends in consonant, vowel, and a consonant that is not w, x or y, as in "hop".
fn ends_short(word: &str) -> bool {
    let start = word.len().saturating_sub(3);
    vowels(word).skip(start).eq([false, true, false]) && !word.ends_with(['w', 'x', 'y'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_of_grammar_are_cut_as_in_the_paper() {
        for (word, stemmed) in [
            ("caresses", "caress"),
            ("ponies", "poni"),
            ("cats", "cat"),
            ("feed", "feed"),
            ("agreed", "agree"),
            ("plastered", "plaster"),
            ("bled", "bled"),
            ("motoring", "motor"),
            ("sing", "sing"),
            ("conflated", "conflate"),
            ("troubled", "trouble"),
            ("sized", "size"),
            ("hopping", "hop"),
            ("falling", "fall"),
            ("hissing", "hiss"),
            ("filing", "file"),
            ("failing", "fail"),
            ("happy", "happi"),
            ("sky", "sky"),
        ] {
            assert_eq!(stem(word.into()), stemmed, "{word}");
        }
    }

    #[test]
    fn short_words_figures_and_other_scripts_stay() {
        for word in ["", "is", "s", "29", "50s", "jährlichs", "классы", "l'été"] {
            assert_eq!(stem(word.into()), word);
        }
    }

    #[test]
    fn plurals_and_possessives_share_a_stem() {
        for (word, stemmed) in [
            ("days", "day"),
            ("classes", "class"),
            ("business", "business"),
            ("companies", "company"),
            ("year's", "year"),
            ("gas", "gas"),
        ] {
            assert_eq!(singular(word), stemmed);
        }
    }
}
