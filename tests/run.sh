#!/usr/bin/env bash
# usage: tests/run.sh [--again] [FILE|DIRECTORY...]
#        tests/run.sh --prepare
#
# Gets what the tests need and runs them: all, or the given test files and directories; of files and
# directories in src the examples in their comments. The last line is
# "N passed, N failed, N skipped". --prepare only gets what is needed and prints the path of deno.
# What takes longer than TEST_MINUTES (55) is ended, and has failed. With TEST_TYPES=no types are not
# checked. --again runs up to three failed tests by themselves, three times each: what then passes each
# time counts as passed, and is named as unsteady.
set -uo pipefail

caller=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
PATH=$PATH:/usr/sbin:/sbin # where a plain user's PATH does not look for iptables and sshd
export NO_COLOR=1 DENO_NO_UPDATE_CHECK=1
export DENO_JOBS=${DENO_JOBS:-5} # more than cores: kernel tests mostly wait
minutes=${TEST_MINUTES:-55}
types=() && [ "${TEST_TYPES:-}" != no ] || types=(--no-check)

# Folders whose tests need no permission, because what they test has no effects.
PURE=bans/cli/schedule

say() { printf '%s\n' "$*" >&2; }

# command:package
NEEDED="ip:iproute2 iptables:iptables ipset:ipset sshd:openssh-server ssh:openssh-client nmap:nmap
	conntrack:conntrack sysctl:procps rsync:rsync git:git curl:curl npm:npm tmux:tmux zsh:zsh
	fish:fish groff:groff-base systemd-analyze:systemd nft:nftables ufw:ufw firewalld:firewalld
	dbus-daemon:dbus-daemon script:bsdutils xmllint:libxml2-utils chromium:chromium
	redis-server:redis-server redis-cli:redis-tools openssl:openssl wg:wireguard-tools
	wireguard-go:wireguard-go rpmbuild:rpm lintian:lintian readelf:binutils shellcheck:shellcheck
	fail2ban-regex:fail2ban crowdsec:crowdsec crowdsec-custom-bouncer:crowdsec-custom-bouncer
	ansible-playbook:ansible-core setfacl:acl pivot_root:util-linux-extra"
# The release for the other kind of processor is run as well.
EMULATOR=qemu-aarch64-static
! command -v qemu-aarch64 >/dev/null || EMULATOR=qemu-aarch64 # its name in newer packages
[ "$(uname -m)" != x86_64 ] || NEEDED="$NEEDED $EMULATOR:qemu-user-static
	/usr/aarch64-linux-gnu/lib/ld-linux-aarch64.so.1:libgcc-s1-arm64-cross"

# What a c3po of this machine keeps; a test finds none of it, and can harm none of it.
PRIVATE="/etc/c3po /var/lib/c3po /run/c3po"
unset C3PO_KEY_FILE C3PO_SECRET

missing_packages() {
	for pair in $NEEDED; do
		command -v "${pair%:*}" >/dev/null || printf '%s\n' "${pair#*:}"
	done
	# Ansible's module for packages needs it, and has no program to look for.
	/usr/bin/python3 -c 'import apt' 2>/dev/null || echo python3-apt
}

install_packages() {
	say "installing: $*"
	local keep_stopped=/usr/sbin/policy-rc.d # a test machine needs the sshd program, not a running service
	if [ -e "$keep_stopped" ]; then keep_stopped=; else
		printf '#!/bin/sh\nexit 101\n' >"$keep_stopped" && chmod +x "$keep_stopped"
	fi
	# CrowdSec's package registers a machine with the central API of its makers, unless this file says something.
	local central=/etc/crowdsec/online_api_credentials.yaml
	case " $* " in
	*" crowdsec "*)
		[ -s "$central" ] || { mkdir -p "${central%/*}" && printf '# not registered\n' >"$central"; }
		;;
	esac
	export DEBIAN_FRONTEND=noninteractive
	# One repository out of order keeps nothing from being installed from the others.
	apt-get update -q >&2 || say "c3po: warning: apt-get update failed, so older lists of packages are used"
	local name known=()
	for name; do
		if apt-cache show "$name" >/dev/null 2>&1; then known+=("$name"); else
			say "c3po: warning: this system has no package \"$name\": the tests that need it will fail"
		fi
	done
	[ ${#known[@]} -eq 0 ] || apt-get install -qy --no-install-recommends "${known[@]}" >&2
	local result=$?
	[ -z "$keep_stopped" ] || rm -f "$keep_stopped"
	# Nor shall the next boot bring a service that nobody asked for.
	local service
	for service in firewalld redis-server fail2ban crowdsec crowdsec-custom-bouncer; do
		case " ${known[*]} " in *" $service "*) systemctl disable --quiet "$service" >&2 ;; esac
	done
	return $result
}

prepare() {
	local missing
	read -ra missing <<<"$(missing_packages | tr '\n' ' ')"
	if [ ${#missing[@]} -gt 0 ]; then
		if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
			install_packages "${missing[@]}" || say "c3po: error: could not install: ${missing[*]}"
		else
			say "c3po: error: the tests miss these packages (Debian's names): ${missing[*]}"
			say "c3po: hint: install them, or run tests/run.sh as root on a machine with apt-get"
		fi
	fi
	deno=$(tools/get-deno.sh "$PWD/.cache") || return 1
	"$deno" install --quiet --frozen >&2 # or the first tests would find download messages in what c3po says
}

# The tests start c3po thousands of times: in the few files of a release it is read in half the time.
bundle() {
	parts=$(mkdir -p .cache && mktemp -d -p .cache parts.XXXXXX) && chmod 755 "$parts" &&
		C3PO_MAIN=$("$deno" run -A --frozen build/bundle.ts "$PWD/$parts") && export C3PO_MAIN
}

passed=0 failed=0 skipped=0 interrupted='' again=''
unsteady=()
log=$(mktemp)
parts=
trap 'rm -rf "$log" "$parts"' EXIT
trap 'interrupted=1' INT TERM HUP

# Runs a command that finds the folders of PRIVATE empty, where they are at all.
hiding() {
	local there=() path
	[ "$(id -u)" -ne 0 ] || for path in $PRIVATE; do [ ! -d "$path" ] || there+=("$path"); done
	[ ${#there[@]} -gt 0 ] || exec "$@"
	# shellcheck disable=SC2016 # for the inner shell
	exec unshare --mount --propagation slave sh -c \
		'for path in $0; do mount -t tmpfs -o mode=700 tmpfs "$path" || exit; done; exec "$@"' "${there[*]}" "$@"
}

# count WORD RESULT: the number before WORD in deno's closing line, "ok | 12 passed (3 steps) | 0 failed |
# 3 ignored (2s)"; of a run that did not come to that, the number of tests with this result
count() {
	if grep -qE '^(ok|FAILED) \|' "$log"; then
		sed -nE "s/^(ok|FAILED) \|(.* )?([0-9]+) $1.*/\3/p" "$log" | tail -n 1 | grep . || printf '0\n'
	else
		grep -cE "^[^ ].* \.\.\. $2( |$)" "$log"
	fi
}

# run_tests FLAGS... -- PATHS...: one run of deno test, added to the totals; without PATHS nothing to do
run_tests() {
	[ "${*: -1}" != -- ] && [ -z "$interrupted" ] || return 0
	local flags=()
	while [ "$1" != -- ]; do flags+=("$1") && shift; done
	shift
	local before=$failed
	say "== deno test ${flags[*]} $*"
	# tee outlives a Ctrl-C, which is for the tests: what they say at their end is shown.
	(hiding timeout --foreground --kill-after=30s "${minutes}m" \
		"$deno" test --frozen --no-prompt "${flags[@]}" "$@" </dev/null 2>&1) | (trap '' INT && exec tee "$log")
	local results=("${PIPESTATUS[@]}")
	[ "${results[0]}" -ne 124 ] || say "c3po: error: the tests did not end within $minutes minutes"
	passed=$((passed + $(count passed ok)))
	failed=$((failed + $(count failed FAILED)))
	skipped=$((skipped + $(count ignored ignored)))
	# A run that died without counting anything is a failure too.
	[ "${results[0]}" -eq 0 ] || [ "$failed" -gt "$before" ] || failed=$((failed + 1))
	[ -z "$again" ] || try_again $((failed - before)) "${flags[@]}"
}

MOST_AGAIN=3 # more is no matter of luck

# try_again FAILED FLAGS...: those of the last run that failed, if each of them is known by its name
try_again() {
	local count=$1 each file name
	shift
	local -a found
	mapfile -t found < <(sed -nE 's/^(\.\/[^ ]+) => (.*) \.\.\. FAILED \(.*/\1\t\2/p' "$log")
	[ "$count" -gt 0 ] && [ "$count" -le $MOST_AGAIN ] && [ "${#found[@]}" -eq "$count" ] || return 0
	for each in "${found[@]}"; do
		IFS=$'\t' read -r file name <<<"$each"
		say "== again, by itself: $file => $name"
		for _ in 1 2 3; do
			(hiding timeout --foreground --kill-after=30s 6m \
				"$deno" test --frozen --no-prompt "$@" --filter "$name" "$file" </dev/null) || continue 2
		done
		failed=$((failed - 1)) passed=$((passed + 1))
		unsteady+=("$file => $name")
	done
}

main() {
	local paths=() pure=() others=() examples=() deno=
	case ${1:-} in
	--again) again=1 && shift ;;
	-h | --help) sed -n "2,/^set/{s/^# \{0,1\}//p}" tests/run.sh && return ;;
	--prepare)
		prepare && printf '%s\n' "$deno"
		return
		;;
	-*) say "c3po: error: unknown option \"$1\"" && say "c3po: hint: tests/run.sh --help" && return 2 ;;
	esac
	for path in "$@"; do
		path=$(cd "$caller" && realpath --relative-base="$OLDPWD" -e -- "$path") || return 2
		paths+=("$path")
	done
	[ $# -gt 0 ] || for path in tests/*/; do
		[ -z "$(find "$path" -name '*_test.ts')" ] || paths+=("${path%/}")
	done
	[ $# -gt 0 ] || paths+=(src)
	for path in "${paths[@]}"; do
		case $path in src | src/*) examples+=("$path") && continue ;; esac
		case /$PURE/ in */"$(cut -d/ -f2 <<<"$path")"/*) pure+=("$path") ;; *) others+=("$path") ;; esac
	done

	prepare || failed=1
	if [ -n "$deno" ]; then
		[ "$(id -u)" -eq 0 ] || say "SKIPPED: all tests on the real kernel, for they need root (sudo tests/run.sh)"
		run_tests --doc --config tests/examples.json -- "${examples[@]}"
		run_tests --parallel "${types[@]}" -- "${pure[@]}"
		[ ${#others[@]} -eq 0 ] || [ -n "${C3PO_BIN:-}" ] || bundle || failed=1
		run_tests -A --parallel "${types[@]}" -- "${others[@]}"
	fi
	[ ${#unsteady[@]} -eq 0 ] || printf 'unsteady, passed by itself: %s\n' "${unsteady[@]}"
	printf '%s passed, %s failed, %s skipped\n' "$passed" "$failed" "$skipped"
	[ -z "$interrupted" ] || { say "c3po: error: interrupted, so not all tests have run" && return 130; }
	[ "$failed" -eq 0 ]
}

main "$@"
