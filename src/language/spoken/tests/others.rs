//! German, Spanish and Chinese.

use super::*;

#[test]
fn german() {
    check(
        "de",
        &[
            ("29,50 €", "29 Euro 50"),
            ("1.575,99 €", "1.575 Euro 99"),
            ("1 €", "ein Euro"),
            ("0,50 €", "50 Cent"),
            ("29 €/Monat", "29 Euro im Monat"),
            ("1,2 Mio. €", "1,2 Millionen Euro"),
            ("20–30 €", "20 bis 30 Euro"),
            ("50 %", "50 Prozent"),
            ("3,5%", "3,5 Prozent"),
            ("am 3. Mai", "am dritten Mai"),
            ("der 3. Mai", "der dritte Mai"),
            ("3. Mai 2026", "dritter Mai 2026"),
            ("am 24.11.2026", "am vierundzwanzigsten November 2026"),
            ("2026-11-24", "vierundzwanzigster November 2026"),
            ("am 24.11.", "am vierundzwanzigsten November."),
            (
                "am 24.11. um 15:30 Uhr",
                "am vierundzwanzigsten November um 15 Uhr 30",
            ),
            ("um 15:30", "um 15 Uhr 30"),
            ("um 1:00 Uhr", "um ein Uhr"),
            ("9-17 Uhr", "9 bis 17 Uhr"),
            ("Mo–Fr 9:00–18:00", "Montag bis Freitag 9 Uhr bis 18 Uhr"),
            ("Mo. bis Fr. um 9", "Montag bis Freitag um 9"),
            ("030 1234567", "0 3 0, 1 2 3, 4 5 6 7"),
            ("0171/2345678", "0 1 7 1, 2 3 4, 5 6 7 8"),
            ("+49 30 123456", "plus 4 9, 3 0, 1 2 3, 4 5 6"),
            (
                "info@patter-fit.de",
                "info ät patter Bindestrich fit Punkt de",
            ),
            ("5 km", "5 Kilometer"),
            ("20 °C", "20 Grad"),
            ("z. B. Yoga", "zum Beispiel Yoga"),
            (
                "Fr. Müller und Hr. Dr. Hill",
                "Frau Müller und Herr Doktor Hill",
            ),
            ("Nr. 5", "Nummer 5"),
            ("PLZ 10115", "PLZ 1 0 1 1 5"),
            ("inkl. MwSt.", "inklusive Mehrwertsteuer."),
        ],
    );
    check("de-ch", &[("CHF 29.50", "29 Franken 50")]);
    check_kept(
        "de",
        &[
            "3,5",
            "1.575",
            "29 Euro",
            "um 15 Uhr",
            "Version 3.5.",
            "So 5 Leute",
            "am 3. und danach",
        ],
    );
}

#[test]
fn spanish() {
    check(
        "es",
        &[
            ("29,50 €", "29 euros con 50 céntimos"),
            ("1.575,99 €", "1.575 euros con 99 céntimos"),
            ("1 €", "un euro"),
            ("20 €/mes", "20 euros al mes"),
            ("50 %", "50 por ciento"),
            ("24/11/2026", "24 de noviembre de 2026"),
            ("2026-11-24", "24 de noviembre de 2026"),
            ("el 5/8", "el 5 de agosto"),
            ("3 nov. 2026", "3 de noviembre de 2026"),
            ("lun-vie", "lunes a viernes"),
            ("a las 15:30", "a las 15 30"),
            ("a las 9:00", "a las 9"),
            ("de 9:00 a 17:00", "de 9 a 17"),
            ("612 345 678", "6 1 2, 3 4 5, 6 7 8"),
            ("+34 612 345 678", "más 3 4, 6 1 2, 3 4 5, 6 7 8"),
            (
                "info@patter-fit.es",
                "info arroba patter guion fit punto es",
            ),
            ("5 km", "5 kilómetros"),
            ("Sr. Pérez", "señor Pérez"),
            ("nº 5", "número 5"),
            ("C/ Mayor 5", "calle Mayor 5"),
        ],
    );
    check("es-mx", &[("$1,500.50", "1,500 pesos con 50 centavos")]);
    check_kept("es-419", &["$100"]);
    check_kept("es", &["3,5", "1.575", "el 3 de mayo de 2026", "1º"]);
}

#[test]
fn chinese() {
    let cases: Cases = &[
        ("￥29.50", "29.5元"),
        ("每月￥29", "每月29元"),
        ("29元/月", "29元每月"),
        ("￥5万", "5万元"),
        ("$20", "20美元"),
        ("打八折，50%", "打八折，百分之50"),
        ("2026-11-24", "2026年11月24日"),
        ("2026/11/24下午", "2026年11月24日下午"),
        ("15:30", "15点30分"),
        ("在9:05到", "在9点零5分到"),
        ("9:00-17:00", "9点到17点"),
        ("电话138 0013 8000", "电话1 3 8，0 0 1 3，8 0 0 0"),
        ("13800138000", "1 3 8，0 0 1 3，8 0 0 0"),
        ("400-800-8888", "4 0 0，8 0 0，8 8 8 8"),
        ("密码是4821", "密码是4 8 2 1"),
        ("5km", "5公里"),
        ("-5℃", "负5摄氏度"),
        ("5-7天", "5到7天"),
        ("info@patter.cn", "info 艾特 patter 点 cn"),
    ];
    check("zh", cases);
    check("cmn", cases);
    check_kept("zh", &["29元", "2026年11月24日", "15点30分", "5个", "3.5"]);
}
