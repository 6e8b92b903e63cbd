# Homebrew's formula of the client, for macOS: a server needs Linux, and has packages there.
class C3po < Formula
  desc "SSH port that moves every minute to where only you can compute it"
  homepage "@ADDRESS@"
  version "@VERSION@"
  license "GPL-2.0-or-later"

  depends_on :macos

  on_arm do
    url "@ADDRESS@/download/v@VERSION@/c3po-macos-aarch64.tar.gz"
    sha256 "@SHA256 c3po-macos-aarch64.tar.gz@"
  end
  on_intel do
    url "@ADDRESS@/download/v@VERSION@/c3po-macos-x86_64.tar.gz"
    sha256 "@SHA256 c3po-macos-x86_64.tar.gz@"
  end

  def install
    bin.install "bin/c3po"
    man.install Dir["share/man/*"]
    bash_completion.install "share/bash-completion/completions/c3po"
    zsh_completion.install "share/zsh/site-functions/_c3po"
    fish_completion.install "share/fish/vendor_completions.d/c3po.fish"
  end

  test do
    assert_equal "c3po #{version}", shell_output("#{bin}/c3po --version").strip
  end
end
