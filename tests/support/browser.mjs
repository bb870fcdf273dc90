// Drives a browser through a person's first minute with an alarm; see `tests/browser.rs`.
// node browser.mjs WEB_FOLDER BROWSER PICTURE ADDRESS USER PASSWORD

import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [web, browser, picture, address, user, password] = process.argv.slice(2);
const { chromium } = createRequire(join(web, "package.json"))("playwright-core");

const profile = mkdtempSync(join(tmpdir(), "watchfire-browser-"));
const errors = [];
const context = await chromium.launchPersistentContext(profile, {
  executablePath: browser,
  headless: true,
  locale: "en-GB",
  viewport: { width: 1440, height: 900 },
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"],
});
try {
  const page = context.pages()[0] ?? (await context.newPage());
  page.setDefaultTimeout(30_000);
  page.on("pageerror", (error) => errors.push(String(error)));
  // The browser itself reports the 401 by which the page learns that nobody is logged in.
  page.on("console", (message) => {
    if (message.type() === "error" && !message.text().includes("401")) errors.push(message.text());
  });
  await page.goto(address);
  await page.fill("[name=user]", user);
  await page.fill("[name=password]", password);
  await page.keyboard.press("Enter");

  const row = page.locator("li.class-fire").filter({ hasText: /Kitchen smoke alarm|厨房烟感/ });
  await row.waitFor();
  await row.locator("button.ack").waitFor();
  await page.screenshot({ path: picture });
  // The key acts on the row that the person sees selected, and only once it has stood there long enough to be read.
  while ((await row.locator("button.ack").count()) > 0) {
    await page.keyboard.press("a");
    await row.locator("button.ack").waitFor({ state: "detached", timeout: 500 }).catch(() => {});
  }
  await row.locator(".state:not(.open)").waitFor();
} finally {
  await context.close();
  rmSync(profile, { recursive: true, force: true });
}
if (errors.length > 0) {
  console.error(`the page reported errors:\n${errors.join("\n")}`);
  process.exit(1);
}
