//! How English callers talk around what they give.
//!
//! Thread: any, read only. In: nothing. Out: a table. Memory: none. When late or full: never. Source: ours; `[turn.words.en]` of the config.

use crate::tables::TalkWords;

// Laid out by hand: a phrase a line would be many pages.
#[rustfmt::skip]
pub(super) const TALK: TalkWords = TalkWords {
    hesitations: &[
        "um", "umm", "uhm", "uh", "uhh", "er", "erm", "err", "eh", "hmm", "hm", "mm", "mmm", "ah", "ahh", "huh",
    ],
    hums: &[("mm hmm", "mhm"), ("mm hm", "mhm"), ("uh huh", "mhm"), ("mm mm", "nope"), ("uh uh", "nope")],
    openers: &[
        "mhm", "so", "well", "okay", "ok", "oh", "yes", "yeah", "yep", "sure", "and", "but", "hi", "hello", "hey", "sorry",
        "right", "alright", "all right", "actually", "just", "now", "then", "excuse me", "i'm sorry", "i see",
        "thank you", "thanks", "please", "good morning", "good afternoon", "good evening", "look", "listen",
        "of course", "you know", "let me see", "let me think", "let's see", "let me check", "hold on", "hang on",
        "one moment", "one second", "one sec", "just a moment", "just a second", "just a sec", "give me a second",
        "give me a moment", "wait", "okay so", "no problem", "great", "perfect", "fine", "good", "like", "basically",
        "i mean", "here you go", "here it is", "sure thing", "absolutely", "certainly",
    ],
    closers: &[
        "please", "thank you", "thanks", "thank you very much", "thanks a lot", "that's all", "that's it", "okay", "ok",
        "right", "you know", "i guess", "i think", "i suppose", "i believe", "yes", "yeah", "sir", "ma'am", "alright", "got it",
        "did you get that", "is that okay", "is that all right", "if that's okay", "if possible", "if you can", "for me",
    ],
    waiting: &[
        "whenever", "whatever", "it doesn't matter", "doesn't matter", "i don't care",
        "hold on", "hang on", "one moment", "one moment please", "one second", "one sec", "one minute", "just a moment", "just a second", "just a sec", "just a minute", "a second", "a moment", "a minute", "a sec", "give me a second", "give me a moment", "give me a minute", "give me one second", "wait a second", "wait a minute", "wait a moment", "hold on a second", "hold on a minute", "hang on a second", "hang on a minute", "bear with me", "let me see", "let me think", "let me check", "let me look", "let me find", "let me get", "two seconds", "a second please",
    ],
    nothing: &[
        "i don't know", "i do not know", "don't know", "dunno", "i dunno", "no idea", "i have no idea", "not sure",
        "i'm not sure", "i am not sure", "i'm not certain", "i can't remember", "i cannot remember", "can't remember",
        "i don't remember", "i do not remember", "don't remember", "i forgot", "i forget", "i've forgotten",
        "i can't recall", "i don't recall", "what do you mean", "what does that mean", "what is that", "what's that",
        "can you repeat", "could you repeat", "can you say", "could you say", "would you repeat", "please repeat", "repeat that",
        "repeat please", "repeat the", "say that again", "say again", "say it again", "come again", "pardon", "pardon me",
        "i beg your pardon", "excuse me", "i didn't catch", "i didn't get", "i didn't hear", "i didn't understand",
        "i don't understand", "i do not understand", "i can't hear", "i couldn't hear", 
        
        
        
        "i need to check", "i have to check", "i'll have to check", "i don't have it", "i don't have that",
        "i don't have one", "i don't have an", "i haven't got", "i'd rather not", "i would rather not", "i don't want to say",
        "i don't want to give", "i'm not telling", "i won't tell", "i don't give", "none of your business", "that's private",
        "that's personal", "it's private", "why do you need", "why do you want", "why do you ask", "what for", "how come",
        "are you there", "are you still there", "can you hear me", 
        "it depends", "i need to think", "i have to think", "call me back",
        "what did you say", "what was that", "what was the question", "you tell me", "good question", "not applicable",
        "to a human", "to a person", "real person", "talk to someone", "speak to someone", "are you a robot", "something else",
    ],
    questions: &[
        "what", "what's", "who", "who's", "whose", "why", "where", "where's", "when", "when's", "which", "how", "how's",
        "how much", "how many", "how long",
    ],
    proposals: &["what about", "how about", "why not", "what if", "why don't we", "how does", "how would", "when i", "when you", "what i"],
    restarts: &[
        "no wait", "no sorry", "sorry no", "wait no", "sorry", "sorry i mean", "sorry i meant", "i mean", "i meant", "no i mean", "no i meant", "no",
        "no no", "actually", "no actually", "actually no", "scratch that", "correction", "make that", "make it", "or rather", "let me start again",
        "start again", "start over", "let me start over", "i'm sorry", "my mistake", "i take that back", "oh wait", "wait", "rather", "better",
        "no make that", "no make it", "or actually", "well actually", "oops",
    ],
    denials: &[
        "no", "nope", "nah", "no no", "no no no", "that's wrong", "that is wrong", "that's not right", "that isn't right", "that's not it",
        "that's not correct", "that's incorrect", "wrong", "incorrect", "not quite", "not exactly", "almost", "sorry", "actually", "i said",
        "i actually said", "i meant", "i mean", "no i said", "you got it wrong", "you've got it wrong", "you got that wrong", "it's wrong", "it should be",
        "should be", "it's supposed to be", "it must be", "make it", "make that", "change it to", "change that to", "can you change it to",
        "can we make it", "could we make it", "let's make it", "let's say", "wait", "yeah no", "rather", "it isn't",
    ],
    not: &["not", "instead of", "and not", "but not", "isn't", "it's not", "it isn't", "not on", "not this", "not that", "not next", "not at", "not the", "not a", "can't do", "can't make", "not available", "not available on", "not free", "not free on", "unavailable on", "busy on", "away on", "can't come", "can't come on", "can't be there on", "not possible on", "not there on", "can't make it on", "can't make it at", "can't on", "except", "except for", "anything but",
        "rather than", "better than", "nicer than", "easier than", "any day but", "any day except", "any day other than", "every day but", "any time but", "any time except", "any time other than", "anytime but", "anytime except", "other than",
        "don't want", "do not want", "don't want to come", "don't like", "do not like", "working on", "i work on", "won't be here on", "won't be there on", "not here on", "can't be here on", "i have a meeting on", "i have a meeting at", "i've got a meeting on", "i've got a meeting at", "i have another meeting at", "i have another meeting on",
    ],
    unfit: &[
        "doesn't work", "won't work", "doesn't suit", "is bad", "is no good", "isn't good", "is not good", "isn't possible",
        "is impossible", "is out", "is full", "isn't it", "is wrong", "does not work", "would not work", "wouldn't work",
        "i have a meeting", "i have another meeting", "i've got a meeting", "i have meetings", "i'm working", "i am working", "i work", "i'm busy", "i am busy", "i'm away", "i am away",
        "i'm resting", "i'm not free", "i'm not available",
    ],
    confirm: "I have {value}. Is that right?",
    // The first of them joins values that are denied together: "not Monday or Tuesday".
    or: &["or", "either", "maybe", "perhaps", "or maybe"],
    spellings: &[
        ("dont", "don't"),
        ("didnt", "didn't"),
        ("doesnt", "doesn't"),
        ("isnt", "isn't"),
        ("wasnt", "wasn't"),
        ("havent", "haven't"),
        ("wouldnt", "wouldn't"),
        ("couldnt", "couldn't"),
        ("cant", "can't"),
        ("cannot", "can't"),
        ("wont", "won't"),
        ("im", "i'm"),
        ("ive", "i've"),
        ("its", "it's"),
        ("thats", "that's"),
        ("whats", "what's"),
        ("youre", "you're"),
        ("lets", "let's"),
        ("theres", "there's"),
        ("oclock", "o'clock"),
        ("fourty", "forty"),
        ("ninty", "ninety"),
        ("niner", "nine"),
        ("okey", "okay"),
    ],
};
