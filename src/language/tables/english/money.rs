//! Money in English.
//!
//! Thread: any, read only. In: nothing. Out: a table. Memory: none. When late or full: never. Source: currency codes of ISO 4217.
//!
//! "Cents" are taken for those of a dollar when no euro was named. "Dollar", "euro", "pound" and "yen" are also how the signs before figures are read.

use crate::tables::MoneyWords;

// Laid out by hand: a phrase a line would be many pages.
#[rustfmt::skip]
pub(super) const MONEY: MoneyWords = MoneyWords {
    units: &[
        ("dollar", "USD"),
        ("dollars", "USD"),
        ("buck", "USD"),
        ("bucks", "USD"),
        ("usd", "USD"),
        ("us dollars", "USD"),
        ("euro", "EUR"),
        ("euros", "EUR"),
        ("eur", "EUR"),
        ("pound", "GBP"),
        ("pounds", "GBP"),
        ("quid", "GBP"),
        ("gbp", "GBP"),
        ("pounds sterling", "GBP"),
        ("yen", "JPY"),
        ("yuan", "CNY"),
        ("rupee", "INR"),
        ("rupees", "INR"),
        ("franc", "CHF"),
        ("francs", "CHF"),
    ],
    cents: &[
        ("cent", "USD"),
        ("cents", "USD"),
        ("euro cent", "EUR"),
        ("euro cents", "EUR"),
        ("penny", "GBP"),
        ("pence", "GBP"),
    ],
    scales: &[("k", 1_000), ("grand", 1_000)],
    spoken: &[
        ("USD", ["dollar", "dollars", "cent", "cents"]),
        ("EUR", ["euro", "euros", "euro cent", "euro cents"]),
        ("GBP", ["pound", "pounds", "penny", "pence"]),
        ("JPY", ["yen", "yen", "", ""]),
        ("CNY", ["yuan", "yuan", "", ""]),
        ("INR", ["rupee", "rupees", "", ""]),
        ("CHF", ["franc", "francs", "", ""]),
    ],
};
