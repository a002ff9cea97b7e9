//! Of what the made-up libraries of `patter bench retrieval` are made: services of all kinds, and what people ask about
//! them.

/// Things, each under two names.
pub(super) const THINGS: [[&str; 2]; 50] = [
    ["swimming pool", "pool"],
    ["sauna", "steam room"],
    ["tennis court", "court"],
    ["guest room", "bedroom"],
    ["meeting room", "conference room"],
    ["parking space", "car park"],
    ["rental car", "hire car"],
    ["electric bike", "e-bike"],
    ["boat trip", "boat tour"],
    ["guided walk", "walking tour"],
    ["cooking course", "cookery class"],
    ["language lesson", "language class"],
    ["piano lesson", "piano teacher"],
    ["driving lesson", "driving school"],
    ["dental check", "dentist"],
    ["eye test", "optician"],
    ["blood test", "laboratory"],
    ["flu vaccination", "flu jab"],
    ["back massage", "massage"],
    ["haircut", "hairdresser"],
    ["window cleaning", "window cleaner"],
    ["garden service", "gardener"],
    ["boiler repair", "heating engineer"],
    ["roof inspection", "roofer"],
    ["solar panels", "solar roof"],
    ["fibre connection", "fast internet"],
    ["mobile contract", "phone plan"],
    ["television package", "tv channels"],
    ["household insurance", "home cover"],
    ["travel insurance", "travel cover"],
    ["savings account", "savings book"],
    ["credit card", "charge card"],
    ["home loan", "mortgage"],
    ["tax return", "tax adviser"],
    ["moving van", "removal lorry"],
    ["storage box", "storage unit"],
    ["parcel delivery", "courier"],
    ["grocery order", "food shopping"],
    ["lunch menu", "set lunch"],
    ["wedding party", "wedding feast"],
    ["birthday cake", "cake"],
    ["flower bouquet", "flowers"],
    ["theatre ticket", "theatre seat"],
    ["concert ticket", "concert seat"],
    ["museum pass", "museum entry"],
    ["train ticket", "rail fare"],
    ["airport transfer", "airport shuttle"],
    ["dog kennel", "dog hotel"],
    ["child care", "nursery"],
    ["photo session", "photographer"],
];

/// Questions, each in four wordings that share words, and the answer.
pub(super) const ASPECTS: [([&str; 4], &str); 20] = [
    (
        [
            "how much does the {} cost",
            "what is the price of the {}",
            "what would the {} cost me, what's the price",
            "tell me the cost of the {} and how much I pay",
        ],
        "The {} has one fixed price, and nothing is added.",
    ),
    (
        [
            "when is the {} open",
            "what are the opening hours of the {}",
            "how late is the {} open, what hours",
            "which hours can I use the {}, when does it open",
        ],
        "The {} is there from eight to eight.",
    ),
    (
        [
            "how do I book the {}",
            "can I make a booking for the {}",
            "I'd like to book the {}, how is it reserved",
            "how do I make a reservation or booking of the {}",
        ],
        "The {} is yours with one short message.",
    ),
    (
        [
            "how can I cancel the {}",
            "what happens when I cancel the {}",
            "is there a cancellation fee for the {}",
            "what's the fee if I have to cancel the {}",
        ],
        "You can call off the {} until the day before.",
    ),
    (
        [
            "where is the {}",
            "what is the address of the {}",
            "how do I get to the {}, where is it",
            "give me the way and the address to the {}",
        ],
        "The {} is right behind the main square.",
    ),
    (
        [
            "is there a discount on the {}",
            "do I get the {} cheaper",
            "can you make the {} cheaper, with a discount",
            "any reduction or discount for the {}",
        ],
        "We take a tenth off the {}.",
    ),
    (
        [
            "how long does the {} take",
            "what is the duration of the {}",
            "does the {} take long, how many minutes",
            "how many minutes is the duration of the {}",
        ],
        "The {} is done within the hour.",
    ),
    (
        [
            "can I pay for the {} by card",
            "which payment do you take for the {}",
            "what payment is possible for the {}, card or cash",
            "do you take cash as payment for the {}",
        ],
        "For the {} we accept all the usual means.",
    ),
    (
        [
            "is the {} guaranteed",
            "what guarantee is there on the {}",
            "is there a warranty or guarantee for the {}",
            "do you give a warranty on the {}",
        ],
        "If the {} disappoints, it is made good.",
    ),
    (
        [
            "is the {} safe",
            "how safe is the {}, are there risks",
            "what about safety and risks of the {}",
            "what is done for the safety of the {}",
        ],
        "The {} is inspected each year.",
    ),
    (
        [
            "can I bring my dog to the {}",
            "are dogs or pets allowed at the {}",
            "is a pet allowed with the {}",
            "may my dog or other pets come to the {}",
        ],
        "Animals are welcome around the {}.",
    ),
    (
        [
            "is the {} accessible in a wheelchair",
            "can a wheelchair user get to the {}",
            "is there step free access to the {}",
            "how is the access to the {} with a wheelchair",
        ],
        "The {} has a ramp and a lift.",
    ),
    (
        [
            "can I change the date of the {}",
            "I need to move the {} to another date",
            "can the {} be moved to a different day",
            "is it possible to change the day of the {}",
        ],
        "The {} can be put off twice.",
    ),
    (
        [
            "who is responsible for the {}",
            "who is the contact person for the {}",
            "which person do I contact about the {}",
            "who do I talk to, which colleague is responsible for the {}",
        ],
        "Our team leader takes care of the {}.",
    ),
    (
        [
            "what is included in the {}",
            "does the {} include everything, or are there extras",
            "which extras are included with the {}",
            "what extras does the {} include",
        ],
        "With the {} you get all you need.",
    ),
    (
        [
            "can I get an invoice for the {}",
            "please send me a bill for the {}",
            "I need a receipt or an invoice of the {}",
            "will you send me the receipt or the bill for the {}",
        ],
        "The papers for the {} come by post.",
    ),
    (
        [
            "can I try the {} for free",
            "is there a free trial of the {}",
            "can I test the {} first, is there a trial",
            "may I try or test the {} once",
        ],
        "The first time with the {} is on us.",
    ),
    (
        [
            "how many people can use the {}",
            "is the {} suitable for a large number of people",
            "what is the largest number of guests for the {}",
            "how many guests is the {} suitable for",
        ],
        "The {} is good for up to twelve.",
    ),
    (
        [
            "what do I need to bring for the {}",
            "which documents do I need for the {}",
            "should I bring any documents or things for the {}",
            "what things must I bring along to the {}",
        ],
        "For the {} have your passport with you.",
    ),
    (
        [
            "I have a complaint about the {}",
            "I was not satisfied with the {}",
            "I want to complain, I'm unhappy with the {}",
            "I'm not happy or satisfied, so a complaint about the {}",
        ],
        "We are sorry about the {} and look into it.",
    ),
];

/// Situations, each in two wordings.
pub(super) const SITUATIONS: [[&str; 2]; 10] = [
    ["", ""],
    ["on a Sunday", "on Sundays"],
    ["for children", "for a child"],
    ["for students", "for a student"],
    ["in winter", "in the winter months"],
    ["in the evening", "late in the evening"],
    ["at short notice", "on short notice"],
    ["for a group", "for groups"],
    ["on a public holiday", "on public holidays"],
    ["from abroad", "when I live abroad"],
];
