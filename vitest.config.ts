import { existsSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";

/**
 * Where Vulkan finds a driver on machines without a GPU: the software device in Debian's package `chromium`. Set in the
 * main process, before any worker starts: the loader reads the process's own environment, not a worker's copy.
 */
const SWIFTSHADER = "/usr/lib/chromium/vk_swiftshader_icd.json";

function useSoftwareGpu(): void {
  if (process.env.VK_ICD_FILENAMES !== undefined || !existsSync(SWIFTSHADER)) return;
  process.env.VK_ICD_FILENAMES = SWIFTSHADER;
  if (process.env.XDG_RUNTIME_DIR !== undefined) return;
  const folder = join(tmpdir(), `fathom-gpu-${process.getuid?.() ?? 0}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  process.env.XDG_RUNTIME_DIR = folder;
}

useSoftwareGpu();

const conditions = ["@fathom/source", "module", "import", "default"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ["packages/*/test/**/*.test.ts", "test/**/*.test.ts"],
    // What is printed is compared as plain text; some environments, CI among them, turn colours on.
    env: { NO_COLOR: "1" },
    // A guard against hanging, not a measure of speed: a busy machine takes ten times what an idle one does.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    expect: { poll: { timeout: 120_000 } },
    pool: "threads",
    maxWorkers: 2,
  },
});
