#!/bin/sh
# Installs c3po: a release, or what is in this checkout. See usage() below.
set -eu

# Where the releases are. The copy of this script that a release carries has its address here.
BASE_URL=

usage() {
	cat <<'EOF'
usage: curl -fsSL URL/install.sh | sudo sh    a release
       sudo ./install.sh                      what is in this checkout
       sudo ./install.sh --uninstall

As root: the server and the client under /usr/local, with manual page, completions and a service that is not
started; iptables and ipset with the machine's package manager where they are missing. As any other user: the
client under ~/.local. A checkout is compiled; where that cannot be done, c3po is a script that runs it with
Deno, which is fetched with npm if need be. Running this again brings c3po up to date.

  --uninstall    remove what this script installed, and say what stays
  -h, --help     print this text

C3PO_VERSION=1.2.3      that release instead of the latest
C3PO_BASE_URL=URL       where the releases are
C3PO_INSTALL_DIR=DIR    install under DIR instead (DIR/bin/c3po and so on)
EOF
}

say() { printf '%s\n' "$*"; }

die() {
	printf 'c3po: error: %s\n' "$1" >&2
	printf 'c3po: hint: %s\n' "$2" >&2
	exit "${3:-1}"
}

have() { command -v "$1" >/dev/null 2>&1; }

need_cmd() {
	for command; do
		have "$command" || die "this script needs \"$command\"" "install it and run this again"
	done
}

is_root() { [ "$(id -u)" -eq 0 ]; }

# Shows a command before it runs it.
show_and_run() {
	say "+ $*"
	"$@"
}

missing_packages() {
	if is_root && [ "$(uname -s)" = Linux ]; then # the server's tools; a client needs none of them
		have iptables || say iptables
		have ipset || say ipset
	fi
	[ -z "$CHECKOUT" ] || have deno || have npm || say npm
}

install_packages() {
	# shellcheck disable=SC2046 # one plain word a package
	set -- $(missing_packages)
	[ $# -gt 0 ] || return 0
	is_root || die "npm is missing, which would fetch deno" "install npm, or deno 2.4 or newer, and run this again"
	say "missing: $*"
	if have apt-get; then
		show_and_run apt-get update -q
		show_and_run env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "$@"
	elif have dnf; then show_and_run dnf install -y "$@"
	elif have yum; then show_and_run yum install -y "$@"
	elif have zypper; then show_and_run zypper --non-interactive install "$@"
	elif have pacman; then show_and_run pacman -S --needed --noconfirm "$@"
	elif have apk; then show_and_run apk add "$@"
	else die "no package manager known to this script is here to install: $*" "install them and run this again"
	fi
}

# The name of this system and machine in the names of the releases.
target() {
	case $(uname -s) in
	Linux) system=linux ;;
	Darwin) system=macos ;;
	*) die "there is no release for $(uname -s)" "on Windows, fetch the archive for windows-x86_64 by hand" ;;
	esac
	case $(uname -m) in
	x86_64 | amd64) machine=x86_64 ;;
	aarch64 | arm64) machine=aarch64 ;;
	*) die "there is no release for a machine of type $(uname -m)" "there are x86_64 and aarch64" ;;
	esac
	case $(ldd --version 2>&1 || :) in
	*musl*) die "this system has the C library musl, and Deno needs glibc" "use a distribution with glibc" ;;
	esac
	say "$system-$machine"
}

# fetch URL FILE: over https alone, but for a server on this machine itself
fetch() {
	case $1 in
	https://*) protocol=https ;;
	http://127.0.0.1:* | http://localhost:*) protocol=http ;;
	*) die "\"$1\" is no https address" "set C3PO_BASE_URL to the address of the releases" 2 ;;
	esac
	curl -fsSL --proto "=$protocol" --tlsv1.2 --retry 2 -o "$2" "$1" ||
		die "cannot fetch $1" "nothing is installed; curl's message above says why"
}

sha256() {
	if have sha256sum; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d ' ' -f 1
}

# Leaves a verified release in $stage/tree.
download() {
	need_cmd curl cut gzip sed tar
	release=${C3PO_VERSION:-latest}
	case $release in
	latest) url=$BASE_URL/latest/download ;;
	*[!0-9A-Za-z.-]*) die "\"$release\" is no version" "C3PO_VERSION is something like 1.2.3" 2 ;;
	*) url=$BASE_URL/download/v${release#v} ;;
	esac
	archive=c3po-$(target).tar.gz
	say "fetching $url/$archive"
	fetch "$url/SHA256SUMS" "$stage/sums"
	fetch "$url/$archive" "$stage/archive"
	expected=$(sed -n "s/^\([0-9a-f]\{64\}\)  $archive\$/\1/p" "$stage/sums")
	[ -n "$expected" ] || die "this release has no checksum for $archive" "nothing is installed; tell whoever made the release"
	[ "$(sha256 "$stage/archive")" = "$expected" ] ||
		die "$archive has the wrong checksum" "nothing is installed; try again, then ask who serves $url"
	tar -xzof "$stage/archive" -C "$stage/tree" || die "cannot unpack $archive" "nothing is installed; see tar's message above"
}

# Runs what is staged, where it is staged.
try() {
	if [ -e "$stage/tree/lib/c3po/c3po.js" ]; then
		sed "s|^lib=.*|lib='$stage/tree/lib/c3po'|" "$stage/tree/bin/c3po" | sh -s -- --version
	else
		"$stage/tree/bin/c3po" --version
	fi
}

# What this script may have put below the prefix, the program last.
installed() {
	cat <<'EOF'
lib/systemd/system/c3po.service
share/man/man1/c3po.1
share/bash-completion/completions/c3po
share/zsh/site-functions/_c3po
share/fish/vendor_completions.d/c3po.fish
share/doc/c3po/LICENSE
lib/c3po/deno
lib/c3po/c3po.js
bin/c3po
EOF
}

# Each step is one rename: whatever ends this, there is the old file or the new one.
place() {
	installed | while read -r file; do
		case $file in bin/* | lib/c3po/*) ;; *) is_root || continue ;; esac
		if [ -e "$stage/tree/$file" ]; then
			mkdir -p "$PREFIX/${file%/*}" && mv -f "$stage/tree/$file" "$PREFIX/$file" || exit 1
		fi
	done || die "cannot write under $PREFIX" "run this as root, or set C3PO_INSTALL_DIR"
	[ -e "$LIB/c3po.js" ] || return 0
	head -n 1 "$PREFIX/bin/c3po" | grep -q '^#!' || rm -rf "$LIB/c3po.js" "$LIB/deno" "$LIB/cache" # an earlier launcher's
	"$PREFIX/bin/c3po" --version >/dev/null # fills the launcher's cache, which only its owner can
}

install_c3po() {
	need_cmd cat chmod cp find grep head mkdir mktemp mv readlink rm rmdir sed uname
	umask 022
	install_packages
	mkdir -p "$LIB" || die "cannot write under $PREFIX" "run this as root, or set C3PO_INSTALL_DIR"
	stage=$(mktemp -d "$LIB/.stage.XXXXXX") # beside the target, so that mv is one step
	trap 'rm -rf "$stage"; rmdir "$LIB" 2>/dev/null || :' EXIT
	trap 'exit 1' HUP INT TERM
	mkdir "$stage/tree"
	if [ -z "$CHECKOUT" ]; then download; else
		say "building c3po"
		"$CHECKOUT/tools/build-tree.sh" "$stage" "$LIB" ||
			die "c3po could not be built" "nothing is installed; see the message above"
	fi
	version=$(try) || die "the new c3po does not run" "nothing is installed; see the message above"
	unit=$stage/tree/lib/systemd/system/c3po.service
	[ ! -e "$unit" ] || { sed "s|/usr/local/bin/c3po|$PREFIX/bin/c3po|" "$unit" >"$unit.new" && mv "$unit.new" "$unit"; }
	place
	say "installed $version as $PREFIX/bin/c3po"
	case :$PATH: in
	*":$PREFIX/bin:"*) ;;
	*) say "it is not on your PATH yet; this line makes it so: export PATH=\"$PREFIX/bin:\$PATH\"" ;;
	esac
	if is_root; then say "next: c3po key new"; else say "next: c3po key add HOST"; fi
}

uninstall() {
	need_cmd rm rmdir
	if is_root && have systemctl && systemctl is-active --quiet c3po; then
		die "c3po is running as a service" "systemctl disable --now c3po, then run this again"
	fi
	installed | while read -r file; do
		[ ! -e "$PREFIX/$file" ] || show_and_run rm -f "$PREFIX/$file"
	done
	rm -rf "$LIB/cache"
	rmdir "$LIB" "$PREFIX/share/doc/c3po" 2>/dev/null || :
	say "what stays, if it is there: keys and settings in /etc/c3po and ~/.config/c3po, bans in /var/lib/c3po, packages"
}

main() {
	need_cmd dirname id
	CHECKOUT=
	case $0 in
	*install.sh) # else this comes through a pipe
		CHECKOUT=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
		[ -e "$CHECKOUT/main.ts" ] || CHECKOUT=
		;;
	esac
	BASE_URL=${C3PO_BASE_URL:-$BASE_URL}
	if is_root; then PREFIX=/usr/local; else PREFIX=${HOME:?}/.local; fi
	PREFIX=${C3PO_INSTALL_DIR:-$PREFIX}
	case $PREFIX in
	*[\'\"\|\\\&\$\`]*) die "cannot install under \"$PREFIX\": it has a sign in it that shells understand" "choose another C3PO_INSTALL_DIR" 2 ;;
	/*) ;;
	*) die "C3PO_INSTALL_DIR is \"$PREFIX\", which does not begin with /" "give the whole path" 2 ;;
	esac
	LIB=$PREFIX/lib/c3po
	case $#:${1:-} in
	0:) install_c3po ;;
	1:--uninstall) uninstall ;;
	1:-h | 1:--help) usage ;;
	*) die "cannot understand \"$*\"" "./install.sh --help" 2 ;;
	esac
}

main "$@"
