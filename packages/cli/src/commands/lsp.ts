import type { Command } from "commander";

export function lspCommand(cli: Command): void {
  cli
    .command("lsp")
    .description("the language server, for editors: see docs/editors.md")
    .option("--stdio", "speak over standard input and output (the default)")
    .action(async () => {
      // The server is a program of its own, bundled whole; it reads the same arguments and lives until `exit`.
      if (!process.argv.includes("--stdio")) process.argv.push("--stdio");
      await import("@fathom/language-server/server");
      await new Promise(() => {});
    });
}
