import { defineConfig } from "tsup";

const shared = { format: "esm", target: "es2023" } as const;

export default defineConfig([
  { ...shared, entry: ["src/index.ts"], dts: true, clean: true },
  {
    ...shared,
    // One file with all it needs, from sources so that only what is used is in it.
    entry: ["src/player.ts"],
    noExternal: [/.*/],
    esbuildOptions(options) {
      options.conditions = ["@fathom/source"];
      options.charset = "utf8";
    },
  },
]);
