//! What is said of tests, in both languages.

use crate::test_mode::{TEST_DANGERS_S_MAX, TEST_S_MAX, TEST_S_MIN, TEST_WORDS_BYTES_MAX, TESTS_RUNNING_MAX};
use watchfire_model::{Bilingual, TestId, UserName};

pub(crate) fn wrong_length(dangers: bool) -> Bilingual {
    let longest = if dangers { TEST_DANGERS_S_MAX } else { TEST_S_MAX } / 3_600;
    let shortest = TEST_S_MIN;
    Bilingual::new(
        format!("a test of this kind lasts {shortest} s to {longest} h: give its length"),
        format!("此类测试的时长应为 {shortest} 秒至 {longest} 小时，请填写时长"),
    )
}

pub(crate) fn no_reason() -> Bilingual {
    Bilingual::new("a test needs a reason: say what is done", "请填写测试原因")
}

pub(crate) fn too_long() -> Bilingual {
    Bilingual::new(
        format!("the text is longer than {TEST_WORDS_BYTES_MAX} bytes"),
        format!("文字超过 {TEST_WORDS_BYTES_MAX} 字节"),
    )
}

pub(crate) fn too_many() -> Bilingual {
    Bilingual::new(
        format!("{TESTS_RUNNING_MAX} tests run already: end one first"),
        format!("正在进行的测试已达 {TESTS_RUNNING_MAX} 个，请先结束一个"),
    )
}

pub(crate) fn unknown(what: &str) -> Bilingual {
    Bilingual::new(
        format!("`{what}` is not known there: choose from the list of sites, zones and devices"),
        format!("未找到 {what}，请从单位、部位和设备列表中选择"),
    )
}

pub(crate) fn empty_scope() -> Bilingual {
    Bilingual::new("name at least one zone or device, or the whole site", "请至少选择一个部位或设备，或选择整个单位")
}

pub(crate) fn not_running(id: TestId) -> Bilingual {
    Bilingual::new(format!("test {id} does not run"), format!("测试 {id} 未在进行"))
}

pub(crate) fn nothing_to_approve() -> Bilingual {
    Bilingual::new(
        "it does not test fire, gas or carbon monoxide: nothing is to be approved",
        "该测试不含火警、燃气和一氧化碳报警，无需批准",
    )
}

pub(crate) fn approved_already(by: &UserName) -> Bilingual {
    Bilingual::new(format!("{by} has approved it already"), format!("{by} 已批准"))
}

pub(crate) fn own_approval() -> Bilingual {
    Bilingual::new(
        "whoever began a test cannot approve it: a second person must; until then fires alarm as ever",
        "发起人不能批准自己的测试，须由另一人批准；批准前火警照常报警",
    )
}

/// The sentence of an alert that still goes on when its test ends.
pub(crate) fn goes_on(reason: &Bilingual) -> Bilingual {
    Bilingual::new(
        format!("the test is over and this goes on: {}", reason.english()),
        format!("测试已结束，报警仍在持续：{}", reason.chinese()),
    )
}

/// Why an alert of a test was closed.
pub(crate) fn note(id: TestId) -> Bilingual {
    Bilingual::new(format!("raised in test {id}, which is over"), format!("测试 {id} 期间产生，测试已结束"))
}
