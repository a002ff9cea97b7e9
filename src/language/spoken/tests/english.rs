//! English, by kind of what is written.

use super::*;

#[test]
fn english_money() {
    check(
        "en-us",
        &[
            ("€5", "5 euros"),
            ("€1", "1 euro"),
            ("$1.2 million", "1.2 million dollars"),
            ("$1 million", "1 million dollars"),
            ("$1.2M in sales", "1.2 million dollars in sales"),
            ("$5k", "5 thousand dollars"),
            ("$5/month", "5 dollars a month"),
            ("$29.99/mo", "29 dollars and 99 cents a month"),
            (
                "$29.99/mo. It's easy.",
                "29 dollars and 99 cents a month. It's easy.",
            ),
            ("$5/person", "5 dollars per person"),
            ("5 USD", "5 dollars"),
            ("USD 5", "5 dollars"),
            ("CAD 20", "20 Canadian dollars"),
            ("$20 CAD", "20 Canadian dollars"),
            ("A$20", "20 Australian dollars"),
            ("99¢", "99 cents"),
            ("1¢", "1 cent"),
            ("50p", "50 pence"),
            ("£0.50", "50 pence"),
            ("$.99", "99 cents"),
            ("$1", "1 dollar"),
            ("$1.01", "1 dollar and 1 cent"),
            ("$29.00", "29 dollars"),
            ("-$3", "minus 3 dollars"),
            ("−$3.50", "minus 3 dollars and 50 cents"),
            ("$20-$30", "20 to 30 dollars"),
            ("$20–30", "20 to 30 dollars"),
            (
                "$19.99–$29.99",
                "19 dollars and 99 cents to 29 dollars and 99 cents",
            ),
            ("20-30 USD", "20 to 30 dollars"),
            ("15-20 dollars", "15 to 20 dollars"),
            ("$1.5–2 million", "1.5 to 2 million dollars"),
            ("a $50 discount", "a 50 dollar discount"),
            ("a $5 a month plan", "a 5 dollars a month plan"),
            ("a $5-off coupon", "a 5 dollar-off coupon"),
            ("a $29.99 fee", "a 29 dollar and 99 cent fee"),
            ("29,50 €", "29 euros and 50 cents"),
            ("1\u{a0}000 €", "1000 euros"),
            ("¥500", "500 yen"),
            ("$5 or $10.", "5 dollars or 10 dollars."),
            ("Is it $5? ($5)", "Is it 5 dollars? (5 dollars)"),
            ("It's $100-plus", "It's 100 dollars-plus"),
        ],
    );
    check_kept(
        "en-us",
        &["29 dollars a month", "1080p", "$", "in US$ or so", "$$$"],
    );
}

#[test]
fn english_dates() {
    check(
        "en-us",
        &[
            ("11/24/26", "November 24th, twenty twenty-six"),
            ("on 11/24", "on November 24th"),
            ("by 5/8", "by May 8th"),
            ("Nov. 24", "November 24th"),
            ("Nov 24-26", "November 24th to 26th"),
            ("24 Nov 2026", "the 24th of November, twenty twenty-six"),
            ("on the 24 November", "on the 24th of November"),
            ("November 24, 2026", "November 24th, twenty twenty-six"),
            ("November 24th, 2026.", "November 24th, twenty twenty-six."),
            ("March 3, 2005", "March 3rd, 2005"),
            ("May 2026", "May twenty twenty-six"),
            ("in Nov. we open", "in November we open"),
            ("We open in Nov.", "We open in November."),
            ("Jan–Mar", "January to March"),
            ("the 1990s", "the nineteen nineties"),
            ("the '90s", "the nineties"),
            ("the 90s", "the nineties"),
            ("Mon.", "Monday."),
            ("Mon. and Tue. only", "Monday and Tuesday only"),
            ("Tue–Fri", "Tuesday to Friday"),
            ("Mon-Fri.", "Monday to Friday."),
            ("Sat–Sun", "Saturday to Sunday"),
            ("Monday-Friday", "Monday to Friday"),
            ("Tue., Nov. 24", "Tuesday, November 24th"),
            ("Mon 9:00", "Monday 9 o'clock"),
            ("in 1999", "in nineteen ninety-nine"),
            ("since 2010.", "since twenty ten."),
            ("in 1905", "in nineteen oh five"),
            ("2010-2015", "twenty ten to twenty fifteen"),
        ],
    );
    check(
        "en-gb",
        &[
            ("24/11/2026", "the 24th of November, twenty twenty-six"),
            ("On the 03/05/2026", "On the 3rd of May, twenty twenty-six"),
            ("11/24/2026", "the 24th of November, twenty twenty-six"),
            ("2026-11-24", "the 24th of November, twenty twenty-six"),
        ],
    );
    check("en", &[("03/05/2026", "March 5th, twenty twenty-six")]);
    check_kept(
        "en-us",
        &[
            "13/45/2026",
            "November 24",
            "November 24th",
            "in 2005",
            "may 5 people come",
            "The sun sat on Mon",
            "in 2010 cases",
            "5/8",
            "Sat.",
        ],
    );
}

#[test]
fn english_times() {
    check(
        "en-us",
        &[
            ("3:30 pm", "3 30 pm"),
            ("3pm", "3 pm"),
            ("at 9:00", "at 9 o'clock"),
            ("9:00 o'clock", "9 o'clock"),
            ("09:05", "9 oh 5"),
            ("12:00", "12 o'clock"),
            ("17:45", "17 45"),
            ("17:00", "5 pm"),
            ("0:00", "midnight"),
            ("9-5", "9 to 5"),
            ("9am–5pm", "9 am to 5 pm"),
            ("9 a.m. – 5 p.m.", "9 am to 5 pm."),
            ("9-11:30 am", "9 to 11 30 am"),
            ("9:00–17:00", "9 o'clock to 5 pm"),
            ("at 3 p.m. on Monday", "at 3 pm on Monday"),
            ("at 3:15 p.m.", "at 3 15 pm."),
            ("at 3 p.m. We are there.", "at 3 pm. We are there."),
            ("3 PM.", "3 pm."),
            ("3.30pm", "3 30 pm"),
        ],
    );
    check_kept(
        "en-us",
        &["3 pm", "at 9 o'clock", "25:10", "9:75", "I am 30"],
    );
}

#[test]
fn english_phone_numbers() {
    check(
        "en-us",
        &[
            ("(417) 555-0123", "4 1 7, 5 5 5, 0 1 2 3"),
            ("+1 417 555 0123", "plus 1, 4 1 7, 5 5 5, 0 1 2 3"),
            ("+1 (417) 555-0123.", "plus 1, 4 1 7, 5 5 5, 0 1 2 3."),
            ("+44 20 7946 0958", "plus 4 4, 2 0, 7 9 4 6, 0 9 5 8"),
            ("+44 (0)20 7946 0958", "plus 4 4, 0, 2 0, 7 9 4 6, 0 9 5 8"),
            ("020 7946 0958", "0 2 0, 7 9 4 6, 0 9 5 8"),
            ("1-800-555-0199", "1, 8 0 0, 5 5 5, 0 1 9 9"),
            ("417.555.0123", "4 1 7, 5 5 5, 0 1 2 3"),
            (
                "417-555-0123 24 hours a day",
                "4 1 7, 5 5 5, 0 1 2 3 24 hours a day",
            ),
            ("555-0123", "5 5 5, 0 1 2 3"),
            ("4175550123", "4 1 7, 5 5 5, 0 1 2 3"),
            ("+14175550123", "plus 1, 4 1 7, 5 5 5, 0 1 2 3"),
            ("1-800-FLOWERS", "1, 8 0 0, FLOWERS"),
            ("call 911 now", "call 9 1 1 now"),
            ("Dial 911 immediately", "Dial 9 1 1 immediately"),
            ("Text 40404", "Text 4 0 4 0 4"),
            ("ext. 12", "extension 12"),
            (
                "417 555 0123 ext. 4567",
                "4 1 7, 5 5 5, 0 1 2 3 extension 4 5 6 7",
            ),
        ],
    );
    check_kept(
        "en-us",
        &["911 people came", "call 100 people", "order 500 units"],
    );
}

#[test]
fn english_numbers() {
    check(
        "en-us",
        &[
            (".5", "0.5"),
            ("about .5 of it", "about 0.5 of it"),
            ("1/2", "one half"),
            ("3/4 of it", "three quarters of it"),
            ("1½ hours", "1 and a half hours"),
            ("1 1/2 hours", "1 and a half hours"),
            ("½ price", "one half price"),
            ("50%", "50 percent"),
            ("0.5%", "0.5 percent"),
            ("5 % off", "5 percent off"),
            ("5-10% off", "5 to 10 percent off"),
            ("50%-off", "50 percent-off"),
            ("10x", "10 times"),
            ("5–7 days", "5 to 7 days"),
            ("10-15", "10 to 15"),
            ("1,000-2,000", "1,000 to 2,000"),
            ("-5", "minus 5"),
            ("It's -5 °C.", "It's minus 5 degrees Celsius."),
            ("no. 5", "number 5"),
            ("#5", "number 5"),
            ("nr 5", "number 5"),
            ("No. 5 people came", "number 5 people came"),
            ("18+", "18 plus"),
            ("~20 people", "about 20 people"),
            ("<5", "less than 5"),
            ("3 x 4", "3 by 4"),
            ("10x15", "10 by 15"),
            ("3 × 4", "3 by 4"),
        ],
    );
    check_kept(
        "en-us",
        &[
            "1,000",
            "1,250,000",
            "3.5",
            "0.05",
            "1st",
            "the 2nd and 23rd",
            "1e6",
            "version 1.2.3",
            "No.",
            "no 5",
            "10000 customers",
            "12500 people",
            "I have 29.",
            "5/8 of it",
            "A1",
            "5G",
        ],
    );
}

#[test]
fn english_codes() {
    check(
        "en-us",
        &[
            ("90210-1234", "9 0 2 1 0, 1 2 3 4"),
            ("A1B2", "eigh 1 B 2"),
            ("SW1A 1AA", "S W 1 eigh 1 eigh eigh"),
            ("BA117", "B eigh 1 1 7"),
            ("your PIN is 4821", "your PIN is 4 8 2 1"),
            ("account ending in 1234.", "account ending in 1 2 3 4."),
            ("order #A-10293", "order number eigh 1 0 2 9 3"),
            ("Order 12345 shipped", "Order 1 2 3 4 5 shipped"),
            ("Your code: 123-456.", "Your code: 1 2 3, 4 5 6."),
            (
                "4111 1111 1111 1111, then",
                "4 1 1 1, 1 1 1 1, 1 1 1 1, 1 1 1 1, then",
            ),
            ("order #48213", "order number 4 8 2 1 3"),
            ("order no. 4821", "order number 4 8 2 1"),
            ("account 123456789", "account 1 2 3, 4 5 6, 7 8 9"),
            ("4111111111111111", "4 1 1 1, 1 1 1 1, 1 1 1 1, 1 1 1 1"),
            ("12-34-56", "1 2, 3 4, 5 6"),
            ("007", "0 0 7"),
        ],
    );
    check_kept(
        "en-us",
        &[
            "COVID19",
            "room 12",
            "gate B12",
            "Highway 101",
            "the number of 500",
            "iPhone15",
            "number 5",
        ],
    );
}

#[test]
fn english_addresses() {
    check(
        "en-us",
        &[
            (
                "info@patter-fit.co.uk",
                "info at patter dash fit dot co dot uk",
            ),
            (
                "Write to j.smith_99@example.com.",
                "Write to j dot smith underscore 99 at example dot com.",
            ),
            (
                "www.example.com/offers",
                "w w w dot example dot com slash offers",
            ),
            ("https://www.example.com/", "w w w dot example dot com"),
            ("Is it example.com?", "Is it example dot com?"),
            (
                "https://patter.example/a-b?x=1",
                "patter dot example slash a dash b question mark x equals 1",
            ),
            ("john007@example.com", "john 0 0 7 at example dot com"),
            ("@patter_fit", "at patter underscore fit"),
            ("#offers", "hashtag offers"),
        ],
    );
    check_kept(
        "en-us",
        &[
            "report.pdf",
            "config.toml",
            "Node.js",
            "e.g this",
            "done.Then",
            "U.S.A.",
        ],
    );
}

#[test]
fn english_units() {
    check(
        "en-us",
        &[
            ("5 km", "5 kilometers"),
            ("1 km", "1 kilometer"),
            ("5km away", "5 kilometers away"),
            ("30 min", "30 minutes"),
            ("30 min. We wait.", "30 minutes. We wait."),
            ("30 min. later", "30 minutes later"),
            ("2 hrs", "2 hours"),
            ("10 kg", "10 kilograms"),
            ("6 ft", "6 feet"),
            ("10ft x 12ft", "10 feet by 12 feet"),
            ("5'10\"", "5 foot 10"),
            ("20 °C", "20 degrees Celsius"),
            ("68°F", "68 degrees Fahrenheit"),
            ("100 m²", "100 square meters"),
            ("5 GB", "5 gigabytes"),
            ("60 mph", "60 miles per hour"),
            ("250 ml", "250 milliliters"),
            ("1.5 L", "1.5 liters"),
            ("10 m/s", "10 meters per second"),
            ("3 kWh", "3 kilowatt hours"),
            ("5-10 km", "5 to 10 kilometers"),
            ("5 km – 10 km", "5 to 10 kilometers"),
            ("a 5 km run", "a 5 kilometer run"),
            ("a 30-min session", "a 30-minute session"),
        ],
    );
    check_kept("en-us", &["5m", "30s", "5 miles", "I am 5 in"]);
}

#[test]
fn english_words() {
    check(
        "en-us",
        &[
            ("Dr. Smith", "Doctor Smith"),
            ("Ask Dr Smith.", "Ask Doctor Smith."),
            ("12 Elm Dr.", "12 Elm Drive."),
            ("on Elm Dr., Springfield", "on Elm Drive, Springfield"),
            ("St. Louis", "Saint Louis"),
            ("123 Main St., St. Louis", "123 Main Street, Saint Louis"),
            ("Mr. and Mrs. Hill", "Mr. and Missus Hill"),
            ("Mrs. Hill", "Missus Hill"),
            ("Ms. Hill and Prof. Lee", "Miz Hill and Professor Lee"),
            ("e.g. yoga", "for example, yoga"),
            ("i.e., two", "that is, two"),
            ("yoga, etc.", "yoga, et cetera."),
            ("yoga etc. and more", "yoga et cetera and more"),
            ("A vs. B", "A versus B"),
            ("approx. 5", "approximately 5"),
            ("incl. tax", "including tax"),
            ("Acme Inc. is", "Acme Incorporated is"),
            ("Acme Ltd.", "Acme Limited."),
            ("Fifth Ave.", "Fifth Avenue."),
            ("Apt. 5", "Apartment 5"),
            ("min. 2 people", "minimum 2 people"),
            ("w/ breakfast", "with breakfast"),
            ("w/o it", "without it"),
            ("R&D", "R and D"),
            ("Plus ($20) & Pro", "Plus (20 dollars) and Pro"),
            ("42nd St. It's big.", "42nd Street. It's big."),
            ("you & me", "you and me"),
            ("yoga + sauna", "yoga plus sauna"),
            ("1 = 1", "1 equals 1"),
            ("and/or", "and or"),
            ("he/she", "he or she"),
            ("me @ home", "me at home"),
        ],
    );
    check_kept(
        "en-us",
        &[
            "FAQ",
            "USA",
            "IBAN",
            "PIN",
            "Henry VIII",
            "TCP/IP",
            "C++ is",
            "I see Dr.",
            "it's",
            "Disney+ is",
        ],
    );
}
