//! Builds the web pages of `web/` and writes `pages.rs`, which holds them, into the output directory.
//!
//! The sources are copied into the output directory and built there with `npm ci` and `npm run build`, so that the
//! tree stays clean; `npm ci` runs again only when the lock file changed. Trouble (no Node, no network, an error in the
//! pages) is one warning: the crate builds with a page that says what is missing, and the API works.
//! `WATCHFIRE_WEB=off` leaves the pages out, for quick test builds.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The oldest Node.js that builds the pages.
const NODE_MIN: (u32, u32) = (20, 19);
/// What is never a source.
const NOT_SOURCES: [&str; 3] = ["node_modules", "dist", ".vite"];

/// Why there are no pages.
enum Missing {
    /// By wish.
    Off,
    /// Not in this copy of the sources.
    Sources,
    /// Not on this machine, or too old.
    Node(String),
    /// The build failed.
    Build(String),
}

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=WATCHFIRE_WEB");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let pages = build(&out);
    if let Err(missing) = &pages {
        warn(missing);
        if !matches!(missing, Missing::Off) {
            // A file that never is makes cargo try again: the next build may find Node, or the network.
            println!("cargo::rerun-if-changed=web/.not-built");
        }
    }
    if let Err(error) = write_pages(&out, &pages) {
        panic!("failed to write the list of pages into {}: {error}", out.display());
    }
}

/// The directory of the built pages.
fn build(out: &Path) -> Result<PathBuf, Missing> {
    if std::env::var_os("WATCHFIRE_WEB").is_some_and(|value| value == "off") {
        return Err(Missing::Off);
    }
    let web = Path::new("web");
    if !web.join("package.json").is_file() {
        return Err(Missing::Sources);
    }
    watch(web).map_err(|error| Missing::Build(format!("failed to read web: {error}")))?;
    check_node()?;
    let copy = out.join("web");
    refresh_copy(web, &copy).map_err(|error| Missing::Build(format!("failed to copy web: {error}")))?;
    install(out, &copy)?;
    npm(out, &copy, &["run", "build"])?;
    run(out, &copy, "node", &["-e", COMPRESS])?;
    if copy.join("dist/index.html").is_file() {
        Ok(copy.join("dist"))
    } else {
        Err(Missing::Build("the build gave no dist/index.html".to_owned()))
    }
}

/// Names every source to cargo; a directory that holds only sources is named as a whole.
fn watch(web: &Path) -> io::Result<()> {
    for entry in fs::read_dir(web)? {
        let name = entry?.file_name();
        if !NOT_SOURCES.iter().any(|not| name == *not) {
            println!("cargo::rerun-if-changed={}", web.join(&name).display());
        }
    }
    Ok(())
}

fn check_node() -> Result<(), Missing> {
    let output = Command::new("node").arg("--version").stdin(Stdio::null()).output();
    let output = output.map_err(|_| Missing::Node("node is not installed".to_owned()))?;
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let mut numbers = version.trim_start_matches('v').split('.').map(|number| number.parse::<u32>().unwrap_or(0));
    if (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) < NODE_MIN {
        return Err(Missing::Node(format!("node {version} is too old")));
    }
    let npm = Command::new(npm_name()).arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).status();
    match npm {
        Ok(status) if status.success() => Ok(()),
        _ => Err(Missing::Node("npm is not installed".to_owned())),
    }
}

/// Makes the copy hold the sources and what was installed for them, and nothing else.
fn refresh_copy(web: &Path, copy: &Path) -> io::Result<()> {
    fs::create_dir_all(copy)?;
    for entry in fs::read_dir(copy)? {
        let entry = entry?;
        if entry.file_name() == "node_modules" {
            continue;
        }
        if entry.file_type()?.is_dir() { fs::remove_dir_all(entry.path())? } else { fs::remove_file(entry.path())? }
    }
    copy_directory(web, copy)
}

fn copy_directory(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (name, kind) = (entry.file_name(), entry.file_type()?);
        if NOT_SOURCES.iter().any(|not| name == *not) {
            continue;
        }
        if kind.is_dir() {
            copy_directory(&entry.path(), &to.join(&name))?;
        } else if kind.is_file() {
            fs::copy(entry.path(), to.join(&name))?;
        }
    }
    Ok(())
}

/// `npm ci`, unless what is installed is what the lock file asks for.
fn install(out: &Path, copy: &Path) -> Result<(), Missing> {
    let lock = fs::read(copy.join("package-lock.json"))
        .map_err(|error| Missing::Build(format!("failed to read package-lock.json: {error}")))?;
    let installed = copy.join("node_modules/.installed-lock");
    if fs::read(&installed).is_ok_and(|known| known == lock) {
        return Ok(());
    }
    npm(out, copy, &["ci", "--no-audit", "--no-fund"])?;
    fs::write(&installed, lock).map_err(|error| Missing::Build(format!("failed to note what is installed: {error}")))
}

fn npm(out: &Path, directory: &Path, arguments: &[&str]) -> Result<(), Missing> {
    run(out, directory, npm_name(), arguments)
}

fn npm_name() -> &'static str {
    if cfg!(windows) { "npm.cmd" } else { "npm" }
}

/// Runs a command in a directory; what it says goes into a log in the output directory.
fn run(out: &Path, directory: &Path, program: &str, arguments: &[&str]) -> Result<(), Missing> {
    let what = format!("{program} {}", arguments.first().copied().unwrap_or_default());
    let log_path = out.join("web.log");
    let log = fs::File::create(&log_path).and_then(|log| Ok((log.try_clone()?, log)));
    let (log, log_too) = log.map_err(|error| Missing::Build(format!("failed to write web.log: {error}")))?;
    let mut command = Command::new(program);
    command.args(arguments).current_dir(directory).stdin(Stdio::null()).stdout(log).stderr(log_too);
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Missing::Build(format!("`{what}` failed ({status}); see {}", log_path.display()))),
        Err(error) => Err(Missing::Build(format!("`{what}` did not start: {error}"))),
    }
}

/// Writes `x.br` and `x.gz` beside every file that becomes notably smaller by it.
const COMPRESS: &str = r#"
const fs = require("node:fs"), path = require("node:path"), zlib = require("node:zlib");
const worth = (plain, packed) => packed.length < plain.length * 0.9;
for (const entry of fs.readdirSync("dist", { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || /\.(br|gz|png|webp|woff2|mp3|ico)$/.test(entry.name)) continue;
  const file = path.join(entry.parentPath ?? entry.path, entry.name), plain = fs.readFileSync(file);
  const br = zlib.brotliCompressSync(plain), gz = zlib.gzipSync(plain, { level: 9 });
  if (worth(plain, br)) fs.writeFileSync(file + ".br", br);
  if (worth(plain, gz)) fs.writeFileSync(file + ".gz", gz);
}
"#;

fn warn(missing: &Missing) {
    match missing {
        Missing::Off => {}
        Missing::Sources => println!("cargo::warning=the console has no web pages: crates/console/web is missing"),
        Missing::Node(why) => println!(
            "cargo::warning=the console has no web pages: {why}; install Node.js {}.{} or newer with npm and build again",
            NODE_MIN.0, NODE_MIN.1
        ),
        Missing::Build(why) => println!("cargo::warning=the console has no web pages: {why}"),
    }
}

fn write_pages(out: &Path, pages: &Result<PathBuf, Missing>) -> io::Result<()> {
    let mut text = String::new();
    match pages {
        Ok(dist) => {
            let mut files = Vec::new();
            list_files(dist, dist, &mut files)?;
            files.sort();
            text.push_str("const PAGES_BUILT: bool = true;\nstatic PAGE_FILES: &[PageFile] = &[\n");
            for name in files {
                text.push_str(&page_file(dist, &name));
            }
        }
        Err(missing) => {
            fs::write(out.join("missing.html"), missing_page(missing))?;
            text.push_str("const PAGES_BUILT: bool = false;\nstatic PAGE_FILES: &[PageFile] = &[\n");
            text.push_str(&entry("index.html", &out.join("missing.html"), None, None));
        }
    }
    text.push_str("];\n");
    fs::write(out.join("pages.rs"), text)
}

fn list_files(root: &Path, directory: &Path, files: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            list_files(root, &path, files)?;
        } else if let Some(name) = path.strip_prefix(root).ok().and_then(Path::to_str)
            && !name.ends_with(".br")
            && !name.ends_with(".gz")
        {
            files.push(name.replace('\\', "/"));
        }
    }
    Ok(())
}

fn page_file(dist: &Path, name: &str) -> String {
    let packed = |ending: &str| Some(dist.join(format!("{name}.{ending}"))).filter(|path| path.is_file());
    entry(name, &dist.join(name), packed("br"), packed("gz"))
}

fn entry(name: &str, plain: &Path, brotli: Option<PathBuf>, gzip: Option<PathBuf>) -> String {
    let bytes = |path: Option<&Path>| path.map_or("&[]".to_owned(), |path| format!("include_bytes!({path:?})"));
    let (plain, brotli, gzip) = (bytes(Some(plain)), bytes(brotli.as_deref()), bytes(gzip.as_deref()));
    format!("    PageFile {{ path: {name:?}, plain: {plain}, brotli: {brotli}, gzip: {gzip} }},\n")
}

fn missing_page(missing: &Missing) -> String {
    let (zh, en) = match missing {
        Missing::Off => ("编译时设置了 WATCHFIRE_WEB=off。", "WATCHFIRE_WEB=off was set when this program was built."),
        Missing::Sources => ("源代码中缺少 crates/console/web。", "crates/console/web is missing from the sources."),
        Missing::Node(_) => (
            "编译时没有找到 Node.js 20.19 或更新版本及 npm。",
            "Node.js 20.19 or newer with npm was not found when this program was built.",
        ),
        Missing::Build(_) => (
            "编译网页时出错(没有网络?),编译输出中有说明。",
            "Building the pages failed (no network?); the build's output says why.",
        ),
    };
    format!(
        r#"<!doctype html>
<html lang="zh-CN">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>watchfire</title></head>
<body>
<h1>watchfire</h1>
<p><strong>系统正在运行,但这个程序不包含网页。</strong>{zh}</p>
<p>请从 nodejs.org 或系统软件源安装 Node.js 20.19 或更新版本(含 npm),然后重新编译本程序。接口、报警和通知不受影响:<a href="/api/v1/openapi.json">/api/v1/openapi.json</a>、<a href="/readyz">/readyz</a>、<a href="/metrics">/metrics</a>。</p>
<hr>
<p lang="en"><strong>The station is running, but this program holds no web pages.</strong> {en}</p>
<p lang="en">Install Node.js 20.19 or newer (with npm) from nodejs.org or your system's packages, and build this program again. The API, alarms and messages work without: <a href="/api/v1/openapi.json">/api/v1/openapi.json</a>, <a href="/readyz">/readyz</a>, <a href="/metrics">/metrics</a>.</p>
</body>
</html>
"#
    )
}
