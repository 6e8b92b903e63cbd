#!/bin/sh
# Installs c3po: a release, or what is in this checkout. See usage() below.
set -eu

# Where the releases are. The copy of this script that a release carries has its address here.
BASE_URL=

# The public key that its checksums are signed with, without a comment. A release's copy has that here too.
SIGNER=

# All there may be of c3po below the prefix, the program last.
FILES="lib/systemd/system/c3po.service lib/systemd/system/c3po-sets.service
	lib/systemd/system/c3po-share.service
	share/man/man1/c3po.1 share/man/man5/c3po-server.toml.5
	share/bash-completion/completions/c3po share/zsh/site-functions/_c3po
	share/fish/vendor_completions.d/c3po.fish share/doc/c3po/LICENSE share/doc/c3po/server.toml.example
	lib/c3po/deno lib/c3po/c3po.js lib/c3po/login.js bin/c3po"

usage() {
	cat <<'END'
usage: curl -fsSL URL/install.sh | sudo sh    a release
       sudo ./install.sh                      what is in this checkout
       sudo ./install.sh --uninstall          remove it, and say what stays

As root: server and client under /usr/local, with manual, completions, an example of settings and a service that
is not started; with the package manager nftables, unless iptables and ipset or nft are there, and iproute2. As
any other user: the client under ~/.local. What is in a checkout is run by Deno, which is fetched with npm if need
be; it is compiled where the runtime for that is known by its checksum, or is given in DENO_DIR.

C3PO_VERSION=1.2.3      that release instead of the latest
C3PO_BASE_URL=URL       where the releases are; a release is installed even in a checkout
C3PO_INSTALL_DIR=DIR    install under DIR instead (DIR/bin/c3po and so on); as root only where no other user may write
DENO_DIR=DIR            compile a checkout without network, with the runtime of Deno X.Y.Z that lies in
                        DIR/dl/release/vX.Y.Z/denort-TARGET.zip
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

# nft before 1.0.2 does not take the rules of c3po: there it has to be iptables.
nft_is_old() {
	case $(nft --version 2>/dev/null || :) in "nftables v0."* | "nftables v1.0."[01]" "*) return 0 ;; esac
	return 1
}

# A server needs iptables, ipset and the stdbuf that BusyBox lacks, or nft alone, and iproute2; a checkout Deno, or
# npm to fetch it.
install_packages() {
	set --
	PATH=$PATH:/usr/sbin:/sbin # where they are, even if root's PATH does not say so
	if is_root && [ "$(uname -s)" = Linux ]; then
		if have iptables && have ipset && have stdbuf; then :
		elif ! have nft; then set -- nftables
		elif nft_is_old; then
			set -- iptables ipset
			have stdbuf || set -- "$@" coreutils
		fi
		iproute=iproute2
		have apt-get || ! have dnf || iproute=iproute
		{ have ip && have ss; } || set -- "$@" "$iproute"
	fi
	[ -z "$CHECKOUT" ] || have deno || have npm || set -- "$@" npm
	[ $# -gt 0 ] || return 0
	say "missing: $*"
	is_root || die "npm is missing, which would fetch deno" "install npm, or deno 2.7 or newer, and run this again"
	install_now "$@"
	case " $* " in *" nftables "*) ! nft_is_old || install_now iptables ipset ;; esac
}

install_now() {
	if have apt-get; then
		# One repository out of order keeps nothing from being installed from the others.
		show_and_run apt-get update -q || say "apt-get update failed, so older lists of packages are used"
		show_and_run env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "$@"
	elif have dnf; then show_and_run dnf install -y "$@"
	elif have zypper; then show_and_run zypper --non-interactive install "$@"
	elif have pacman; then show_and_run pacman -S --needed --noconfirm "$@"
	else die "this script does not know the package manager of this system" "install $*, and run this again"
	fi || die "could not install: $*" "the lines above say why; install them, and run this again"
}

# https alone, but for a server on this machine itself; and no signs that could hide which host it is.
is_secure() {
	case $1 in *[!0-9A-Za-z.:/_~%+-]*) return 1 ;; esac
	printf '%s\n' "$1" | grep -Eq \
		'^(https://[0-9A-Za-z][0-9A-Za-z.-]*|http://(127\.0\.0\.1|localhost))(:[0-9]{1,5})?(/[^:]*)?$'
}

# What the checksums are worth is what their signature says: whoever can change an archive can change them as well.
verify_sums() {
	unchecked="the signature of the release is not checked, only checksums:"
	[ -n "$SIGNER" ] || { say "$unchecked this install.sh has no key" && return; }
	case $(ssh-keygen -Y 2>&1 </dev/null || :) in
	*"requires an argument"*) ;;
	*) say "$unchecked there is no ssh-keygen of OpenSSH 8.1 or newer" && return ;;
	esac
	fetch SHA256SUMS.sig
	printf 'c3po namespaces="c3po-release" %s\n' "$SIGNER" >"$stage/signers"
	ssh-keygen -Y verify -f "$stage/signers" -I c3po -n c3po-release -s "$stage/SHA256SUMS.sig" \
		<"$stage/SHA256SUMS" >/dev/null 2>&1 ||
		die "SHA256SUMS has not been signed with the key of the releases" \
			"nothing is installed; tell the project, and do not use what $url serves"
}

# fetch FILE: of the release, into the stage
fetch() {
	say "fetching $url/$1"
	curl -fsSL --proto "=${url%%:*}" --proto-redir =https --tlsv1.2 --retry 2 -o "$stage/$1" "$url/$1" ||
		die "cannot fetch $url/$1" "nothing is installed; curl's message above says why"
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
	is_secure "$BASE_URL" ||
		die "\"$BASE_URL\" is no https address" "set C3PO_BASE_URL to the address of the releases" 2
	archive=c3po-$target.tar.gz
	fetch SHA256SUMS
	verify_sums
	fetch "$archive"
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
	need cat find grep head ls mkdir mktemp mv rm sed uname
	umask 022
	find_checkout
	[ -n "$CHECKOUT$BASE_URL" ] || die "there is no checkout around \"$0\", and no address of releases is known" \
		"run install.sh in a checkout, or set C3PO_BASE_URL to the address of the releases" 2
	target=$(target)
	mkdir -p "$PREFIX" || cannot_write
	prefix_must_be_ours # somebody may have made it just now
	stage=$(mktemp -d "$PREFIX/.c3po.XXXXXX") || cannot_write # near, so that mv is one step
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
	for unit in c3po c3po-sets c3po-share; do
		unit=$stage/tree/lib/systemd/system/$unit.service
		[ ! -e "$unit" ] || name_program "$unit"
	done
	version=$("$stage/tree/bin/c3po" --version) || die "the new c3po does not run" "nothing is installed; see the message above"
	must_be_asked_for "${version#c3po }"
	place
	# Where Deno runs it, it keeps what users may not write: compiled code, if the program lives long enough,
	# as these do until another program has answered. From the second time on users can read it. A first serve
	# that had to compile would hold twice the memory until it ends.
	for _ in 1 2; do "$PREFIX/bin/c3po" ssh -V >/dev/null 2>&1 || :; done
	"$PREFIX/bin/c3po" check </dev/null >/dev/null 2>&1 || :
	say "installed $("$PREFIX/bin/c3po" --version) as $PREFIX/bin/c3po"
	case :$PATH: in *":$PREFIX/bin:"*) ;; *)
		say "it is not on your PATH yet; this line makes it so: export PATH=\"$PREFIX/bin:\$PATH\"" ;;
	esac
	if is_root && [ -e "$PREFIX/lib/systemd/system/c3po.service" ] && [ "$PREFIX" != /usr/local ]; then
		say "systemd does not look there by itself; for the service: systemctl link $(word "$PREFIX/lib/systemd/system/c3po.service")"
	fi
	next="key add HOST"
	if is_root && [ "$(uname -s)" = Linux ]; then next=setup; fi
	say "next: c3po $next"
}

# must_be_asked_for VERSION: a signature holds for any file name, so an old release could stand in for a new one.
must_be_asked_for() {
	[ -z "$CHECKOUT" ] || return 0
	case ${C3PO_VERSION:-latest} in
	latest | "$1" | "v$1") ;;
	*) die "the release $C3PO_VERSION has the program of $1" "nothing is installed; ask who serves $url" ;;
	esac
}

# A path as one word, for a shell as for systemd.
word() {
	case $1 in *[!0-9A-Za-z/._+-]*) printf '"%s"' "$1" ;; *) printf '%s' "$1" ;; esac
}

# Names the program in the unit file by where it will lie.
name_program() {
	program=$(word "$(printf '%s' "$PREFIX/bin/c3po" | sed 's/%/%%/g')")
	sed "s|/usr/local/bin/c3po|$program|" "$1" >"$stage/unit" && mv "$stage/unit" "$1"
}

# Nobody could take the rules of a server away whose program is gone.
refuse_if_serving() {
	is_root || return 0
	if [ -d /run/systemd/system ] && systemctl is-active --quiet c3po; then
		die "c3po is running as a service" "systemctl disable --now c3po, then run this again"
	fi
	# shellcheck disable=SC2013 # no such path has a space
	for process in $(grep -lsw serve /proc/[0-9]*/cmdline); do
		process=${process%/cmdline}
		# Compiled, or run by Deno.
		[ "$(readlink "$process/exe")" = "$PREFIX/bin/c3po" ] ||
			grep -qsF "$PREFIX/bin/../lib/c3po/c3po.js" "$process/cmdline" || continue
		die "c3po serve is running, process ${process#/proc/}" "stop it (kill ${process#/proc/}), then run this again"
	done
}

# What a stop has left closed would stay so: nothing else could open it.
undo_rules() {
	{ is_root && [ -x "$PREFIX/bin/c3po" ]; } || return 0
	{ nft list tables; iptables-save; ip6tables-save; } 2>/dev/null | grep -q 'inet c3po$\|C3PO-' || return 0
	show_and_run "$PREFIX/bin/c3po" serve --undo ||
		die "what c3po left in the kernel could not be removed" "see the message above; nothing is uninstalled"
}

uninstall() {
	need grep rm rmdir sed
	refuse_if_serving
	undo_rules
	for file in $FILES; do [ ! -e "$PREFIX/$file" ] || show_and_run rm -f "$PREFIX/$file"; done
	rm -rf "$PREFIX/lib/c3po" "$PREFIX/share/doc/c3po"
	for file in $FILES; do remove_empty "${file%/*}"; done
	[ -z "${C3PO_INSTALL_DIR:-}" ] || rmdir "$PREFIX" 2>/dev/null || :
	say "what stays, if it is there: keys and settings in /etc/c3po and ~/.config/c3po, bans in /var/lib/c3po, packages"
}

# remove_empty FOLDER: it and those above it, below the prefix; but of those that every system has, none.
remove_empty() {
	folder=$1
	while :; do
		case ${C3PO_INSTALL_DIR:-}:$folder in :bin | :lib | :share | :share/man) return ;; esac
		rmdir "$PREFIX/$folder" 2>/dev/null || [ ! -e "$PREFIX/$folder" ] || return 0
		case $folder in */*) folder=${folder%/*} ;; *) return 0 ;; esac
	done
}

# not_ours [SCRIPT]: sets what find looks for: what another user can change. We are root, the owner of this script
# and who runs it, and the groups in which each of those is alone.
not_ours() {
	# shellcheck disable=SC2046,SC2012 # the fields of ls are wanted, and what it says of a name is not used
	[ $# -eq 0 ] || set -- $(ls -ldn -- "$1")
	users='' groups='' ours=' '
	for user in 0 "${3:-0}" "$(id -u)" "${SUDO_UID:-0}"; do
		case $user in *[!0-9]*) continue ;; esac
		users="$users ! -user $user" ours="$ours$user "
	done
	for user in $ours; do
		[ "$(id -un "$user" 2>/dev/null)" = "$(id -gn "$user" 2>/dev/null)" ] || continue
		! only_ours "$(id -g "$user" 2>/dev/null)" || groups="$groups ! -group $(id -g "$user")"
	done
	NOT_OURS="( $users ) -o ! -type l ( -perm -002 -o -perm -020 $groups )"
	# Other programs may be at work in these folders, and what has gone when find looks at it has no owner, so that it is
	# none of ours: only what is still there has links. No word about it either, where find knows how.
	THERE='( -links 0 -o -links +0 )'
	RACE=-ignore_readdir_race
	find / -prune $RACE >/dev/null 2>&1 || RACE=
}

# only_ours GROUP: whether nobody else is in it, be it a group of their own to them or one more. Where that cannot be
# told, as on macOS, somebody may be.
only_ours() {
	passwd=$(getent passwd 2>/dev/null) && group=$(getent group "$1" && getent group) || return 1
	for member in $(printf '%s\n' "$group" | sed -n "/^[^:]*:[^:]*:$1:/{s/.*://;s/,/ /g;p;}") \
		$(printf '%s\n' "$passwd" | sed -n "s/^\([^:]*\):[^:]*:[^:]*:$1:.*/\1/p"); do
		case $ours in *" $(id -u "$member" 2>/dev/null || echo none) "*) ;; *) return 1 ;; esac
	done
}

# changeable FOLDER: prints something in there, or the folder above it, that another user can change. Where everybody may
# make files but not take those of others away, as in /tmp, what is below can be ours all the same.
changeable() {
	# shellcheck disable=SC2086 # words of find
	inside=$(cd "$1" && find . $RACE \( -path ./.git -o -path ./.cache -o -path ./dist \) -prune -o \( $NOT_OURS \) \
		$THERE -print | head -n 1)
	[ -n "$inside" ] || inside=$(cd "$1" && find . \( -path ./.git -o -path ./.cache -o -path ./dist \) -prune -o \
		! -type l -perm -020 -exec ls -ldn {} + | granted)
	[ -z "$inside" ] || { printf '%s\n' "$1${inside#.}" && return; }
	changeable_above "$1"
}

# granted: prints one of the files that ls lists whose access control list may let others in, and says so with a +. What
# such a list grants shows as a right of the group, whose own right may be less.
granted() { sed -n 's/^[^ ]*+ *\([^ ]* *\)\{7\}//p' | head -n 1; }

# cache_changeable FOLDER: the same for a DENO_DIR. What Deno unpacks has the modes that its makers gave it, so that those
# count only where another user comes as far.
cache_changeable() {
	is_private "$1" || { changeable "$1" && return; }
	# shellcheck disable=SC2086 # words of find
	{ find "$1" $RACE \( $users \) $THERE -print && changeable_above "$1"; } | head -n 1
}

# is_private FOLDER: whether it, or one above it, is open to us alone
is_private() {
	folder=$1
	while [ "$folder" != / ]; do
		# shellcheck disable=SC2086 # words of find
		[ -z "$(find "$folder" -prune ! -perm -001 ! \( -perm -010 $groups \) -print)" ] || return 0
		folder=${folder%/*}
		folder=${folder:-/}
	done
	return 1
}

changeable_above() {
	above=$1
	while [ "$above" != / ]; do
		above=${above%/*}
		above=${above:-/}
		# shellcheck disable=SC2086 # words of find
		find "$above" -prune \( $NOT_OURS \) ! \( -perm -1000 -user 0 \) -print
		find "$above" -prune -perm -020 ! -perm -1000 -exec ls -ldn {} + | granted
	done | head -n 1
}

# must_be_ours FOLDER WHAT: ends this unless what lies in there can only be changed by ourselves.
must_be_ours() {
	case $2 in DENO_DIR) found=$(cache_changeable "$1") ;; *) found=$(changeable "$1") ;; esac
	[ -z "$found" ] || die "\"$found\" can be changed by other users, so \"$1\" is no $2 to install from" \
		"put it where only you may write, or take that right from them (ls -ld \"$found\")"
}

# prefix_must_be_ours: ends this as root unless a C3PO_INSTALL_DIR, what of c3po there is in it, and all above it can
# only be changed by ourselves: or somebody else could put what the service and root run in there. A link is followed
# once, here, so that it leads nowhere else later.
prefix_must_be_ours() {
	{ is_root && [ -n "${C3PO_INSTALL_DIR:-}" ]; } || return 0
	need find head ls sed
	there=$PREFIX
	while [ ! -d "$there" ]; do there=${there%/*} && there=${there:-/}; done
	rest=${PREFIX#"$there"}
	there=$(CDPATH='' cd -- "$there" && pwd -P)
	PREFIX=$there$rest
	must_be_plain
	not_ours
	set -- "$PREFIX"
	for file in $FILES; do
		while set -- "$@" "$PREFIX/$file"; do
			case $file in */*) file=${file%/*} ;; *) break ;; esac
		done
	done
	# shellcheck disable=SC2086 # words of find, which has nothing to say of what is not there
	found=$({
		changeable_above "$there/c3po"
		find "$@" -prune \( $NOT_OURS \) -print || :
		find "$@" -prune ! -type l -perm -020 -exec ls -ldn {} + | granted
		# What is run from there, and what Deno keeps of it.
		find "$PREFIX/lib/c3po" \( $NOT_OURS \) $THERE -print || :
		# A link to a folder leads out of what was looked at.
		find "$@" -prune -type l -exec test -d {} \; -print || :
	} 2>/dev/null | head -n 1)
	[ -n "$found" ] || return 0
	what="can be changed by other users"
	[ ! -L "$found" ] || what="is a link"
	die "\"$found\" $what, so \"$PREFIX\" is no place for root to install to" \
		"set C3PO_INSTALL_DIR to another one, or take that right from them (ls -ld \"$found\")"
}

# Sets CHECKOUT to the folder of this script, if that is one. A release's copy is never in one: whoever may write to
# the folder it was saved to would have his files run.
find_checkout() {
	CHECKOUT='' script=$0
	case $0 in *install.sh) ;; *) return 0 ;; esac # this comes through a pipe
	[ -z "$BASE_URL" ] || return 0
	[ ! -L "$script" ] || script=$(readlink -f -- "$script")
	CHECKOUT=$(CDPATH='' cd -- "$(dirname -- "$script")" && pwd -P)
	[ -e "$CHECKOUT/main.ts" ] || CHECKOUT=
	[ -n "$CHECKOUT" ] || return 0
	not_ours "$script"
	must_be_ours "$CHECKOUT" checkout
	[ -z "${DENO_DIR:-}" ] || { mkdir -p "$DENO_DIR" && must_be_ours "$(cd "$DENO_DIR" && pwd -P)" DENO_DIR; }
}

# What is in the launcher and in the unit is read by shells and by systemd.
must_be_plain() {
	case $PREFIX in [!/]* | *[\'\"\|\\\&\$\`]* | *[[:cntrl:]]*)
		die "cannot install under \"$PREFIX\"" "C3PO_INSTALL_DIR begins with / and has no sign in it that shells understand" 2 ;;
	esac
}

main() {
	need dirname id
	BASE_URL=${C3PO_BASE_URL:-$BASE_URL}
	if is_root; then PREFIX=/usr/local; else PREFIX=${HOME:+$HOME/.local}; fi
	PREFIX=${C3PO_INSTALL_DIR:-$PREFIX}
	[ -n "$PREFIX" ] || die "HOME is not set, so there is no place to install to" "set HOME or C3PO_INSTALL_DIR" 2
	must_be_plain
	case $#:${1:-} in
	0:)
		prefix_must_be_ours
		install_c3po
		;;
	1:--uninstall)
		prefix_must_be_ours
		uninstall
		;;
	1:-h | 1:--help) usage ;;
	*) die "cannot understand \"$*\"" "./install.sh --help" 2 ;;
	esac
}

main "$@"
