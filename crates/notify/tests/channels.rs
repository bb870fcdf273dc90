//! The channels against servers that are not ours: aiosmtpd, Kannel; and a receiver that misbehaves in every way.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "support/peers.rs"]
mod peers;
#[path = "support/sample.rs"]
mod sample;
#[path = "support/stub.rs"]
mod stub;

use peers::{KANNEL_USER, Kannel, MailServer, MailTls};
use sample::delivery;
use std::path::Path;
use std::time::Duration;
use stub::Stub;
use watchfire_model::sites::Language;
use watchfire_model::{ChannelKind, Failure};
use watchfire_notify::{
    Channel, Delivery, DeliveryError, Email, EmailOptions, EmailTls, PARTS_MAX, Receipt, Sms, SmsOptions, Webhook,
    WebhookOptions,
};

const TIMEOUT: Duration = Duration::from_secs(10);

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(future)
}

fn deliver(channel: &dyn Channel, delivery: &Delivery) -> Result<Receipt, DeliveryError> {
    run(channel.deliver(delivery))
}

fn email_options(port: u16, tls: EmailTls) -> EmailOptions {
    EmailOptions {
        host: "localhost".to_owned(),
        port: Some(port),
        tls,
        insecure: false,
        ca_file: None,
        credentials: None,
        from: "Watchfire 消防预警 <watchfire@example.org>".to_owned(),
        hello_name: None,
        timeout: TIMEOUT,
        connections_kept_max: 2,
    }
}

fn mail() -> Delivery {
    delivery(ChannelKind::Email, "night@example.org", Language::Zh)
}

#[test]
fn a_mail_arrives_and_its_repeat_is_the_same_mail() {
    let directory = tempfile::tempdir().unwrap();
    let Some(server) = MailServer::start(directory.path(), MailTls::None) else { return };
    let email = Email::new(email_options(server.port, EmailTls::None)).unwrap();
    let receipts = run(async { [email.deliver(&mail()).await.unwrap(), email.deliver(&mail()).await.unwrap()] });
    assert!(receipts[0].text.starts_with("250"), "{receipts:?}");
    let mails = server.wait_for_mails(2);
    assert_eq!(server.greetings(), 1, "the connection is used again");
    let of_ours = |mail: &str| mail.lines().filter(|line| !line.starts_with("X-")).collect::<Vec<_>>().join("\n");
    assert_eq!(of_ours(&mails[0]), of_ours(&mails[1]));
    for part in [
        "Message-ID: <5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a-7-0.7.night-desk.email.1@example.org>",
        "In-Reply-To: <5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a-7-0@example.org>",
        "Auto-Submitted: auto-generated",
        "Importance: high",
        "Date: Sun, 01 Mar 2026 18:20:05 +0000",
        "To: night@example.org",
        "multipart/alternative",
        "text/plain; charset=utf-8",
        "text/html; charset=utf-8",
    ] {
        assert!(mails[0].contains(part), "{part} is missing in\n{}", mails[0]);
    }
    assert_eq!(read_mail(directory.path()), format!("【火警】阳光敬老院 二楼走廊\n{}", mail().body));
}

/// Subject and plain text of the first mail, as a mail program that is not ours reads them.
fn read_mail(directory: &Path) -> String {
    let script = "import email, email.policy, os, sys
d = sys.argv[1] + '/mail/new/'
m = email.message_from_binary_file(open(d + sorted(os.listdir(d))[0], 'rb'), policy=email.policy.default)
sys.stdout.buffer.write((m['subject'] + '\\n' + m.get_body(('plain',)).get_content()).encode())";
    let output = std::process::Command::new("python3").args(["-c", script]).arg(directory).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().replace("\r\n", "\n")
}

#[test]
fn a_mail_goes_out_encrypted_to_a_server_that_is_who_it_says() {
    let directory = tempfile::tempdir().unwrap();
    if !peers::certificate(directory.path()) {
        return;
    }
    for (server_tls, our_tls) in [(MailTls::StartTls, EmailTls::StartTls), (MailTls::Implicit, EmailTls::Implicit)] {
        let Some(server) = MailServer::start(directory.path(), server_tls) else { return };
        let trusted =
            EmailOptions { ca_file: Some(directory.path().join("ca.pem")), ..email_options(server.port, our_tls) };
        let before = server.mails().len();
        deliver(&Email::new(trusted).unwrap(), &mail()).unwrap();
        server.wait_for_mails(before + 1);
        let stranger = Email::new(email_options(server.port, our_tls)).unwrap();
        let error = deliver(&stranger, &mail()).unwrap_err();
        assert_eq!(error.failure(), Failure::Unreachable, "{error}");
        assert_eq!(server.mails().len(), before + 1);
    }
}

#[test]
fn a_mail_server_that_restarts_costs_no_mail() {
    let directory = tempfile::tempdir().unwrap();
    let Some(mut server) = MailServer::start(directory.path(), MailTls::None) else { return };
    let email = Email::new(email_options(server.port, EmailTls::None)).unwrap();
    run(async {
        email.deliver(&mail()).await.unwrap();
        server.stop();
        assert_eq!(email.deliver(&mail()).await.unwrap_err().failure(), Failure::Unreachable);
        server.restart();
        email.deliver(&mail()).await.unwrap();
    });
    assert_eq!(server.wait_for_mails(2).len(), 2);
}

#[test]
fn starttls_that_is_not_offered_is_not_done_without() {
    let directory = tempfile::tempdir().unwrap();
    let Some(server) = MailServer::start(directory.path(), MailTls::None) else { return };
    let email = Email::new(email_options(server.port, EmailTls::StartTls)).unwrap();
    let error = deliver(&email, &mail()).unwrap_err();
    assert_eq!(error.failure(), Failure::Unreachable, "{error}");
    assert!(server.mails().is_empty());
}

#[test]
fn no_mail_server_is_unreachable_and_unencrypted_mail_stays_at_home() {
    let email = Email::new(email_options(peers::free_port(), EmailTls::None)).unwrap();
    assert_eq!(deliver(&email, &mail()).unwrap_err().failure(), Failure::Unreachable);
    let away = EmailOptions { host: "mail.example.org".to_owned(), ..email_options(25, EmailTls::None) };
    assert!(Email::new(away.clone()).unwrap_err().to_string().contains("insecure = true"));
    assert!(Email::new(EmailOptions { insecure: true, ..away }).is_ok());
    let credentials = Some(("u".to_owned(), "hunter2".to_owned()));
    let options = EmailOptions { credentials, ..email_options(25, EmailTls::None) };
    assert!(!format!("{options:?} {:?}", Email::new(options.clone()).unwrap()).contains("hunter2"));
}

#[test]
fn what_a_mail_server_says_is_a_next_step() {
    let cases = [
        ("450 4.2.0 greylisted", Failure::Throttled { wait_s: 60 }),
        ("421 4.3.2 closing", Failure::Unreachable),
        ("550 5.1.1 no such user", Failure::Refused),
        ("553 5.1.3 bad address", Failure::Refused),
    ];
    for (answer, expected) in cases {
        let stub = Stub::smtp(&[("RCPT", answer)]);
        let email = Email::new(email_options(stub.port, EmailTls::None)).unwrap();
        let error = deliver(&email, &mail()).unwrap_err();
        assert_eq!(error.failure(), expected, "{answer}: {error}");
        assert!(error.to_string().contains(&answer[4..]), "{error}");
    }
    let stub = Stub::smtp(&[("MAIL", "530 5.7.0 authentication required")]);
    let error = deliver(&Email::new(email_options(stub.port, EmailTls::None)).unwrap(), &mail()).unwrap_err();
    assert!(error.to_string().starts_with("refused by the server: MAIL FROM: permanent error (530)"), "{error}");
    let stub = Stub::smtp(&[("EHLO", "250-stub\r\n250 AUTH PLAIN LOGIN"), ("AUTH", "535 5.7.8 wrong password")]);
    let credentials = Some(("u".to_owned(), "hunter2".to_owned()));
    let options = EmailOptions { credentials, ..email_options(stub.port, EmailTls::None) };
    let error = deliver(&Email::new(options).unwrap(), &mail()).unwrap_err();
    assert!(error.to_string().starts_with("refused by the server: AUTH: permanent error (535)"), "{error}");
    let mut wrong = mail();
    wrong.address = "nobody".to_owned();
    let email = Email::new(email_options(1, EmailTls::None)).unwrap();
    assert_eq!(deliver(&email, &wrong).unwrap_err().failure(), Failure::Refused);
}

fn sms_options(url: &str) -> SmsOptions {
    SmsOptions {
        url: url.to_owned(),
        username: KANNEL_USER.0.to_owned(),
        password: KANNEL_USER.1.to_owned(),
        from: Some("10690000".to_owned()),
        insecure: false,
        ca_file: None,
        timeout: TIMEOUT,
    }
}

fn text_message(language: Language) -> Delivery {
    delivery(ChannelKind::Sms, "+8613800000000", language)
}

#[test]
fn kannel_accepts_text_messages_in_both_alphabets_and_splits_them() {
    let directory = tempfile::tempdir().unwrap();
    let Some(kannel) = Kannel::start(directory.path(), true) else { return };
    let sms = Sms::new(sms_options(&kannel.url())).unwrap();
    let mut parts = 0;
    for language in [Language::En, Language::Zh] {
        let message = text_message(language);
        let receipt = deliver(&sms, &message).unwrap();
        assert_eq!(receipt.text, "0: Accepted for delivery");
        parts += watchfire_notify::parts(&message.short).1;
        assert!(parts <= 2 * PARTS_MAX);
        kannel.wait_for_parts(parts);
    }
    let received = kannel.received();
    assert_eq!(received.len(), parts, "{received:#?}");
    assert!(received.iter().all(|part| part.contains("13800000000")), "{received:#?}");
    // The Chinese text comes in UCS-2: 火警 as its code units.
    assert!(received.iter().any(|part| part.contains("Fire") && part.contains("alarm")), "{received:#?}");
    assert!(received.iter().any(|part| part.to_ascii_lowercase().contains("pk%8bf")), "{received:#?}");
}

#[test]
fn kannel_refuses_wrong_passwords() {
    let directory = tempfile::tempdir().unwrap();
    let Some(kannel) = Kannel::start(directory.path(), true) else { return };
    let wrong = SmsOptions { password: "guessed".to_owned(), ..sms_options(&kannel.url()) };
    let error = deliver(&Sms::new(wrong).unwrap(), &text_message(Language::Zh)).unwrap_err();
    assert_eq!(error.failure(), Failure::Refused);
    assert!(error.to_string().starts_with("refused by the server: HTTP 403"), "{error}");
}

#[test]
fn kannel_without_a_line_is_not_a_delivery() {
    let directory = tempfile::tempdir().unwrap();
    let Some(kannel) = Kannel::start(directory.path(), false) else { return };
    let sms = Sms::new(sms_options(&kannel.url())).unwrap();
    let error = deliver(&sms, &text_message(Language::Zh)).unwrap_err();
    assert_eq!(error.failure(), Failure::Refused);
    assert_eq!(error.to_string(), "refused by the server: 3: Queued for later delivery");
}

#[test]
fn what_a_gateway_says_is_a_next_step() {
    let cases = [
        ("503 Service Unavailable", "Temporal failure, try again later.", Failure::Unreachable),
        ("202 Accepted", "3: Queued for later delivery", Failure::Refused),
        ("400 Bad Request", "Invalid receiver", Failure::Refused),
        ("429 Too Many Requests\r\nRetry-After: 7", "slow down", Failure::Throttled { wait_s: 7 }),
    ];
    for (status, body, expected) in cases {
        let stub = Stub::http(status, body);
        let sms = Sms::new(sms_options(&stub.url())).unwrap();
        let error = deliver(&sms, &text_message(Language::Zh)).unwrap_err();
        assert_eq!(error.failure(), expected, "{error}");
        assert!(!error.to_string().contains(KANNEL_USER.1), "{error}");
        let request = stub.request();
        assert!(request.starts_with("GET /?username=watchfire&"), "{request}");
        assert!(request.contains("coding=2&charset=UTF-8&text=%E3%80%90%E7%81%AB%E8%AD%A6"), "{request}");
    }
    let gone = format!("http://127.0.0.1:{}/cgi-bin/sendsms", peers::free_port());
    let error = deliver(&Sms::new(sms_options(&gone)).unwrap(), &text_message(Language::Zh)).unwrap_err();
    assert_eq!(error.failure(), Failure::Unreachable);
    assert!(!error.to_string().contains(KANNEL_USER.1), "{error}");
}

const SECRET: &str = "0123456789abcdef0123";

fn webhook() -> Webhook {
    let options = WebhookOptions { secret: SECRET.to_owned(), insecure: false, ca_file: None, timeout: TIMEOUT };
    Webhook::new(options).unwrap()
}

#[test]
fn a_webhook_is_signed_as_others_check_it() {
    let stub = Stub::http("200 OK", "thanks");
    let delivery = delivery(ChannelKind::Webhook, &stub.url(), Language::Zh);
    let receipt = deliver(&webhook(), &delivery).unwrap();
    assert_eq!(receipt.text, "HTTP 200 thanks");
    let request = stub.request();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let head = head.to_ascii_lowercase();
    assert!(head.contains(&format!("idempotency-key: {}", delivery.id)), "{head}");
    let signature = head.lines().find_map(|line| line.strip_prefix("watchfire-signature: ")).unwrap();
    let (t, v1) = signature.strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
    assert_eq!(t, "1772389206");
    if let Some(expected) = hmac_of_python(SECRET, &format!("{t}.{body}")) {
        assert_eq!(v1, expected);
    }
    let json: serde_json::Value = serde_json::from_str(body).unwrap();
    let pretty = serde_json::to_string_pretty(&json).unwrap() + "\n";
    let pretty = pretty.replace(&stub.url(), "URL");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/webhook.json");
    if std::env::var_os("WATCHFIRE_BLESS").is_some() {
        std::fs::write(&path, &pretty).unwrap();
    }
    assert_eq!(pretty, std::fs::read_to_string(path).unwrap());
}

/// The signature by an implementation that is not ours.
fn hmac_of_python(secret: &str, text: &str) -> Option<String> {
    let script = "import hmac, sys
print(hmac.new(sys.argv[1].encode(), sys.argv[2].encode(), 'sha256').hexdigest())";
    let Ok(output) = std::process::Command::new("python3").args(["-c", script, secret, text]).output() else {
        peers::skip("python3");
        return None;
    };
    Some(String::from_utf8(output.stdout).unwrap().trim().to_owned())
}

#[test]
fn a_webhook_follows_no_redirect_and_reads_no_flood() {
    let elsewhere = Stub::http("200 OK", "");
    let stub = Stub::http(&format!("302 Found\r\nLocation: {}", elsewhere.url()), "");
    let error = deliver(&webhook(), &delivery(ChannelKind::Webhook, &stub.url(), Language::En)).unwrap_err();
    assert_eq!(error.failure(), Failure::Refused, "{error}");
    assert!(!elsewhere.was_asked());
    let flood = Stub::http("200 OK", &"x".repeat(10_000_000));
    let receipt = deliver(&webhook(), &delivery(ChannelKind::Webhook, &flood.url(), Language::En)).unwrap();
    assert!(receipt.text.len() <= watchfire_notify::DETAIL_BYTES_MAX);
    let error = deliver(&webhook(), &delivery(ChannelKind::Webhook, "http://example.org/", Language::En)).unwrap_err();
    assert!(error.to_string().contains("insecure = true"), "{error}");
}

#[test]
fn a_silent_receiver_is_unreachable_in_time() {
    let stub = Stub::silent();
    let options = WebhookOptions {
        secret: SECRET.to_owned(),
        insecure: false,
        ca_file: None,
        timeout: Duration::from_millis(200),
    };
    let channel = Webhook::new(options).unwrap();
    let error = deliver(&channel, &delivery(ChannelKind::Webhook, &stub.url(), Language::En)).unwrap_err();
    assert_eq!(error.failure(), Failure::Unreachable, "{error}");
}
