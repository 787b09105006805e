/**
 * A real VS Code workbench in a browser: the build that the npm package `code-server` carries, its own command line
 * bypassed, with the packaged extension installed as a user would install it.
 */
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";

const VERSION = "4.100.3";
const root = join(import.meta.dirname, "../../../..");
const cache = join(root, "node_modules/.cache/workbench");
const vscode = join(cache, "node_modules/code-server/lib/vscode");
const main = join(vscode, "out/server-main.js");

/**
 * Stands for a native module that is not built here. Output channels are files that this module writes, so without it
 * they stay empty. Written with `exports.` so that an import by name finds them.
 */
const LOGGER = `const { appendFileSync, mkdirSync } = require("fs");
const { dirname } = require("path");
class Logger {
  constructor(type, name, file) { this.file = file; this.level = 2; this.end = "\\n"; mkdirSync(dirname(file), { recursive: true }); }
  write(message) { try { appendFileSync(this.file, message + this.end); } catch {} }
  getLevel() { return this.level; }
  setLevel(level) { this.level = level; }
  setPattern() {}
  clearFormatters() { this.end = ""; }
  flush() {}
  drop() {}
}
for (const level of ["trace", "debug", "info", "warn", "error", "critical"])
  Logger.prototype[level] = function (message) { this.write(message); };
const create = async (name, file) => new Logger("rotating", name, file);
exports.version = 0;
exports.setLevel = () => {};
exports.setFlushOn = () => {};
exports.Logger = Logger;
exports.createRotatingLogger = create;
exports.createAsyncRotatingLogger = create;
`;

/** Installs the workbench once; about 20 s and 300 MB. */
function install(): void {
  const done = join(cache, `installed-${VERSION}`);
  if (existsSync(done)) return;
  rmSync(cache, { recursive: true, force: true });
  mkdirSync(cache, { recursive: true });
  writeFileSync(join(cache, "package.json"), `{"private":true}`);
  const npm = (cwd: string, ...args: string[]): void => {
    execFileSync("npm", [...args, "--ignore-scripts", "--no-audit", "--no-fund"], { cwd, stdio: "ignore" });
  };
  npm(cache, "install", `code-server@${VERSION}`);
  npm(vscode, "install", "--omit=dev");
  writeFileSync(join(vscode, "node_modules/@vscode/spdlog/index.js"), LOGGER);
  writeFileSync(
    join(vscode, "node_modules/native-watchdog/index.js"),
    "exports.start = exports.exit = () => {};\n",
  );
  writeFileSync(done, "");
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });

const SETTINGS = {
  "security.workspace.trust.enabled": false,
  "workbench.startupEditor": "none",
  "telemetry.telemetryLevel": "off",
  "extensions.autoUpdate": false,
  "extensions.autoCheckUpdates": false,
  "editor.inlayHints.enabled": "on",
  "editor.minimap.enabled": false,
  "editor.stickyScroll.enabled": false,
  "git.enabled": false,
};

export interface Workbench {
  readonly page: Page;
  /** Opens a file of the workspace in a fresh window. */
  open(file: string): Promise<void>;
  /** Types a command's title into the palette and takes it. */
  command(title: string): Promise<void>;
  /** Changes settings as a user's settings file does. */
  configure(settings: Readonly<Record<string, unknown>>): void;
  close(): Promise<void>;
}

/** A workbench on a folder with these files. */
export async function startWorkbench(
  vsix: string,
  files: Readonly<Record<string, string>>,
): Promise<Workbench> {
  install();
  const scratch = mkdtempSync(join(tmpdir(), "fathom-workbench-"));
  const [data, workspace] = [join(scratch, "data"), join(scratch, "workspace")];
  const configure: Workbench["configure"] = (settings) => {
    for (const place of ["User", "Machine"]) {
      mkdirSync(join(data, "data", place), { recursive: true });
      const all = JSON.stringify({ ...SETTINGS, ...settings });
      writeFileSync(join(data, "data", place, "settings.json"), all);
    }
  };
  configure({});
  mkdirSync(workspace);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(workspace, name), text);
  execFileSync(process.execPath, [main, "--install-extension", vsix, "--server-data-dir", data], {
    stdio: "ignore",
  });
  const port = await freePort();
  const server = spawn(
    process.execPath,
    [
      main,
      "--host",
      "127.0.0.1",
      "--port",
      String(port),
      "--without-connection-token",
      "--accept-server-license-terms",
      "--telemetry-level",
      "off",
      "--server-data-dir",
      data,
    ],
    // A group of its own: the extension host and the language server end with it.
    { detached: true, stdio: "ignore" },
  );
  let browser: Browser | undefined;
  const close = async (): Promise<void> => {
    await browser?.close();
    if (server.pid !== undefined) {
      try {
        process.kill(-server.pid, "SIGKILL");
      } catch {
        // It has ended already.
      }
    }
    rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    for (let tries = 0; ; tries++) {
      const up = await fetch(`http://127.0.0.1:${port}/`).then(
        () => true,
        () => false,
      );
      if (up) break;
      if (tries > 100) throw new Error("the workbench's server did not start");
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    browser = await chromium.launch({
      executablePath: "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    });
    const page = await browser.newPage({ viewport: { width: 1700, height: 1100 } });
    page.setDefaultTimeout(120_000);
    const open = async (file: string): Promise<void> => {
      const payload = [["openFile", `vscode-remote://127.0.0.1:${port}${workspace}/${file}`]];
      await page.goto(
        `http://127.0.0.1:${port}/?folder=${workspace}&payload=${encodeURIComponent(JSON.stringify(payload))}`,
      );
      await page.waitForSelector(".view-line");
      await page.locator(".view-line").first().click();
      await page.keyboard.press("Control+Home");
    };
    const command = async (title: string): Promise<void> => {
      await page.keyboard.press("F1");
      await page.waitForSelector(".quick-input-widget input");
      await page.keyboard.type(title);
      await page.locator(".quick-input-list .monaco-list-row", { hasText: title }).first().click();
    };
    return { page, open, command, configure, close };
  } catch (error) {
    await close();
    throw error;
  }
}
