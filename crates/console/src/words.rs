//! The words of the trade in both languages, for tables and reports that are made here. The pages have the same ones
//! (`web/src/words/trade.ts`); a test holds the two together.

use watchfire_model::sites::Language;
use watchfire_model::{Class, Condition, FalseCause, Handling, Severity, Verdict};

/// A text of our own in both languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) zh: &'static str,
    pub(crate) en: &'static str,
}

/// Chinese first, as the pages have it.
pub(crate) const fn w(zh: &'static str, en: &'static str) -> Said {
    Said { zh, en }
}

impl Said {
    pub(crate) fn pick(self, language: Language) -> &'static str {
        match language {
            Language::En => self.en,
            Language::Zh => self.zh,
        }
    }
}

pub(crate) fn class(class: Class) -> Said {
    match class {
        Class::Fire => w("火警", "Fire"),
        Class::Gas => w("燃气", "Gas"),
        Class::Co => w("一氧化碳", "CO"),
        Class::EarlyWarning => w("预警", "Early warning"),
        Class::Water => w("水", "Water"),
        Class::Electrical => w("电气", "Electrical"),
        Class::Supervisory => w("监管", "Supervisory"),
        Class::Fault => w("故障", "Fault"),
        Class::Offline => w("离线", "Offline"),
        Class::Security => w("安全", "Security"),
        Class::Information => w("信息", "Information"),
    }
}

pub(crate) fn severity(severity: Severity) -> Said {
    match severity {
        Severity::Critical => w("危急", "Critical"),
        Severity::Major => w("严重", "Major"),
        Severity::Minor => w("一般", "Minor"),
        Severity::Info => w("提示", "Info"),
    }
}

pub(crate) fn condition(condition: Condition) -> Said {
    match condition {
        Condition::Active => w("持续中", "Active"),
        Condition::Cleared => w("已恢复", "Cleared"),
    }
}

pub(crate) fn handling(handling: Handling) -> Said {
    match handling {
        Handling::Open => w("未确认", "Not acknowledged"),
        Handling::Acknowledged => w("已确认，待核实", "Acknowledged, to verify"),
        Handling::Verified => w("已核实", "Verified"),
        Handling::Forwarded => w("已转报", "Forwarded"),
        Handling::Closed => w("已结案", "Closed"),
    }
}

pub(crate) fn verdict(verdict: Verdict) -> Said {
    match verdict {
        Verdict::Real => w("真实", "Real"),
        Verdict::False(_) => w("误报", "False alarm"),
        Verdict::Test => w("测试 / 演练", "Test / drill"),
        Verdict::Unreachable => w("联系不上", "Nobody reached"),
    }
}

pub(crate) fn cause(cause: FalseCause) -> Said {
    match cause {
        FalseCause::Cooking => w("烹饪", "Cooking"),
        FalseCause::Steam => w("蒸汽", "Steam"),
        FalseCause::Dust => w("灰尘", "Dust"),
        FalseCause::Insects => w("昆虫", "Insects"),
        FalseCause::Construction => w("施工", "Building work"),
        FalseCause::Fault => w("设备故障", "Device fault"),
        FalseCause::Malicious => w("恶意", "Malicious"),
        FalseCause::Unknown => w("原因不明", "Unknown"),
    }
}

pub(crate) const DUTY: Said = w("查岗", "Duty checks");

/// The columns of duty figures, in the order of [`watchfire_model::DutyFigures`].
pub(crate) const DUTY_FIGURES: [Said; 9] = [
    w("查岗次数", "Asked"),
    w("按时", "In time"),
    w("迟到", "Late"),
    w("未应答", "Missed"),
    w("联系不上", "Unreachable"),
    w("拒绝", "Denied"),
    w("中断", "Interrupted"),
    w("应答用时中位数", "Median answer"),
    w("最长应答", "Longest answer"),
];

pub(crate) const YES: Said = w("是", "yes");
pub(crate) const NO: Said = w("否", "no");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_say_the_same() {
        let pages = [include_str!("../web/src/words/trade.ts"), include_str!("../web/src/words/panel.ts")].concat();
        let mut said = vec![YES, NO];
        said.extend(DUTY_FIGURES);
        said.extend(Class::ALL.iter().map(|one| class(*one)));
        said.extend([Severity::Critical, Severity::Major, Severity::Minor, Severity::Info].map(severity));
        said.extend([Condition::Active, Condition::Cleared].map(condition));
        let handlings =
            [Handling::Open, Handling::Acknowledged, Handling::Verified, Handling::Forwarded, Handling::Closed];
        said.extend(handlings.map(handling));
        let unknown = FalseCause::Unknown;
        said.extend([Verdict::Real, Verdict::False(unknown), Verdict::Test, Verdict::Unreachable].map(verdict));
        use FalseCause::{Construction, Cooking, Dust, Fault, Insects, Malicious, Steam, Unknown};
        said.extend([Cooking, Steam, Dust, Insects, Construction, Fault, Malicious, Unknown].map(cause));
        for Said { zh, en } in said {
            assert!(pages.contains(&format!("w(\"{zh}\", \"{en}\")")), "{zh} {en}");
        }
    }
}
