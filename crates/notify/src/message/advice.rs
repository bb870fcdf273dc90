//! What to do first, by class. Short imperative sentences, most important first.

use watchfire_model::Class;
use watchfire_model::sites::Language;

pub(super) fn of(class: Class, language: Language) -> Vec<&'static str> {
    match language {
        Language::En => english(class),
        Language::Zh => chinese(class),
    }
    .to_vec()
}

fn english(class: Class) -> &'static [&'static str] {
    match class {
        Class::Fire => &[
            "Call the site now and have someone check.",
            "If it is a fire, or nobody can confirm within 90 seconds, call 119 and get everyone out.",
            "Acknowledge the alert in the console: until then the next people on the list are told.",
        ],
        Class::Gas => &[
            "Call the site: no flames, no switches, no calls from inside; open windows and shut the gas valve if it is safe.",
            "Get everyone out, then call the gas company from outside; call 119 if anyone is in danger.",
            "Acknowledge the alert in the console.",
        ],
        Class::Co => &[
            "Call the site: everyone out into fresh air at once.",
            "Headache, dizziness, or somebody unconscious: call 120; trapped people: call 119.",
            "Acknowledge the alert in the console.",
        ],
        Class::EarlyWarning => &[
            "Have someone on site look at the place now.",
            "This is a pre-alarm and is not passed to the fire brigade. If you see smoke or flames, call 119 at once.",
            "Acknowledge the alert in the console.",
        ],
        Class::Water => &[
            "Check the pump, valves, tank and pipes on site.",
            "Keep the fire water supply available; arrange repair.",
        ],
        Class::Electrical => &[
            "Have an electrician check the circuit; cut its power if it heats or smells.",
            "If you see smoke or flames, call 119 at once.",
        ],
        Class::Supervisory => &["Check on site and bring the equipment back to its normal state."],
        Class::Fault => &["Arrange repair. Until then, this place may be unprotected: patrol it."],
        Class::Offline => &[
            "Check the device's power, battery and network.",
            "Until it is back, this place is not monitored: patrol it.",
        ],
        Class::Security => &["Check who tried this, and change the credentials if in doubt."],
        Class::Information => &[],
    }
}

fn chinese(class: Class) -> &'static [&'static str] {
    match class {
        Class::Fire => &[
            "立即致电现场，安排人员核实。",
            "确认起火，或90秒内无法核实的，立即拨打119并组织人员疏散。",
            "在系统中确认本次火警；未确认前，系统将继续通知下一级人员。",
        ],
        Class::Gas => &[
            "立即通知现场：严禁明火，不要开关电器，不要在室内打电话；确保安全的前提下开窗通风、关闭燃气阀门。",
            "组织人员撤到室外后，拨打燃气公司抢修电话；有人员遇险的，拨打119。",
            "在系统中确认本次报警。",
        ],
        Class::Co => &[
            "立即通知现场所有人员撤到室外通风处。",
            "有人头晕、呕吐或昏迷的，拨打120；有人员被困的，拨打119。",
            "在系统中确认本次报警。",
        ],
        Class::EarlyWarning => &[
            "立即安排现场人员到该部位查看。",
            "本信息为早期预警，不上报119；现场发现烟雾或明火的，立即拨打119。",
            "在系统中确认本次预警。",
        ],
        Class::Water => &["到现场检查水泵、阀门、水箱和管网。", "保证消防用水，并安排维修。"],
        Class::Electrical => {
            &["安排电工检查该回路；有发热、异味的，先切断电源。", "现场发现烟雾或明火的，立即拨打119。"]
        }
        Class::Supervisory => &["到现场查看，将设施恢复至正常状态。"],
        Class::Fault => &["安排维修；修复前该部位可能失去保护，请加强巡查。"],
        Class::Offline => &["检查设备的供电、电池和网络。", "恢复在线前该部位处于无监测状态，请加强巡查。"],
        Class::Security => &["核查操作来源；如有疑问，立即更换账号密码。"],
        Class::Information => &[],
    }
}
