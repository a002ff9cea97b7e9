//! What every call needs and no scenario has: words that end it, rules, what shows an objection.
//!
//! Thread: any · In: nothing · Out: constants · Memory: none · Source: ours.

pub(super) const GOODBYES: &[&str] = &[
    "再见",
    "拜拜",
    "先这样吧",
    "就这样吧",
    "我挂了",
    "先挂了",
    "不说了",
];
pub(super) const OPT_OUTS: &[&str] = &[
    "别再打",
    "不要再打",
    "不要打电话",
    "别给我打电话",
    "不要给我打电话",
    "别打电话",
    "别再联系",
    "不要再联系",
    "拉黑",
    "再打我就投诉",
];
pub(super) const ROBOT: &[&str] = &[
    "你是机器人吗",
    "是不是机器人",
    "是机器人吧",
    "你是真人吗",
    "是不是真人",
    "是人工智能吗",
    "是不是录音",
];
pub(super) const RULES: &[&str] = &[
    "被问到时，如实说自己是智能语音助理。",
    "客户要求不再来电时，马上答应并道歉。",
    "不索要密码和验证码。",
    "没有写明的优惠、金额和时间一律不承诺。",
];

/// What shows an objection, by words in a step's title, and what customers then say. The last row serves any other
/// title.
pub(super) const OBJECTIONS: &[(&str, &[&str], &[&str])] = &[
    (
        "refusal",
        &["拒绝", "抗拒", "挂断", "不耐烦", "打断", "反感"],
        &["不需要", "没兴趣", "不感兴趣", "不用了", "没必要"],
    ),
    (
        "hesitation",
        &["犹豫", "迟疑", "考虑", "推迟"],
        &[
            "再想想",
            "再考虑",
            "考虑一下",
            "再看看",
            "不着急",
            "还没想好",
        ],
    ),
    (
        "busy",
        &["忙碌", "不便", "没空"],
        &["没时间", "没空", "在忙", "不方便", "在开会", "在开车"],
    ),
    (
        "doubt",
        &[],
        &[
            "不放心",
            "不相信",
            "是骗子",
            "骗人的",
            "靠谱吗",
            "我担心",
            "太贵",
            "太麻烦",
        ],
    ),
];
