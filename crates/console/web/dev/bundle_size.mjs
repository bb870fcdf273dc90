// The pages must come up fast on an old computer over a bad line: all scripts together stay under the bar.

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const GZIP_BYTES_MAX = 150_000;

const folder = fileURLToPath(new URL("../dist/assets/", import.meta.url));
const scripts = readdirSync(folder).filter((name) => name.endsWith(".js"));
const bytes = scripts.reduce((sum, name) => sum + gzipSync(readFileSync(folder + name)).length, 0);
process.stdout.write(`scripts: ${bytes} bytes gzip of ${GZIP_BYTES_MAX}\n`);
if (bytes > GZIP_BYTES_MAX) process.exit(1);
