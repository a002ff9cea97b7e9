//! Yes, no and choosing in English.
//!
//! Thread: any, read only. In: nothing. Out: a table. Memory: none. When late or full: never. Source: ours; `[turn.words.en]` of the config.

use crate::dialogue::language::AnswerWords;

// Laid out by hand: a phrase a line would be many pages.
#[rustfmt::skip]
pub(super) const ANSWERS: AnswerWords = AnswerWords {
    yes: &[
        "yes", "yeah", "yep", "yup", "ya", "yes please", "of course", "absolutely", "definitely", "certainly",
        "correct", "that's correct", "that is correct", "exactly", "that's right", "that is right", "you're right",
        "you are right", "right you are", 
        "please do", "go ahead", "sounds good", "sounds great", "sounds right", "by all means", "indeed", "affirmative",
        "mhm", "aha", "that's it", "that's me", "that's the one", "that's fine",
        "that is fine", "that's okay", "that's good", "that's perfect", "that works", "fine by me", "fine with me", "okay with me", "okay by me", "that would be great", "that would be good", "that would be fine", "that would be perfect", "that would be lovely", "that would be nice", "that would work",
        "i would love that", "i'd love that", "that sounds good", "that sounds great", "that sounds right", "that sounds fine", "that sounds perfect", "sounds about right", "sounds perfect", "sounds fine",
        "works for me", "why not",
        "i'd love to", "i would love to", "i'd like that", "let's do it", "let's do that", "you got it", "you bet",
        "no problem", "for sure", 
        "agreed", "totally", "all correct", "you have it right", "spot on",
        "yes it is", "yes i do", "yes i am", "i'm happy to", "i don't mind", "not a problem", "that's not a problem", "bingo", "precisely",
        "looks good", "all good", "that's all right", "that's alright", "no that's right", "no that's correct",
        "no that's fine", "no that's good", "no you're right",
    ],
    yes_short: &["i do", "i am", "i have", "it is", "i did", "i would", "i will", "i can", "it does", "it did", "it was", "we do", "we are", "we did", "we have", "they are", "they did", "i agree", "true", "you can", "you may", "you could"],
    yes_alone: &["please", "okay", "ok", "sure", "right", "alright", "all right", "fine", "good", "great", "perfect", "cool", "nice", "got it", "very well"],
    yes_perhaps: &["i'd say so", "i would say so", "i'd say yes", "i guess so", "i guess", "i think so", "i suppose so", "i suppose", "i believe so", "i hope so", "probably", "i think yes", "more or less", "kind of", "sort of"],
    no: &[
        "no", "nope", "nah", "no thanks", "no thank you", "not really", "not now", "not yet", "not at all", "not at the moment", "not at this time", "not right now", "please don't", "don't do that", 
        
        
        
        "not today", "not interested", "i'm not interested", "i am not interested", "i don't think so", "i do not think so", "i don't believe so", "neither", "wrong",
        "that's wrong", "that is wrong", "incorrect", "that's incorrect", "that is incorrect", "of course not",
        "i'd rather not", "i would rather not", "i don't want to", "i don't want that", "not correct", "not right",
        "that's not right", "that's not it", "that's not correct", "that isn't right", "that's not me", "that isn't me",
        "absolutely not", "definitely not", "certainly not", "no way", "negative", "false", "not true", "i guess not",
        "that's not", "that is not", "this is not", "i suppose not", "i think not", "probably not", "i'm afraid not", "forget it", "you got it wrong",
        "you've got it wrong", "that's a mistake", "almost", "not quite", "not exactly", "i disagree", "no it isn't",
    ],
    no_short: &["i don't", "i do not", "i'm not", "i am not", "i haven't", "i have not", "i didn't", "i did not", "i can't", "i cannot", "i won't", "i wouldn't", "it isn't", "it is not", "it's not", "it wasn't", "it was not", "it doesn't", "it didn't", "we don't", "we didn't", "we aren't", "we haven't", "they don't", "they didn't", "they weren't", "never"],
    no_clause: &["i don't think", "i do not think", "i don't believe", "i doubt", "i wouldn't say", "i can't say"],
    open: &["maybe", "perhaps", "it depends", "depends", "could be", "possibly", "we'll see", "yes and no", "either", "i might"],
    places: &[
        ("first", 1),
        ("first one", 1),
        ("1st", 1),
        ("number one", 1),
        ("option one", 1),
        ("option 1", 1),
        ("number 1", 1),
        ("option a", 1),
        ("second", 2),
        ("second one", 2),
        ("2nd", 2),
        ("number two", 2),
        ("number 2", 2),
        ("option two", 2),
        ("option 2", 2),
        ("option b", 2),
        ("third", 3),
        ("third one", 3),
        ("3rd", 3),
        ("number three", 3),
        ("number 3", 3),
        ("option three", 3),
        ("option 3", 3),
        ("option c", 3),
        ("fourth", 4),
        ("fourth one", 4),
        ("number four", 4),
        ("number 4", 4),
        ("option four", 4),
        ("last one", -1),
        ("the last", -1),
        ("latter", -1),
        ("former", 1),
    ],
    several: &["both", "either", "any of them", "all of them", "neither", "none", "none of them", "none of those", "whichever"],
    small: &["a", "an", "the", "of", "to", "in", "on", "for", "and", "or", "my", "your", "i", "it", "per", "with", "at", "is"],
};
