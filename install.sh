#!/bin/sh
# Installs c3po: a release, or what is in this checkout. See usage() below.
set -eu

# Where the releases are. The copy of this script that a release carries has its address here.
BASE_URL=

# All there may be of c3po below the prefix, the program last.
FILES="lib/systemd/system/c3po.service share/man/man1/c3po.1 share/bash-completion/completions/c3po
	share/zsh/site-functions/_c3po share/fish/vendor_completions.d/c3po.fish share/doc/c3po/LICENSE
	lib/c3po/deno lib/c3po/c3po.js lib/c3po/login.js bin/c3po"

usage() {
	cat <<'END'
usage: curl -fsSL URL/install.sh | sudo sh    a release
       sudo ./install.sh                      what is in this checkout
       sudo ./install.sh --uninstall          remove it, and say what stays

As root: server and client under /usr/local, with manual page, completions and a service that is not started;
iptables and ipset with the package manager. As any other user: the client under ~/.local. A checkout is
compiled; where that cannot be done c3po is run by Deno, which is fetched with npm if need be.

C3PO_VERSION=1.2.3      that release instead of the latest
C3PO_BASE_URL=URL       where the releases are
C3PO_INSTALL_DIR=DIR    install under DIR instead (DIR/bin/c3po and so on)
END
}

say() { printf '%s\n' "$*"; }
have() { command -v "$1" >/dev/null 2>&1; }
is_root() { [ "$(id -u)" -eq 0 ]; }
show_and_run() { say "+ $*" && "$@"; }

# die ERROR HINT [EXIT-CODE]
die() {
	printf 'c3po: error: %s\nc3po: hint: %s\n' "$1" "$2" >&2
	exit "${3:-1}"
}

need() {
	for command; do have "$command" || die "this script needs \"$command\"" "install it and run this again"; done
}

# The name of this system and machine in the names of the releases.
target() {
	here="$(uname -s) $(uname -m)"
	case $(ldd --version 2>&1 || :) in
	*musl*) die "this system has the C library musl, and Deno needs glibc" "use a distribution with glibc" ;;
	esac
	case $here in
	"Linux x86_64") say linux-x86_64 ;;
	"Linux aarch64") say linux-aarch64 ;;
	"Darwin x86_64") say macos-x86_64 ;;
	"Darwin arm64") say macos-aarch64 ;;
	*) die "there is no release for $here" "there are Linux and macOS on x86_64 and aarch64; for Windows fetch it by hand" ;;
	esac
}

# A server needs iptables and ipset; a checkout Deno, or npm to fetch it.
install_packages() {
	set --
	PATH=$PATH:/usr/sbin:/sbin # where they are, even if root's PATH does not say so
	if is_root && [ "$(uname -s)" = Linux ]; then
		have iptables || set -- iptables
		have ipset || set -- "$@" ipset
	fi
	[ -z "$CHECKOUT" ] || have deno || have npm || set -- "$@" npm
	[ $# -gt 0 ] || return 0
	say "missing: $*"
	is_root || die "npm is missing, which would fetch deno" "install npm, or deno 2.7 or newer, and run this again"
	if have apt-get; then
		show_and_run apt-get update -q
		show_and_run env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "$@"
	elif have dnf; then show_and_run dnf install -y "$@"
	elif have zypper; then show_and_run zypper --non-interactive install "$@"
	elif have pacman; then show_and_run pacman -S --needed --noconfirm "$@"
	else die "this script does not know the package manager of this system" "install $*, and run this again"
	fi
}

# Unpacks a release whose checksum is right.
download() {
	need curl grep gzip tar
	have sha256sum || need shasum
	case ${C3PO_VERSION:-latest} in
	latest) url=$BASE_URL/latest/download ;;
	*[!0-9A-Za-z.-]*) die "\"$C3PO_VERSION\" is no version" "C3PO_VERSION is something like 1.2.3" 2 ;;
	*) url=$BASE_URL/download/v${C3PO_VERSION#v} ;;
	esac
	case $url in
	https://* | http://127.0.0.1:* | http://localhost:*) ;; # https alone, but for a server on this machine itself
	*) die "\"$BASE_URL\" is no https address" "set C3PO_BASE_URL to the address of the releases" 2 ;;
	esac
	archive=c3po-$target.tar.gz
	for file in SHA256SUMS "$archive"; do
		say "fetching $url/$file"
		curl -fsSL --proto "=${url%%:*}" --tlsv1.2 --retry 2 -o "$stage/$file" "$url/$file" ||
			die "cannot fetch $url/$file" "nothing is installed; curl's message above says why"
	done
	grep -x "[0-9a-f]\{64\}  $archive" "$stage/SHA256SUMS" >"$stage/sum" ||
		die "this release has no checksum for $archive" "nothing is installed; tell whoever made the release"
	(cd "$stage" && { sha256sum -c sum || shasum -a 256 -c sum; }) >/dev/null 2>&1 ||
		die "$archive has the wrong checksum" "nothing is installed; try again, then ask who serves $url"
	tar -xzof "$stage/$archive" -C "$stage/tree" ||
		die "cannot unpack $archive" "nothing is installed; see tar's message above"
}

# Each step is one rename: whatever ends this, there is the old file or the new one.
place() {
	trap '' HUP INT TERM # what has begun is brought to its end
	for file in $FILES; do
		case $file in bin/* | lib/c3po/*) ;; *) is_root || continue ;; esac
		[ -e "$stage/tree/$file" ] || continue
		{ mkdir -p "$PREFIX/${file%/*}" && mv -f "$stage/tree/$file" "$PREFIX/$file"; } || cannot_write
	done
	[ -e "$stage/tree/lib/c3po" ] || rm -rf "$PREFIX/lib/c3po" # what Deno ran before
}
cannot_write() { die "cannot write under $PREFIX" "run this as root, or set C3PO_INSTALL_DIR"; }

install_c3po() {
	need cat mkdir mktemp mv rm sed uname
	umask 022
	target=$(target)
	stage=$(mkdir -p "$PREFIX" && mktemp -d "$PREFIX/.c3po.XXXXXX") || cannot_write # near, so that mv is one step
	trap 'rm -rf "$stage"' EXIT
	trap 'exit 1' HUP INT TERM
	mkdir "$stage/tree"
	if [ -z "$CHECKOUT" ]; then
		download
		install_packages
	else
		install_packages
		say "building c3po"
		"$CHECKOUT/tools/build-tree.sh" "$stage" || die "c3po could not be built" "nothing is installed; see the message above"
	fi
	unit=$stage/tree/lib/systemd/system/c3po.service
	[ ! -e "$unit" ] || { sed "s|/usr/local/bin/c3po|$PREFIX/bin/c3po|" "$unit" >"$stage/unit" && mv "$stage/unit" "$unit"; }
	"$stage/tree/bin/c3po" --version >/dev/null || die "the new c3po does not run" "nothing is installed; see the message above"
	place
	# Where Deno runs it, it keeps what users may not write: compiled code, if the program lives long enough,
	# as this does until ssh has answered. From the second time on users can read it.
	for _ in 1 2; do "$PREFIX/bin/c3po" ssh -V >/dev/null 2>&1 || :; done
	say "installed $("$PREFIX/bin/c3po" --version) as $PREFIX/bin/c3po"
	case :$PATH: in *":$PREFIX/bin:"*) ;; *)
		say "it is not on your PATH yet; this line makes it so: export PATH=\"$PREFIX/bin:\$PATH\"" ;;
	esac
	if is_root; then say "next: c3po key new"; else say "next: c3po key add HOST"; fi
}

uninstall() {
	need rm rmdir
	if is_root && have systemctl && systemctl is-active --quiet c3po; then
		die "c3po is running as a service" "systemctl disable --now c3po, then run this again"
	fi
	for file in $FILES; do [ ! -e "$PREFIX/$file" ] || show_and_run rm -f "$PREFIX/$file"; done
	rm -rf "$PREFIX/lib/c3po" "$PREFIX/share/doc/c3po"
	say "what stays, if it is there: keys and settings in /etc/c3po and ~/.config/c3po, bans in /var/lib/c3po, packages"
}

main() {
	need dirname id
	CHECKOUT= # stays empty where this comes through a pipe
	case $0 in *install.sh) CHECKOUT=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) ;; esac
	[ -e "$CHECKOUT/main.ts" ] || CHECKOUT=
	BASE_URL=${C3PO_BASE_URL:-$BASE_URL}
	if is_root; then PREFIX=/usr/local; else PREFIX=${HOME:?}/.local; fi
	PREFIX=${C3PO_INSTALL_DIR:-$PREFIX}
	case $PREFIX in [!/]* | *[\'\"\|\\\&\$\`]*)
		die "cannot install under \"$PREFIX\"" "C3PO_INSTALL_DIR begins with / and has no sign in it that shells understand" 2 ;;
	esac
	case $#:${1:-} in
	0:) install_c3po ;;
	1:--uninstall) uninstall ;;
	1:-h | 1:--help) usage ;;
	*) die "cannot understand \"$*\"" "./install.sh --help" 2 ;;
	esac
}

main "$@"
