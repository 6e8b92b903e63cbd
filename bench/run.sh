#!/usr/bin/env bash
# usage: sudo bench/run.sh [--quick] [QUESTION...]
#
# Measures C3PO beside its peers and writes docs/BENCHMARKS.md, its pictures, and bench/side/results/*.json.
# QUESTION is small, login, cost, change, scan, flood or bans; all of them unless given, in about fifteen
# minutes. The peers come from the machine's packages; none of them is started as a service. --quick only
# tries out whether everything works, and leaves what it measured in a temporary folder.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# What is measured are the packages of the machine, not what somebody put before them: a python that
# a shell script looks for takes a hundred milliseconds to begin.
PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH
export NO_COLOR=1 DENO_NO_UPDATE_CHECK=1

PEERS=(fwknop-server fwknop-client knockd fail2ban sshguard portsentry endlessh)
TOOLS=(oathtool python3 nftables tcpdump hping3 procps)

say() { printf '%s\n' "$*" >&2; }

install_peers() {
	local missing=() package
	for package in "${PEERS[@]}" "${TOOLS[@]}"; do
		dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q ' installed$' || missing+=("$package")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	say "installing: ${missing[*]}"
	local keep_stopped=/usr/sbin/policy-rc.d # their services must not start
	if [ -e "$keep_stopped" ]; then keep_stopped=; else
		printf '#!/bin/sh\nexit 101\n' >"$keep_stopped" && chmod +x "$keep_stopped"
	fi
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -q >&2
	# One by one: a peer that this system does not have is reported, and the others are measured.
	for package in "${missing[@]}"; do
		apt-get install -qy --no-install-recommends "$package" >&2 || say "cannot install $package"
	done
	[ -z "$keep_stopped" ] || rm -f "$keep_stopped"
}

main() {
	[ "$(id -u)" -eq 0 ] || { say "c3po: error: bench/run.sh needs root"; exit 2; }
	local deno prefix
	deno=$(tests/run.sh --prepare)
	install_peers
	prefix=$(mktemp -d)
	# shellcheck disable=SC2064 # the folder of now
	trap "rm -rf '$prefix'" EXIT
	C3PO_INSTALL_DIR=$prefix ./install.sh >&2
	export C3PO_BIN=$prefix/bin/c3po C3PO_COMPILED=
	if DENO=$deno .ci/compile >&2; then
		cp dist/c3po "$prefix/compiled" && C3PO_COMPILED=$prefix/compiled
	else say "c3po is not compiled here, so only the installed one is measured"; fi
	if [ "${1:-}" = --quick ]; then
		local results
		results=$(mktemp -d)
		cp bench/side/results/*.json "$results" # for questions that are not asked
		"$deno" run --frozen -A bench/side/main.ts --out="$results" "$@"
		"$deno" run --frozen -A bench/side/report.ts "$results" "$results/BENCHMARKS.md"
		say "see $results"
		return
	fi
	"$deno" run --frozen -A bench/side/main.ts "$@" || say "some of it failed: the document keeps what was measured before"
	"$deno" run --frozen -A bench/side/report.ts
	"$deno" fmt --quiet docs/BENCHMARKS.md bench/side/results
	(cd bench/draw && "$deno" run --frozen --allow-env=NODE_ENV --allow-read=.. \
		--allow-write=../../docs/pictures side.ts)
}

main "$@"
