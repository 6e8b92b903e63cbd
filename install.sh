#!/bin/sh
# Installs c3po from this checkout. See usage() below.
set -eu

usage() {
	cat <<'EOF'
usage: [sudo] ./install.sh [--uninstall]

As root: gets iptables and ipset with the machine's package manager where they are missing, and puts c3po
under /usr/local. As any other user: the client only, under ~/.local. Deno 2.4 or newer is used where it is
installed and fetched with npm where it is not. Running it again brings c3po up to date.

  --uninstall             remove what this script installed, and say what stays
  -h, --help              print this text

C3PO_INSTALL_DIR=DIR      install under DIR instead (DIR/bin/c3po and DIR/lib/c3po)
EOF
}

# What c3po may do on this machine. It runs iptables, ipset and ssh, reads keys and listens on the ports.
PERMISSIONS=--allow-all

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
	have deno || have npm || say npm
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

# launcher DENO SCRIPT: the text of the command `c3po`
launcher() {
	cat <<EOF
#!/bin/sh
export DENO_NO_UPDATE_CHECK=1
exec '$1' run --no-prompt --no-config --no-lock --no-remote --no-npm $PERMISSIONS '$2' "\$@"
EOF
}

install_c3po() {
	need_cmd cat chmod cp find mkdir mktemp mv rm rmdir sed uname
	umask 022
	install_packages
	mkdir -p "$PREFIX/bin" "$LIB" ||
		die "cannot write under $PREFIX" "run this as root, or set C3PO_INSTALL_DIR"
	stage=$(mktemp -d "$LIB/.stage.XXXXXX") # beside the target, so that mv is one step
	trap 'rm -rf "$stage"; rmdir "$LIB" 2>/dev/null || :' EXIT
	trap 'exit 1' HUP INT TERM

	deno=$("$CHECKOUT/tools/get-deno.sh" "$stage/fetched")
	runtime=$deno
	if must_be_copied "$deno"; then
		cp "$deno" "$stage/deno"
		chmod 755 "$stage/deno"
		runtime=$LIB/deno
	fi

	say "building c3po"
	export DENO_DIR="${DENO_DIR:-$stage/cache}" # sudo may keep HOME: nothing of root's may end up there
	(cd "$CHECKOUT" && NO_COLOR=1 DENO_NO_UPDATE_CHECK=1 \
		"$deno" bundle --quiet --frozen --platform browser --output "$stage/c3po.js" main.ts) ||
		die "deno could not build c3po" "nothing is installed; see deno's message above"
	launcher "$deno" "$stage/c3po.js" >"$stage/try"
	version=$(sh "$stage/try" --version) || die "what was built does not run" "nothing is installed; see the message above"
	launcher "$runtime" "$LIB/c3po.js" >"$stage/c3po"
	chmod 755 "$stage/c3po"

	[ ! -e "$stage/deno" ] || mv -f "$stage/deno" "$LIB/deno"
	mv -f "$stage/c3po.js" "$LIB/c3po.js"
	mv -f "$stage/c3po" "$PREFIX/bin/c3po"
	[ "$runtime" = "$LIB/deno" ] || rm -f "$LIB/deno" # an earlier installation's
	say "installed $version as $PREFIX/bin/c3po"
	say_next
}

# A fetched Deno is kept. One that another user could replace is not run by root.
must_be_copied() {
	case $1 in "$stage"/*) return 0 ;; esac
	is_root && [ -z "$(find -H "$1" -user root)" ]
}

say_next() {
	case :$PATH: in
	*":$PREFIX/bin:"*) ;;
	*) say "it is not on your PATH yet; this line makes it so: export PATH=\"$PREFIX/bin:\$PATH\"" ;;
	esac
	if is_root; then say "next: c3po key new"; else say "next: c3po key add HOST"; fi
}

uninstall() {
	need_cmd rm rmdir
	for file in "$PREFIX/bin/c3po" "$LIB/c3po.js" "$LIB/deno"; do
		[ ! -e "$file" ] || show_and_run rm -f "$file"
	done
	rmdir "$LIB" 2>/dev/null || :
	say "what stays, if it is there: keys and settings in /etc/c3po and ~/.config/c3po, bans in /var/lib/c3po, packages"
}

main() {
	need_cmd dirname id
	CHECKOUT=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
	if is_root; then PREFIX=/usr/local; else PREFIX=${HOME:?}/.local; fi
	PREFIX=${C3PO_INSTALL_DIR:-$PREFIX}
	case $PREFIX in
	*\'*) die "cannot install under \"$PREFIX\": it has a quote in it" "choose another C3PO_INSTALL_DIR" 2 ;;
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
