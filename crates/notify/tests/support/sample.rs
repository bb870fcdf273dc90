//! A care home with a fire, for messages and channels.
#![expect(clippy::unwrap_used, reason = "tests")]

use watchfire_model::sites::Language;
use watchfire_model::{
    AlertId, Bilingual, ChannelKind, Class, ContactId, DeliveryId, DeviceName, JournalId, Seq, SiteId, Source,
    Timestamp, ZoneId,
};
use watchfire_notify::{Delivery, DeviceFacts, Facts, SiteFacts, Telling, ZoneFacts, render};

/// An alert of that class in the corridor, raised by entry `cause`.
pub(crate) fn facts(class: Class, cause: u64) -> Facts {
    let (en, zh) = reason(class);
    let raised_at: Timestamp = "2026-03-01T18:20:05Z".parse().unwrap();
    Facts {
        id: AlertId { journal: JournalId([0x5a; 16]), cause: Seq(cause), ordinal: 0 },
        class,
        severity: class.severity(),
        transition: "raised",
        seq: Seq(cause),
        at: raised_at,
        site: SiteFacts {
            id: SiteId::new("sunshine").unwrap(),
            name: Bilingual::new("Sunshine care home", "阳光敬老院"),
            address: Bilingual::new("18 Yongjia Road, Xuhui, Shanghai", "上海市徐汇区永嘉路18号"),
            time_zone: "Asia/Shanghai".to_owned(),
        },
        zone: Some(ZoneFacts {
            id: ZoneId::new("corridor-2").unwrap(),
            name: Bilingual::new("Corridor, 2nd floor", "二楼走廊"),
        }),
        device: Some(DeviceFacts {
            source: Source::Watchfire,
            name: DeviceName::new("smoke-201").unwrap(),
            label: Bilingual::new("Smoke detector 201", "201号烟感"),
        }),
        rule: "own-alarm@1".to_owned(),
        reason: Bilingual::new(en, zh),
        late: false,
        raised_at,
        cleared_at: None,
    }
}

fn reason(class: Class) -> (&'static str, &'static str) {
    match class {
        Class::Fire => ("The smoke detector is in alarm: 0.42 dB/m.", "烟雾探测器报警，烟雾浓度0.42 dB/m。"),
        Class::Gas => ("The gas detector is in alarm: 12 %LEL.", "可燃气体探测器报警，浓度12 %LEL。"),
        Class::Co => ("The CO detector is in alarm: 180 ppm.", "一氧化碳探测器报警，浓度180 ppm。"),
        Class::EarlyWarning => (
            "The temperature rose from 22.1 °C to 31.4 °C within 60 s (limit 8 °C).",
            "60秒内温度由22.1 °C升至31.4 °C（限值8 °C）。",
        ),
        Class::Water => ("The hydrant pressure is 0.09 MPa, below 0.15 MPa.", "消火栓压力0.09 MPa，低于0.15 MPa。"),
        Class::Electrical => ("The residual current is 520 mA, above 300 mA.", "剩余电流520 mA，超过300 mA。"),
        Class::Supervisory => ("The valve is closed.", "阀门处于关闭状态。"),
        Class::Fault => ("The battery is low: 8 %.", "电池电量低：8 %。"),
        Class::Offline => ("No message for 180 s.", "已180秒未收到数据。"),
        Class::Security => ("12 wrong passwords within 60 s.", "60秒内密码错误12次。"),
        Class::Information => ("Somebody fell.", "检测到跌倒。"),
    }
}

/// The message as the desk would hand it out.
pub(crate) fn delivery(channel: ChannelKind, address: &str, language: Language) -> Delivery {
    let facts = facts(Class::Fire, 7);
    let link = Some("https://fire.example.org/alerts/x".to_owned());
    let text = render(&facts, &[], &Telling::Alarm, language, link.as_deref());
    let contact = ContactId::new("night-desk").unwrap();
    let id = DeliveryId { alert: facts.id, cause: facts.seq, contact, channel, attempt: 1 };
    Delivery {
        key: id.clone(),
        id,
        address: address.to_owned(),
        language,
        telling: Telling::Alarm,
        facts,
        covers: Vec::new(),
        subject: text.subject,
        body: text.body,
        html: text.html,
        short: text.short,
        link,
        at: "2026-03-01T18:20:06Z".parse().unwrap(),
    }
}
