//! Names of persons in English.
//!
//! Thread: any, read only. In: nothing. Out: a table. Memory: none. When late or full: never. Source: ours.
//!
//! Names themselves are in no list: whoever is called otherwise than others are must be understood too. What is listed is what callers say in the place of a name.

use crate::tables::NameWords;

// Laid out by hand: a phrase a line would be many pages.
#[rustfmt::skip]
pub(super) const NAMES: NameWords = NameWords {
    announce: &[
        "my name is", "my name's", "the name is", "the name's", "name is", "name's", "i'm called", "i am called",
        "they call me", "you can call me", "just call me", "call me", "my full name is", "full name is",
        "you're speaking with", "you're speaking to", "you are speaking with", "you are speaking to",
        "you're talking to", "speaking with", "speaking to", "holder is", "my name would be", "name", "i go by", "the account is under", "it's under", "under",
        "under the name", "under the name of", "under the name is", "in the name of", "my maiden name is",
    ],
    announce_weakly: &["this is", "it's", "it is", "i'm", "i am", "that's", "that is", "that would be", "here is", "speaking is"],
    first: &["first name is", "my first name is", "first name's", "first name", "given name is", "given name"],
    last: &[
        "last name is", "my last name is", "last name's", "last name", "surname is", "my surname is", "surname",
        "family name is", "my family name is", "family name", "second name is", "second name",
    ],
    titles: &[
        ("mr", "Mr", "Mister"),
        ("mister", "Mr", "Mister"),
        ("mrs", "Mrs", "Missus"),
        ("missus", "Mrs", "Missus"),
        ("miss", "Miss", "Miss"),
        ("ms", "Ms", "Miz"),
        ("miz", "Ms", "Miz"),
        ("dr", "Dr", "Doctor"),
        ("doctor", "Dr", "Doctor"),
        ("prof", "Professor", "Professor"),
        ("professor", "Professor", "Professor"),
        ("sir", "Sir", "Sir"),
        ("dame", "Dame", "Dame"),
        ("reverend", "Reverend", "Reverend"),
    ],
    particles: &["van", "von", "de", "der", "den", "del", "della", "di", "da", "la", "le", "bin", "ibn", "el", "al", "ter", "dos"],
    others: &[
        "a", "an", "the", "my", "your", "his", "her", "our", "their", "its", "i", "you", "he", "she", "it", "we",
        "they", "me", "him", "us", "them", "myself", "this", "that", "these", "those", "there", "here", "who",
        "what", "when", "where", "why", "how", "which", "whose", "is", "are", "am", "was", "were", "be", "been",
        "being", "do", "does", "did", "done", "have", "has", "had", "can", "can't", "could", "couldn't", "would",
        "wouldn't", "will", "won't", "shall", "should", "shouldn't", "may", "might", "must", "don't", "doesn't",
        "didn't", "isn't", "aren't", "wasn't", "haven't", "it's", "that's", "i'm", "i've", "i'd", "i'll", "what's",
        "where's", "you're", "we're", "they're", "there's", "yes", "yeah", "yep", "yup", "no", "nope", "nah", "not",
        "okay", "ok", "sure", "fine", "right", "wrong", "correct", "alright", "well", "please", "thanks", "thank",
        "sorry", "hello", "hi", "hey", "bye", "goodbye", "and", "or", "but", "so", "because", "if", "then", "than",
        "as", "at", "by", "for", "from", "in", "into", "of", "off", "on", "onto", "out", "over", "to", "under", "up",
        "with", "without", "about", "after", "before", "again", "also", "just", "only", "really", "very", "too",
        "maybe", "perhaps", "now", "today", "tomorrow", "still", "already", "never", "ever", "always", "some",
        "any", "none", "nothing", "something", "anything", "everything", "nobody", "somebody", "someone", "anyone",
        "all", "more", "most", "much", "many", "few", "little", "lot", "bit", "one", "two", "three", "four", "five",
        "six", "seven", "eight", "nine", "ten", "first", "second", "third", "last", "next", "other", "another",
        "same", "name", "number", "email", "address", "phone", "account", "card", "charge", "bill", "price",
        "money", "cost", "call", "calling", "called", "say", "said", "says", "saying", "tell", "told", "talk",
        "talking", "speak", "speaking", "repeat", "mean", "know", "think", "guess", "want", "wanna", "need", "like",
        "get", "got", "give", "go", "going", "gonna", "come", "make", "take", "see", "look", "looking", "help",
        "wait", "hold", "moment", "minute", "question", "problem", "issue", "good", "great", "bad", "nice",
        "perfect", "cool", "interested", "busy", "driving", "working", "happy", "unhappy", "upset", "angry", "tired",
        "late", "early", "available", "free", "ready", "afraid", "glad", "new", "old", "private", "personal",
        "confidential", "secret", "complicated", "difficult", "easy", "hard", "urgent", "important", "ridiculous",
        "terrible", "awful", "crazy", "weird", "annoying", "expensive", "cheap", "true", "false", "enough", "over",
        "business", "customer", "member", "client", "trying", "waiting", "having", "getting", "asking", "wondering",
        "hoping", "doing", "using", "spelled", "spelt", "spell", "course", "yourself", "let", "let's", "stop",
        "cancel", "human", "robot", "person", "people", "agent", "else", "way", "thing", "time", "day", "not-",
        "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "whatever", "whoever",
        "pardon", "excuse", "english", "spanish", "idea", "forget", "forgot", "forgotten", "remember", "between",
        "us", "once", "twice", "why", "correct", "incorrect", "back", "down", "home", "house", "my", "mine", "yours",
        "both", "either", "neither", "same", "different", "kind", "sort", "type", "anytime", "sick", "retired", "married",
        "single", "absolutely", "definitely", "exactly", "actually", "honestly", "basically", "obviously", "probably",
    ],
    spelling: &["spelled", "spelt", "is spelled", "is spelt", "that's", "that is", "it's", "that's spelled", "it's spelled", "is written", "written"],
    ends: &[
        "is my name", "is the name", "speaking", "here", "calling", "from", "and", "but", "with", "thanks", "thank", "please", "by", "at", "on",
        "i", "i'm", "i'd", "it's", "that's", "you", "with", "is", "as", "spelled", "spelt", "for", "my", "the", "who",
        "if", "or", "so", "in", "not",
    ],
    verb_ends: &["ing", "ed"],
};
