#!/bin/sh
# usage: get-deno.sh DIRECTORY
#
# Prints the path of a Deno that is new enough: the one on PATH, else the one in DIRECTORY, else the one
# that npm now fetches into DIRECTORY. No install script of any package is run.
set -eu

VERSION=2.9.6
# npm checks what it downloads against what the registry says; this holds the registry to its word as well.
SHA256_LINUX_X64=bceb5b6a6239b0b010418406d8c77a508f67cf4337d94288f1c19fe71304aab0

die() {
	printf 'c3po: error: %s\n' "$1" >&2
	printf 'c3po: hint: %s\n' "$2" >&2
	exit 1
}

# `deno bundle --keep-names` came with 2.7.
new_enough() {
	version=$("$1" --version 2>/dev/null | sed -n 's/^deno \([0-9]*\)\.\([0-9]*\).*/\1 \2/p')
	[ -n "$version" ] || return 1
	[ "${version% *}" -gt 2 ] || { [ "${version% *}" -eq 2 ] && [ "${version#* }" -ge 7 ]; }
}

fetched_into() {
	for candidate in "$1"/node_modules/@deno/*/deno; do
		new_enough "$candidate" && printf '%s\n' "$candidate" && return
	done
	return 1
}

fetch_into() {
	mkdir -p "$1"
	npm install --prefix "$1" --cache "$1/npm" --no-save --no-package-lock --ignore-scripts \
		--no-audit --no-fund --no-update-notifier "deno@$VERSION" >&2 ||
		die "npm could not fetch deno $VERSION" "npm's message above says why; any deno 2.7 or newer on PATH will do"
	rm -rf "$1/npm"
	binary=$1/node_modules/@deno/linux-x64-glibc/deno
	[ ! -e "$binary" ] || printf '%s  %s\n' "$SHA256_LINUX_X64" "$binary" | sha256sum -c --status || {
		rm -rf "$1/node_modules"
		die "the deno $VERSION that npm fetched has the wrong checksum" "it is deleted; ask where npm gets its packages"
	}
}

main() {
	[ $# -eq 1 ] || die "get-deno.sh takes one directory, got $#" "tools/get-deno.sh .cache"
	if command -v deno >/dev/null && new_enough deno; then
		command -v deno
		return
	fi
	fetched_into "$1" && return
	command -v npm >/dev/null ||
		die "deno 2.7 or newer is missing, and so is npm to fetch it" "install either, then run this again"
	fetch_into "$1"
	fetched_into "$1" ||
		die "npm has no deno for this machine ($(uname -s) $(uname -m))" "put deno 2.7 or newer on PATH"
}

main "$@"
