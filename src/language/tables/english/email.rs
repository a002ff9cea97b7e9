//! E-mail addresses in English.
//!
//! Thread: any, read only. In: nothing. Out: a table. Memory: none. When late or full: never. Source: ours; last labels of the domains in common use.

use crate::tables::EmailWords;

// Laid out by hand: a phrase a line would be many pages.
#[rustfmt::skip]
pub(super) const EMAIL: EmailWords = EmailWords {
    at: &["at", "at sign", "at symbol"],
    dot: &["dot", "period", "point", "full stop"],
    marks: &[
        ("underscore", '_'),
        ("under score", '_'),
        ("underline", '_'),
        ("dash", '-'),
        ("hyphen", '-'),
        ("minus", '-'),
        ("plus", '+'),
        ("plus sign", '+'),
    ],
    ends: &[
        "com", "net", "org", "edu", "gov", "info", "biz", "io", "co", "uk", "eu", "us", "ca", "au", "nz",
        "ie", "de", "fr", "es", "it", "nl", "be", "at", "ch", "se", "no", "dk", "fi", "pl", "in", "me",
        "tv", "app", "dev", "ai", "cn", "jp", "mx", "br",
    ],
    after_co: &["uk", "nz", "jp", "za", "kr"],
    spoken_ends: &["com", "net", "org", "info", "app", "dev", "gov", "biz"],
    misheard: &[("calm", "com"), ("come", "com"), ("comm", "com"), ("con", "com"), ("nett", "net"), ("orc", "org")],
    domains: &[
        "gmail", "hotmail", "outlook", "yahoo", "icloud", "aol", "protonmail", "proton", "gmx", "live", "msn",
    ],
    announce: &[
        "is", "it's", "that's", "email", "e mail", "mail", "address", "my email", "email's", "to", "me", "under",
        "use", "be", "try", "here", "this", "reach me at", "contact me at", "write to",
    ],
    stops: &[
        "a", "the", "my", "your", "you", "i", "i'm", "i've", "i'd", "have", "has", "had", "can", "could", "would",
        "will", "should", "please", "send", "and", "so", "but", "or", "yes", "yeah", "no", "not", "okay", "ok",
        "sure", "well", "oh", "um", "uh", "it", "that", "this", "on", "for", "of", "in", "with", "just", "think",
        "say", "said", "want", "know", "do", "does", "did", "get", "got", "give", "take", "want", "need", "already",
        "its", "was", "are", "sorry", "actually", "mean", "all", "everything", "work", "personal",
        "then", "yep", "correct", "right", "thanks", "let", "see", "from", "by", "what", "where", "how", "who",
        "when", "why", "there", "they", "we", "he", "she", "our", "us", "them", "about",
    ],
    noise: &[
        "all one word", "one word", "all together", "no spaces", "no space", "all lower case", "all lowercase",
        "lower case", "lowercase", "all small letters", "small letters", "capital", "the letter", "letter",
        "the number", "number", "the word", "spelled", "altogether", "together",
    ],
};
