//! Who calls whom: the agent's name and company, and the customer's name.
//!
//! Thread: any · In: the opening line and the two roles · Out: an [`Identity`] · Memory: short strings ·
//! Source: ours. Names are found by what stands before them and by the commonest family names.

use super::notes::Notes;
use super::sentences::shortened;
use super::speech::Slots;

/// The commonest family names (together about 70 % of people) that begin no common word; 小 as in 小李.
const FAMILY: &str = "李王张刘陈杨赵黄周吴徐孙胡朱林何郭罗梁宋郑谢韩唐冯董曹袁邓许沈曾彭吕苏卢蒋蔡贾魏薛潘杜戴钟姜范姚谭廖邹熊陆郝孔崔邱秦侯邵孟龚小";

/// What speakers put before their name.
const INTRODUCTIONS: &[&str] = &["我是", "这里是", "我叫", "这边是"];

/// What stands before a name in a role.
const TITLES: &[&str] = &[
    "专员", "代表", "顾问", "经理", "客服", "管家", "姓名", "快递", "公司", "中心", "（", "，",
    "的", "是",
];

/// Ends of a company's name.
const COMPANIES: &[&str] = &[
    "公司",
    "银行",
    "平台",
    "中心",
    "俱乐部",
    "机构",
    "集团",
    "快递",
    "商城",
    "协会",
    "医院",
    "学校",
    "酒店",
    "物流",
    "保险",
];

/// Marks that end a clause.
const MARKS: &[char] = &[
    '，', '。', '、', '！', '？', '（', '）', '；', '：', ',', '(', ')', '—', '“', '”', ' ',
];

/// Who calls whom.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Identity {
    /// Of the agent.
    pub(super) name: String,
    /// The agent speaks for it.
    pub(super) company: String,
    /// Name of the customer, where both documents have the same.
    pub(super) customer: Option<String>,
}

impl Identity {
    /// From the texts; what is not found gets a default and a note at `line`.
    pub(super) fn find(
        opening: &str,
        role: &str,
        customer_role: &str,
        agent_texts: &str,
        line: usize,
        notes: &mut Notes,
    ) -> Self {
        let customer: String = customer_role
            .chars()
            .take_while(|letter| !MARKS.contains(letter))
            .collect();
        let is_name = customer.starts_with(|letter: char| FAMILY.contains(letter))
            && (2..=3).contains(&customer.chars().count())
            && agent_texts.contains(&customer);
        let customer = is_name.then_some(customer);
        let texts = [opening, role];
        let introduced = texts
            .iter()
            .find_map(|text| introduction(text, customer.as_deref()));
        let (company, name) = match introduced {
            Some(found) => found,
            None => (
                String::new(),
                in_role(role, customer.as_deref())
                    .or_else(|| in_role(opening, customer.as_deref()))
                    .unwrap_or_default(),
            ),
        };
        let company = Some(company)
            .filter(|company| !company.is_empty())
            .or_else(|| company_in(role))
            .or_else(|| company_in(opening));
        if name.is_empty() {
            notes.add(line, "the agent's name is not found", "it is 客服");
        }
        if company.is_none() {
            notes.add(line, "the agent's company is not found", "it is 本公司");
        }
        let tidy = |text: &str| {
            shortened(&Slots::complete(text), 40)
                .trim_end_matches('。')
                .to_owned()
        };
        let or = |text: String, default: &str| {
            if text.is_empty() {
                default.to_owned()
            } else {
                text
            }
        };
        Self {
            name: or(tidy(&name), "客服"),
            company: or(tidy(&company.unwrap_or_default()), "本公司"),
            customer,
        }
    }
}

/// Company and name in a clause like "我是长江快递的李明".
fn introduction(text: &str, customer: Option<&str>) -> Option<(String, String)> {
    INTRODUCTIONS.iter().find_map(|sign| {
        let clause = text.split_once(sign)?.1.split(MARKS).next()?;
        let letters: Vec<char> = clause.chars().collect();
        let length = [3, 2].into_iter().find(|length| {
            let first = letters
                .len()
                .checked_sub(*length)
                .and_then(|at| letters.get(at));
            first.is_some_and(|letter| FAMILY.contains(*letter))
        })?;
        let (before, name) = letters.split_at(letters.len() - length);
        let name: String = name.iter().collect();
        let before: String = before.iter().collect();
        (Some(name.as_str()) != customer).then(|| (company_in(&before).unwrap_or_default(), name))
    })
}

/// A family name after a title and before a mark.
fn in_role(text: &str, customer: Option<&str>) -> Option<String> {
    text.char_indices().find_map(|(at, letter)| {
        let before = &text[..at];
        let titled = before.is_empty() || TITLES.iter().any(|title| before.ends_with(title));
        if !FAMILY.contains(letter) || !titled {
            return None;
        }
        let name: String = text[at..]
            .chars()
            .take_while(|letter| !MARKS.contains(letter))
            .collect();
        ((2..=3).contains(&name.chars().count()) && Some(name.as_str()) != customer).then_some(name)
    })
}

/// The beginning of a clause up to the word for a company.
fn company_in(text: &str) -> Option<String> {
    text.split(MARKS).find_map(|clause| {
        let end = COMPANIES
            .iter()
            .filter_map(|word| clause.find(word).map(|at| at + word.len()))
            .min()?;
        let mut name = &clause[..end];
        for verb in ["隶属于", "隶属", "代表"] {
            name = name.strip_prefix(verb).unwrap_or(name);
        }
        let vague = ["您", "咱们", "我们", "本", "贵", "某", "负责"]
            .iter()
            .any(|sign| name.starts_with(sign));
        (!vague && (3..=14).contains(&name.chars().count())).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(opening: &str, role: &str) -> (String, String) {
        let identity = Identity::find(
            opening,
            role,
            "赵敏，三十岁",
            "赵敏女士",
            1,
            &mut Notes::default(),
        );
        assert_eq!(identity.customer.as_deref(), Some("赵敏"));
        (identity.name, identity.company)
    }

    #[test]
    fn names_are_found_where_people_put_them() {
        for (opening, role, expected) in [
            (
                "您好，我是青山书店公司的王芳，想问您一件事。",
                "",
                ("王芳", "青山书店公司"),
            ),
            (
                "赵敏女士您好，这里是青山银行客服小周。",
                "",
                ("小周", "青山银行"),
            ),
            (
                "您好。",
                "回访专员（青山快递王芳），负责回访。",
                ("王芳", "青山快递"),
            ),
            ("您好。", "负责回访客户赵敏。", ("客服", "本公司")),
        ] {
            assert_eq!(
                found(opening, role),
                (expected.0.to_owned(), expected.1.to_owned()),
                "{opening}{role}"
            );
        }
    }
}
