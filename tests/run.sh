#!/usr/bin/env bash
# usage: tests/run.sh [FILE|DIRECTORY...]
#        tests/run.sh --prepare
#
# Gets what the tests need and runs them: all, or the given test files and directories. The last line is
# "N passed, N failed, N skipped". --prepare only gets what is needed and prints the path of deno.
# What takes longer than TEST_MINUTES (20) is ended, and has failed.
set -uo pipefail

caller=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
PATH=$PATH:/usr/sbin:/sbin # where a plain user's PATH does not look for iptables and sshd
export NO_COLOR=1 DENO_NO_UPDATE_CHECK=1
export DENO_JOBS=${DENO_JOBS:-6} # more than cores: kernel tests mostly wait
minutes=${TEST_MINUTES:-20}

say() { printf '%s\n' "$*" >&2; }

# command:package
NEEDED="ip:iproute2 iptables:iptables ipset:ipset sshd:openssh-server ssh:openssh-client nmap:nmap
	conntrack:conntrack sysctl:procps rsync:rsync git:git curl:curl npm:npm tmux:tmux zsh:zsh
	fish:fish groff:groff-base systemd-analyze:systemd nft:nftables ufw:ufw firewalld:firewalld
	dbus-daemon:dbus-daemon script:bsdutils xmllint:libxml2-utils"

missing_packages() {
	for pair in $NEEDED; do
		command -v "${pair%:*}" >/dev/null || printf '%s\n' "${pair#*:}"
	done
}

install_packages() {
	say "installing: $*"
	local keep_stopped=/usr/sbin/policy-rc.d # a test machine needs the sshd program, not a running service
	if [ -e "$keep_stopped" ]; then keep_stopped=; else
		printf '#!/bin/sh\nexit 101\n' >"$keep_stopped" && chmod +x "$keep_stopped"
	fi
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -q >&2 && apt-get install -qy --no-install-recommends "$@" >&2
	local result=$?
	[ -z "$keep_stopped" ] || rm -f "$keep_stopped"
	# Nor shall the next boot bring a firewall that nobody asked for.
	case " $* " in *" firewalld "*) systemctl disable --quiet firewalld >&2 ;; esac
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

passed=0 failed=0 skipped=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

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
	[ "${*: -1}" != -- ] || return 0
	local flags=()
	while [ "$1" != -- ]; do flags+=("$1") && shift; done
	shift
	local before=$failed
	say "== deno test ${flags[*]} $*"
	timeout --foreground --kill-after=30s "${minutes}m" \
		"$deno" test --frozen --no-prompt "${flags[@]}" "$@" </dev/null 2>&1 | tee "$log"
	local results=("${PIPESTATUS[@]}")
	[ "${results[0]}" -ne 124 ] || say "c3po: error: the tests did not end within $minutes minutes"
	passed=$((passed + $(count passed ok)))
	failed=$((failed + $(count failed FAILED)))
	skipped=$((skipped + $(count ignored ignored)))
	# A run that died without counting anything is a failure too.
	[ "${results[0]}" -eq 0 ] || [ "$failed" -gt "$before" ] || failed=$((failed + 1))
}

main() {
	local paths=() pure=() others=() deno=
	case ${1:-} in
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
	for path in "${paths[@]}"; do
		case $path in tests/core | tests/core/*) pure+=("$path") ;; *) others+=("$path") ;; esac
	done

	prepare || failed=1
	if [ -n "$deno" ]; then
		[ "$(id -u)" -eq 0 ] || say "SKIPPED: all tests on the real kernel, for they need root (sudo tests/run.sh)"
		run_tests --parallel -- "${pure[@]}" # src/core has no effects, so its tests get no permission
		run_tests -A --parallel -- "${others[@]}"
	fi
	printf '%s passed, %s failed, %s skipped\n' "$passed" "$failed" "$skipped"
	[ "$failed" -eq 0 ]
}

main "$@"
