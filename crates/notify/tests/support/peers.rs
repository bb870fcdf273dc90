//! Servers that are not ours: Kannel with its fake SMSC, aiosmtpd. Started on free ports of 127.0.0.1 with their files
//! in a directory of their own, and killed when dropped. Needs nothing from this crate: other tests include it by path.
//!
//! Where a program is missing the test says so and passes, unless `WATCHFIRE_REQUIRE_PEERS=1`.
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The longest that a server may take to come up or to do its work: 20 s, looked at every 20 ms.
const LOOKS_MAX: u32 = 1000;
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A free port. Another process may take it first, which no test machine has shown yet.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Waits until `look` finds something.
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..LOOKS_MAX {
        if let Some(found) = look() {
            return found;
        }
        std::thread::sleep(LOOK_EVERY);
    }
    panic!("{what} did not come");
}

/// Says that a test is skipped, or fails it where peers are required.
pub(crate) fn skip(what: &str) {
    let required = std::env::var("WATCHFIRE_REQUIRE_PEERS").is_ok_and(|value| value == "1");
    assert!(!required, "{what} is not installed, and WATCHFIRE_REQUIRE_PEERS=1");
    eprintln!("SKIPPED: {what} is not installed; set WATCHFIRE_REQUIRE_PEERS=1 to make this a failure");
}

/// A process that ends with its owner.
struct Server(Child);

impl Server {
    fn start(command: &mut Command, log: &Path) -> Server {
        let out = std::fs::File::create(log).unwrap();
        let err = out.try_clone().unwrap();
        Server(command.stdin(Stdio::null()).stdout(out).stderr(err).spawn().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Mail that arrived, each file once.
fn mails_in(directory: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(directory.join("new")) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| String::from_utf8_lossy(&std::fs::read(file).unwrap()).into_owned()).collect()
}

/// aiosmtpd writing to a Maildir; what it refuses stands in the file `refusals` of its directory (`mail_server.py`).
pub(crate) struct MailServer {
    /// Where it listens, at `localhost`.
    pub(crate) port: u16,
    directory: PathBuf,
    python: &'static str,
    tls: MailTls,
    server: Option<Server>,
}

/// How the mail server speaks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum MailTls {
    None,
    StartTls,
    Implicit,
}

impl MailServer {
    /// Starts it with its files under `directory`; `None`, said loudly, when it is not installed. With TLS it shows the
    /// certificate of [`certificate`].
    pub(crate) fn start(directory: &Path, tls: MailTls) -> Option<MailServer> {
        let Some(python) = python_with_aiosmtpd() else {
            skip("aiosmtpd (Debian: python3-aiosmtpd)");
            return None;
        };
        std::fs::write(directory.join("mail_server.py"), include_str!("mail_server.py")).unwrap();
        let mut server = MailServer { port: free_port(), directory: directory.to_owned(), python, tls, server: None };
        server.restart();
        Some(server)
    }

    /// Starts it again at the same port, with the mail it has.
    pub(crate) fn restart(&mut self) {
        self.stop();
        let mut command = Command::new(self.python);
        command.args(["-m", "aiosmtpd", "-n", "-d", "-c", "mail_server.Server"]);
        command.env("PYTHONPATH", &self.directory).env("REFUSALS", self.directory.join("refusals"));
        command.arg(self.directory.join("mail")).args(["-l", &format!("127.0.0.1:{}", self.port)]);
        let options = match self.tls {
            MailTls::None => None,
            MailTls::StartTls => Some(("--tlscert", "--tlskey")),
            MailTls::Implicit => Some(("--smtpscert", "--smtpskey")),
        };
        if let Some((cert, key)) = options {
            command.arg(cert).arg(self.directory.join("server.pem")).arg(key).arg(self.directory.join("server.key"));
        }
        self.server = Some(Server::start(&mut command, &self.directory.join("aiosmtpd.log")));
        wait_for("the mail server", || TcpStream::connect(("127.0.0.1", self.port)).ok());
    }

    /// Kills it.
    pub(crate) fn stop(&mut self) {
        self.server = None;
    }

    /// How many connections greeted it since it started.
    pub(crate) fn greetings(&self) -> usize {
        let log = std::fs::read_to_string(self.directory.join("aiosmtpd.log")).unwrap();
        log.lines().filter(|line| line.contains("EHLO")).count()
    }

    /// The raw messages so far, in the order they came.
    pub(crate) fn mails(&self) -> Vec<String> {
        mails_in(&self.directory.join("mail"))
    }

    /// Waits for that many messages.
    pub(crate) fn wait_for_mails(&self, count: usize) -> Vec<String> {
        wait_for("the mail", || Some(self.mails()).filter(|mails| mails.len() >= count))
    }
}

/// The distribution's own interpreter knows the distribution's packages; another may stand before it in the path.
fn python_with_aiosmtpd() -> Option<&'static str> {
    ["/usr/bin/python3", "python3"].into_iter().find(|python| {
        let probe = Command::new(python).args(["-c", "import aiosmtpd"]).stderr(Stdio::null()).status();
        probe.is_ok_and(|status| status.success())
    })
}

/// Makes an authority `ca.pem` and a certificate of it for `localhost` in `server.pem` and `server.key`. False, said
/// loudly, when openssl is not installed.
pub(crate) fn certificate(directory: &Path) -> bool {
    let openssl = |arguments: &str| {
        let words = arguments.split_whitespace().map(|word| word.replace('+', " "));
        Command::new("openssl").args(words).current_dir(directory).stdout(Stdio::null()).stderr(Stdio::null()).status()
    };
    if !openssl("version").is_ok_and(|status| status.success()) {
        skip("openssl");
        return false;
    }
    std::fs::write(directory.join("san.cnf"), "subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n")
        .unwrap();
    for step in [
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 30 -subj /CN=test",
        "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout server.key -out server.csr -subj /CN=localhost",
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out server.pem -days 30 -extfile san.cnf",
    ] {
        assert!(openssl(step).unwrap().success(), "openssl {step}");
    }
    true
}

/// Kannel: bearerbox with a fake SMSC, and smsbox with its `sendsms` service.
pub(crate) struct Kannel {
    sendsms_port: u16,
    directory: PathBuf,
    // Dropped in this order: who speaks to the bearerbox ends before it.
    _fakesmsc: Option<Server>,
    _smsbox: Server,
    _bearerbox: Server,
}

/// User and password of the `sendsms` service.
pub(crate) const KANNEL_USER: (&str, &str) = ("watchfire", "kannel-secret");

impl Kannel {
    /// Starts it with its files under `directory`; `None`, said loudly, when it is not installed. Without `line` there
    /// is no SMSC, and every message is queued.
    pub(crate) fn start(directory: &Path, line: bool) -> Option<Kannel> {
        let Some([bearerbox, smsbox, fakesmsc]) = kannel_programs() else {
            skip("Kannel (Debian: kannel, kannel-extras)");
            return None;
        };
        let [admin, smsbox_port, smsc, sendsms_port] = [free_port(), free_port(), free_port(), free_port()];
        let config = directory.join("kannel.conf");
        std::fs::write(&config, kannel_config(admin, smsbox_port, smsc, sendsms_port)).unwrap();
        let log = |name: &str| directory.join(format!("{name}.log"));
        let bearerbox = Server::start(Command::new(bearerbox).args(["-v", "0"]).arg(&config), &log("bearerbox"));
        let status = |ready: &str| http_get(admin, "/status.txt?password=admin").filter(|text| text.contains(ready));
        wait_for("the bearerbox", || status("Status: running"));
        // The bearerbox listens for boxes a little after it answers; a box that comes earlier gives up.
        wait_for("the bearerbox's port for boxes", || TcpStream::connect(("127.0.0.1", smsbox_port)).ok());
        let smsbox = Server::start(Command::new(smsbox).args(["-v", "0"]).arg(&config), &log("smsbox"));
        wait_for("the smsbox", || TcpStream::connect(("127.0.0.1", sendsms_port)).ok());
        let fakesmsc = line.then(|| {
            let mut command = Command::new(fakesmsc);
            command.args(["-H", "127.0.0.1", "-r", &smsc.to_string(), "-m", "0", "100 200 text nothing"]);
            let server = Server::start(&mut command, &log("fakesmsc"));
            wait_for("the fake SMSC", || status("(online"));
            server
        });
        let directory = directory.to_owned();
        Some(Kannel { sendsms_port, directory, _fakesmsc: fakesmsc, _smsbox: smsbox, _bearerbox: bearerbox })
    }

    /// The address of its `sendsms` service.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/cgi-bin/sendsms", self.sendsms_port)
    }

    /// What the fake SMSC got so far, one line a message part, as it writes it down.
    pub(crate) fn received(&self) -> Vec<String> {
        let log = std::fs::read(self.directory.join("fakesmsc.log")).unwrap_or_default();
        let log = String::from_utf8_lossy(&log).into_owned();
        log.lines().filter(|line| line.contains("Got message")).map(str::to_owned).collect()
    }

    /// Waits for that many parts.
    pub(crate) fn wait_for_parts(&self, count: usize) -> Vec<String> {
        wait_for("the text message", || Some(self.received()).filter(|parts| parts.len() >= count))
    }
}

fn kannel_programs() -> Option<[PathBuf; 3]> {
    let find = |names: &[&str]| names.iter().map(PathBuf::from).find(|path| path.is_file());
    Some([
        find(&["/usr/sbin/bearerbox", "/usr/local/sbin/bearerbox"])?,
        find(&["/usr/sbin/smsbox", "/usr/local/sbin/smsbox"])?,
        find(&["/usr/lib/kannel/test/fakesmsc", "/usr/local/bin/fakesmsc", "/usr/bin/fakesmsc"])?,
    ])
}

fn kannel_config(admin: u16, smsbox: u16, smsc: u16, sendsms: u16) -> String {
    let (user, password) = KANNEL_USER;
    let mut config = String::new();
    let mut group = |lines: &[String]| writeln!(config, "{}\n", lines.join("\n")).unwrap();
    let line = |key: &str, value: &dyn std::fmt::Display| format!("{key} = {value}");
    group(&[
        line("group", &"core"),
        line("admin-port", &admin),
        line("admin-interface", &"127.0.0.1"),
        line("admin-password", &"admin"),
        line("smsbox-port", &smsbox),
        line("smsbox-interface", &"127.0.0.1"),
        line("box-allow-ip", &"127.0.0.1"),
    ]);
    group(&[
        line("group", &"smsc"),
        line("smsc", &"fake"),
        line("smsc-id", &"FAKE"),
        line("port", &smsc),
        line("connect-allow-ip", &"127.0.0.1"),
    ]);
    group(&[
        line("group", &"smsbox"),
        line("bearerbox-host", &"127.0.0.1"),
        line("bearerbox-port", &smsbox),
        line("sendsms-port", &sendsms),
        line("sendsms-interface", &"127.0.0.1"),
    ]);
    group(&[
        line("group", &"sendsms-user"),
        line("username", &user),
        line("password", &password),
        line("max-messages", &3),
        line("concatenation", &"true"),
    ]);
    group(&[line("group", &"sms-service"), line("keyword", &"default"), line("text", &"nothing")]);
    config
}

/// The answer's body, by the plainest HTTP there is.
fn http_get(port: u16, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").as_bytes()).ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    Some(String::from_utf8_lossy(&answer).into_owned())
}
