# The client for Nix: `nix-env -if c3po.nix`. What a server needs lies in folders that NixOS does not have.
{ pkgs ? import <nixpkgs> { } }:
let
  inherit (pkgs) lib stdenv;
  targets = {
    x86_64-linux = { name = "linux-x86_64"; sha256 = "@SHA256 c3po-linux-x86_64.tar.gz@"; };
    aarch64-linux = { name = "linux-aarch64"; sha256 = "@SHA256 c3po-linux-aarch64.tar.gz@"; };
    x86_64-darwin = { name = "macos-x86_64"; sha256 = "@SHA256 c3po-macos-x86_64.tar.gz@"; };
    aarch64-darwin = { name = "macos-aarch64"; sha256 = "@SHA256 c3po-macos-aarch64.tar.gz@"; };
  };
  target = targets.${stdenv.hostPlatform.system};
in
stdenv.mkDerivation {
  pname = "c3po";
  version = "@VERSION@";
  src = pkgs.fetchurl {
    url = "@ADDRESS@/download/v@VERSION@/c3po-${target.name}.tar.gz";
    inherit (target) sha256;
  };
  sourceRoot = ".";
  nativeBuildInputs = lib.optional stdenv.hostPlatform.isLinux pkgs.patchelf;
  # The program is a runtime with the script behind it, whose length is in the last eight bytes. patchelf
  # works on the runtime alone, and nothing else may touch it.
  dontStrip = true;
  dontPatchELF = true;
  installPhase = ''
    mkdir -p $out
    cp -r bin share $out
  '' + lib.optionalString stdenv.hostPlatform.isLinux ''
    length=$(tail -c 8 bin/c3po | od -An -tu8 | tr -d ' ')
    head -c -$length bin/c3po >runtime
    tail -c $length bin/c3po >script
    patchelf --set-interpreter "$(cat $NIX_CC/nix-support/dynamic-linker)" \
      --set-rpath ${lib.makeLibraryPath [ stdenv.cc.cc.lib stdenv.cc.libc ]} runtime
    cat runtime script >$out/bin/c3po
  '';
  doInstallCheck = true;
  installCheckPhase = ''
    [ "$($out/bin/c3po --version)" = "c3po @VERSION@" ]
  '';
  meta = {
    description = "SSH port that moves every minute to where only you can compute it";
    homepage = "@ADDRESS@";
    license = lib.licenses.gpl2Plus;
    mainProgram = "c3po";
    platforms = builtins.attrNames targets;
  };
}
