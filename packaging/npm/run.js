#!/usr/bin/env node
// Starts the binary that the package of this platform carries.
"use strict";
const { spawn } = require("node:child_process");
const path = require("node:path");

const platform = `${process.platform}-${process.arch}`;
const file = process.platform === "win32" ? "databricks-mcp.exe" : "databricks-mcp";

function binary() {
  try {
    const folder = path.dirname(require.resolve(`databricks-toolkit-mcp-${platform}/package.json`));
    return path.join(folder, "bin", file);
  } catch {
    console.error(
      `databricks-toolkit-mcp: there is no binary for ${platform}.\n` +
        "If your platform is among the packages databricks-toolkit-mcp-*, npm left optional packages out:\n" +
        "install again without --omit=optional and --no-optional. Else build it: cargo install databricks-toolkit",
    );
    process.exit(1);
  }
}

const env = { ...process.env };
// What npx runs lies in a cache that comes and goes: `setup` writes npx in the place of its path.
if (env.npm_command === "exec" && !env.DATABRICKS_MCP_LAUNCHER) {
  env.DATABRICKS_MCP_LAUNCHER = "npx -y databricks-toolkit-mcp";
}
const child = spawn(binary(), process.argv.slice(2), { stdio: "inherit", env });
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => child.kill(signal));
}
child.on("error", (error) => {
  console.error(`databricks-toolkit-mcp: ${error.message}`);
  process.exit(1);
});
child.on("exit", (code, signal) => {
  if (signal) {
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  } else {
    process.exit(code);
  }
});
