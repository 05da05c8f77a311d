# Written by packaging/pack.py from packaging/homebrew/databricks-mcp.rb.
class DatabricksMcp < Formula
  desc "Tools for a Databricks workspace, as an MCP server and on the command-line"
  homepage "{repository}"
  version "{version}"
  license any_of: ["MIT", "Apache-2.0"]

  on_macos do
    on_arm do
      url "{url:aarch64-apple-darwin}"
      sha256 "{sha256:aarch64-apple-darwin}"
    end
    on_intel do
      url "{url:x86_64-apple-darwin}"
      sha256 "{sha256:x86_64-apple-darwin}"
    end
  end

  on_linux do
    on_arm do
      url "{url:aarch64-unknown-linux-musl}"
      sha256 "{sha256:aarch64-unknown-linux-musl}"
    end
    on_intel do
      url "{url:x86_64-unknown-linux-musl}"
      sha256 "{sha256:x86_64-unknown-linux-musl}"
    end
  end

  def install
    bin.install "databricks-mcp"
    man1.install Dir["man/*.1"]
    generate_completions_from_executable(bin/"databricks-mcp", "completions")
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/databricks-mcp --version")
    assert_match "execute_sql", shell_output("#{bin}/databricks-mcp tools")
  end
end
